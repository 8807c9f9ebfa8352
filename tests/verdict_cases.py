"""Systems of which a verdict once said what was false, weak or contradicted elsewhere.

`cases` yields (name, kind, function of arrays, states, duration, what is true). Fields and steps
take `xp` (numpy or jax.numpy) and give a function of an array of states (…, unit). The time unit is
1.
"""

import numpy as np


def rng(k):
    return np.random.default_rng([k, 2024])


def stack(xp, *a):
    return xp.stack(xp.broadcast_arrays(*a), -1)


def mixed(base, states, units, seed):
    """The system in the first coordinates of `units`, the others decaying at rate 6; mixed."""
    d, r = states.shape[1], np.random.default_rng([units, seed])
    A = (
        np.linalg.qr(r.normal(size=(units, units)))[0]
        * np.exp(r.uniform(-0.4, 0.5, units))
        @ np.linalg.qr(r.normal(size=(units, units)))[0]
    )
    B = np.linalg.inv(A)

    def field(xp):
        f = base(xp)
        return lambda x: (
            xp.concatenate([f((x @ B.T)[..., :d]), -6.0 * (x @ B.T)[..., d:]], -1) @ A.T
        )

    return field, np.concatenate([states, 0.3 * r.normal(size=(len(states), units - d))], 1) @ A.T


def chain(k, c):
    M = -np.eye(k) + c * np.eye(k, k=1)
    return lambda xp: lambda x: x @ M.T


def spiral(xp):  # elliptic: its speed rises and falls by a factor of 8
    return lambda z: stack(
        xp, 0.1 * z[..., 0] - 14 / 8 * z[..., 1], 14 * 8 * z[..., 0] + 0.1 * z[..., 1]
    )


def sphere(xp):
    return lambda x: 6 * x * (1 - xp.sum(x**2, -1, keepdims=True))


def two_lines(xp):
    return lambda x: stack(xp, 0 * x[..., 0], 3 * (x[..., 1] - x[..., 1] ** 3))


def two_rings(xp):
    def f(x):
        r = xp.sqrt(x[..., 0] ** 2 + x[..., 1] ** 2)
        g = -6 * (r - 1) * (r - 2) * (r - 3) / r
        return stack(xp, g * x[..., 0], g * x[..., 1])

    return f


def van_der_pol(mu):
    return lambda xp: (
        lambda x: stack(xp, mu * (x[..., 0] - x[..., 0] ** 3 / 3 - x[..., 1]), x[..., 0] / mu)
    )


def lattice(xp):
    def f(x):
        y = 3.9 * x * (1 - x)
        return 0.85 * y + 0.075 * (xp.roll(y, 1, -1) + xp.roll(y, -1, -1))

    return f


def tanh_rates(W):
    return lambda xp: lambda x: -x + xp.tanh(x) @ W.T


def saddle(xp):
    return lambda x: stack(xp, x[..., 0] * (1 - x[..., 0] / 10), -3 * x[..., 1])


def cases():
    yield (
        "growing elliptic spiral",
        "flow",
        spiral,
        rng(1).normal(size=(60, 2)) * np.array([1.0, 8.0]),
        1.0,
        "moves away from its unstable point, round it; no ghost: it is linear",
    )
    yield (
        "chain of 5",
        "flow",
        chain(5, 10.0),
        rng(182).normal(size=(60, 5)),
        6.0,
        "transient growth, then one stable point; no ghost: it is linear",
    )
    f, y = mixed(sphere, rng(263).normal(size=(120, 3)), 4, 263)
    yield (
        "sphere",
        "flow",
        f,
        y,
        10.0,
        'a surface (said here; "still" under another mixing: say the same under any)',
    )
    f, y = mixed(
        two_lines,
        np.column_stack([rng(270).uniform(-2, 2, 100), rng(271).uniform(-1.5, 1.5, 100)]),
        3,
        270,
    )
    yield (
        "two lines",
        "flow",
        f,
        y,
        15.0,
        'two line attractors (said here; "still" under another mixing)',
    )
    t, r = (
        rng(272).uniform(0, 2 * np.pi, 120),
        np.where(np.arange(120) % 2, 0.9, 3.2) + rng(273).uniform(-0.2, 0.2, 120),
    )
    yield (
        "two rings",
        "flow",
        two_rings,
        np.column_stack([r * np.cos(t), r * np.sin(t)]),
        10.0,
        "two ring attractors",
    )
    for mu, T in ((50.0, 250.0), (200.0, 800.0)):
        yield (
            f"van der Pol {mu:g}",
            "flow",
            van_der_pol(mu),
            rng(242).uniform(-2, 2, (30, 2)) * np.array([1.0, 0.6]),
            T,
            "one cycle; its period by integration",
        )
    yield (
        "lattice of 12 logistic maps",
        "map",
        lattice,
        rng(113).uniform(0.1, 0.9, (50, 12)),
        100.0,
        "cycles of 2 or 4 steps, as a loop of 10^5 steps shows",
    )
    yield (
        "random rates, g = 3",
        "flow",
        tanh_rates(np.random.default_rng([6, 3]).normal(size=(100, 100)) * 3 / 10),
        rng(334).normal(size=(24, 100)),
        30.0,
        "check by a loop where states end, and say that first",
    )
    yield (
        "on a saddle's stable set",
        "flow",
        saddle,
        np.column_stack([np.zeros(60), rng(393).uniform(-2, 2, 60)]),
        20.0,
        "at the saddle for ever (the axis is invariant in floating point, too)",
    )
    f, y = mixed(saddle, np.column_stack([np.zeros(60), rng(393).uniform(-2, 2, 60)]), 2, 391)
    yield (
        "on a saddle's stable set, mixed",
        "flow",
        f,
        y,
        20.0,
        "at the saddle until rounding decides: said so",
    )
    yield (
        "x -> tanh(1.0002 x)",
        "map",
        lambda xp: lambda x: xp.tanh(1.0002 * x),
        np.linspace(-1, 1, 60)[:, None],
        100.0,
        "half each at two stable points: `basins` says so, `verdict` says not known",
    )
