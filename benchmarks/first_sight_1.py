"""Twenty classes of systems whose verdict is known by construction or in closed form.

Each class is a function of a seed that returns a dict: `system`, `states`, `duration`, `axis`, the
`words` that are right for `held`, the shares of `ends` ({what: (low, high)} or None), the `period`
(or None). `rhs` is the step or the field in NumPy, `unit` is dt or tau.
"""

import math

import jax.numpy as jnp
import numpy as np

import separatrix as sx


def case(
    kind, rhs, states, duration, words, *, unit=1.0, ends=None, period=None, axis=None, **more
):
    """Return a class's answer; `rhs(xp, x)` works on arrays (…, unit) of either library."""
    size = states.shape[1]
    make = sx.Flow if kind == "flow" else sx.DiscreteMap
    answer = {
        "words": set(words),
        "ends": ends,
        "period": period,
        "kind": kind,
        "unit": unit,
        **more,
    }
    system = make(lambda x: rhs(jnp, x), size, unit)
    run = {"system": system, "states": states, "duration": float(duration), "axis": axis}
    return {**run, **answer, "rhs": lambda x: rhs(np, x)}


def hidden(rng, latent, low, size, rate):
    """Put a latent field of `low` variables into `size` units; the rest decays at a rate."""
    Q = np.linalg.qr(rng.normal(size=(size, size)))[0]

    def rhs(xp, x):
        z = x @ Q
        rest = -rate * z[..., low:]
        return xp.concatenate([latent(xp, z[..., :low]), rest], axis=-1) @ Q.T

    def place(z, noise):
        rest = noise * rng.normal(size=(len(z), size - low))
        return np.concatenate([z, rest], axis=1) @ Q.T

    return rhs, place, Q


def memories(seed):
    """Two to five populations that excite themselves and inhibit each other, each of them cued."""
    rng = np.random.default_rng(seed)
    k = [2, 3, 4, 5, 3][seed % 5]
    a, b, tau = rng.uniform(10, 13), rng.uniform(4, 7), rng.uniform(10, 25)

    def rhs(xp, r):
        u = a * (r - 0.45) - b * (r.sum(-1, keepdims=True) - r)
        return -r + 1 / (1 + xp.exp(-u))

    states = rng.uniform(0, 0.3, (100, k)) + 0.6 * np.eye(k)[rng.integers(0, k, 100)]
    return case(
        "flow",
        rhs,
        states,
        40 * tau,
        {"points"},
        unit=tau,
        ends={"point": (0.95, 1)},
        axis=np.eye(k)[0],
    )


def hopfield(seed):
    """A graded Hopfield net with two or three memories; starts are memories with flipped signs."""
    rng = np.random.default_rng(100 + seed)
    n, p = int(rng.integers(30, 61)), 2 + seed % 2
    X = rng.choice([-1.0, 1.0], (p, n))
    W, g = X.T @ X / n, rng.uniform(2.5, 4)

    def rhs(xp, x):
        return -x + xp.tanh(g * (x @ W))

    which, sign = rng.integers(0, p, 120), rng.choice([-1.0, 1.0], (120, 1))
    flips = np.where(rng.random((120, n)) < 0.15, -1.0, 1.0)
    states = sign * X[which] * flips
    return case(
        "flow",
        rhs,
        states,
        40 * 20.0,
        {"points"},
        unit=20.0,
        ends={"point": (0.95, 1)},
        axis=X[0] / n,
    )


def even_ring(seed):
    """A bump on a ring of equally spaced units: discreteness is below rounding."""
    rng = np.random.default_rng(200 + seed)
    n, g, tau = 2 * int(rng.integers(22, 31)), rng.uniform(1.35, 1.8), 10.0
    theta = 2 * np.pi * np.arange(n) / n
    W = 2 * g / n * np.cos(theta[:, None] - theta)

    def rhs(xp, x):
        return -x + xp.tanh(x) @ W

    angle, high = rng.uniform(0, 2 * np.pi, (100, 1)), rng.uniform(0.5, 2, (100, 1))
    states = high * np.cos(theta - angle) + 0.3 * rng.normal(size=(100, n))
    T = tau * [25, 40, 60, 100, 200][seed % 5]
    return case(
        "flow",
        rhs,
        states,
        T,
        {"ring"},
        unit=tau,
        ends={"continuum": (0.95, 1)},
        axis=np.cos(theta) / n,
    )


def uneven_ring(seed):
    """The same with random symmetric weights on top (so there are no cycles): it breaks into points.

    Odd seeds have a very small heterogeneity and a short T: a ring still.
    """
    rng = np.random.default_rng(300 + seed)
    n, g, tau = int(rng.integers(18, 33)), rng.uniform(1.4, 1.8), 10.0
    theta = 2 * np.pi * np.arange(n) / n
    small = seed % 2 == 1
    sigma = 0.002 if small else rng.uniform(0.35, 0.5)
    S = rng.normal(size=(n, n)) / np.sqrt(n)
    W = 2 * g / n * np.cos(theta[:, None] - theta) + sigma * (S + S.T) / np.sqrt(2)

    def rhs(xp, x):
        return -x + xp.tanh(x) @ W

    angle = rng.uniform(0, 2 * np.pi, (100, 1))
    states = np.cos(theta - angle) + 0.2 * rng.normal(size=(100, n))
    T = tau * (20 if small else 600)
    return case(
        "flow",
        rhs,
        states,
        T,
        {"ring"} if small else {"points"},
        unit=tau,
        ends=None if small else {"point": (0.95, 1)},
        axis=np.cos(theta) / n,
    )


def leaky(seed):
    """A leaky integrator among fast modes that are not orthogonal; T against its time constant.

    0.02: a line. 0.15: a line approximately. 1 with starts on one side: a slow path; with starts
    on both sides: moving (half of the states move by less than 15 % of E). 5: a point.
    """
    rng = np.random.default_rng(400 + seed)
    n, tau, slow = int(rng.integers(5, 41)), 5.0, 1000.0
    rates = np.concatenate([[1 / slow], rng.uniform(0.8, 3, n - 1)])
    V = np.linalg.qr(rng.normal(size=(n, n)))[0] + 0.2 * rng.normal(size=(n, n)) / np.sqrt(n)
    A = -(V * rates) @ np.linalg.inv(V)
    ratio, words, low = [
        (0.02, "line", -1),
        (0.15, "line", -1),
        (1, "slow path", 0.5),
        (5, "point", -1),
        (1, "moving", -1),
    ][seed % 5]

    def rhs(xp, x):
        return x @ A.T

    z = np.concatenate([np.linspace(low, 1, 100)[:, None], 0.2 * rng.normal(size=(100, n - 1))], 1)
    return case(
        "flow",
        rhs,
        z @ V.T,
        ratio * slow * tau,
        {words},
        unit=tau,
        ends={"point": (0.95, 1)},
        axis=np.linalg.inv(V)[0],
    )


def leaking_sheet(seed):
    """Two integrators, one of them leaky, and units that follow a curved function of both."""
    rng = np.random.default_rng(500 + seed)
    extra, slow, tau = int(rng.integers(2, 11)), 1500.0, 1.0
    C, Q = 0.3 * rng.normal(size=(2, extra)), np.linalg.qr(rng.normal(size=(extra + 2,) * 2))[0]
    long = seed % 2 == 1

    def rhs(xp, x):
        z = x @ Q
        u, v = z[..., :1], z[..., 1:2]
        goal = xp.concatenate([u**2, u * v], axis=-1) @ C
        return xp.concatenate([0 * u, -v / slow, goal - z[..., 2:]], axis=-1) @ Q.T

    z = np.concatenate([rng.uniform(-1, 1, (160, 2)), 0.2 * rng.normal(size=(160, extra))], 1)
    T = 6 * slow if long else 0.02 * slow
    return case(
        "flow",
        rhs,
        z @ Q.T,
        T,
        {"line"} if long else {"surface"},
        unit=tau,
        ends={"continuum": (0.95, 1)} if long else None,
        axis=Q[:, 0],
    )


def in_step(seed):
    """Stuart-Landau oscillators, all coupled, come into step; the fifth seed has T below the period."""
    rng = np.random.default_rng(600 + seed)
    m, mu, omega, c = int(rng.integers(2, 9)), rng.uniform(0.5, 1.5), rng.uniform(1.5, 3), 0.3
    K, tau = rng.uniform(0.5, 1.5), 10.0

    def rhs(xp, s):
        x, y = s[..., :m], s[..., m:]
        r2 = x**2 + y**2
        dx = (mu - r2) * x - (omega - c * r2) * y + K * (x.mean(-1, keepdims=True) - x)
        dy = (mu - r2) * y + (omega - c * r2) * x + K * (y.mean(-1, keepdims=True) - y)
        return xp.concatenate([dx, dy], axis=-1)

    period = tau * 2 * np.pi / (omega - c * mu)
    T = period * [1.1, 1.6, 2.5, 6, 0.9][seed % 5]
    words = {"slow path", "moving"} if seed % 5 == 4 else {"cycle"}
    return case(
        "flow",
        rhs,
        rng.normal(size=(80, 2 * m)),
        T,
        words,
        unit=tau,
        ends={"curve": (0.95, 1)},
        period=period,
        axis=np.eye(2 * m)[0],
    )


def two_clocks(seed):
    """Two or three limit cycles side by side whose frequencies have irrational ratios; units mix."""
    rng = np.random.default_rng(700 + seed)
    m = 2 + seed % 2
    omega = rng.uniform(0.8, 1.2) * np.array([1.0, (1 + 5**0.5) / 2, 2**0.5])[:m]
    mu = rng.uniform(0.5, 1.5, m)

    def latent(xp, s):
        x, y = s[..., :m], s[..., m:]
        r2 = x**2 + y**2
        return xp.concatenate([(mu - r2) * x - omega * y, (mu - r2) * y + omega * x], axis=-1)

    rhs, place, Q = hidden(rng, latent, 2 * m, 2 * m + int(rng.integers(0, 10)), 1.0)
    states = place(rng.normal(size=(60, 2 * m)), 0.3)
    return case(
        "flow",
        rhs,
        states,
        rng.uniform(15, 60),
        {"recurrent"},
        ends={"bounded": (0.95, 1)},
        axis=Q[:, 0],
        exponent=0.0,
    )


def relaxation(seed):
    """FitzHugh-Nagumo: driven (a cycle), or excitable (seeds 3 and 4: a point)."""
    rng = np.random.default_rng(800 + seed)
    eps, fires = rng.uniform(0.03, 0.09), seed % 5 < 3
    drive = rng.uniform(0.5, 0.9) if fires else rng.uniform(0.0, 0.2)

    def rhs(xp, s):
        v, w = s[..., :1], s[..., 1:]
        return xp.concatenate([v - v**3 / 3 - w + drive, eps * (v + 0.7 - 0.8 * w)], axis=-1)

    period, T = None, 400.0
    if fires:  # the time between upward passages of v = 0, by Runge-Kutta steps
        x, h, up = np.array([1.0, 0.0]), 0.01, []
        for i in range(60_000):
            k1 = rhs(np, x)
            k2 = rhs(np, x + h / 2 * k1)
            k3 = rhs(np, x + h / 2 * k2)
            y = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + rhs(np, x + h * k3))
            if x[0] < 0 <= y[0]:
                up.append(h * (i - x[0] / (y[0] - x[0])))
            x = y
        period = float(np.mean(np.diff(up[2:])))
        T = period * rng.uniform(1.1, 3)
    return case(
        "flow",
        rhs,
        rng.uniform([-2, -1], [2, 1.5], (100, 2)),
        T,
        {"cycle"} if fires else {"point"},
        period=period,
        ends={"curve" if fires else "point": (0.95, 1)},
        axis=np.array([1.0, 0.0]),
    )


def sequence(seed):
    """A chain of saddles (Lotka-Volterra): each species is invaded by the next; the last one stays."""
    rng = np.random.default_rng(900 + seed)
    k = 3 + seed % 3
    R = rng.uniform(1.5, 2.2, (k, k))
    np.fill_diagonal(R, 1.0)
    for i in range(k - 1):
        R[i + 1, i] = rng.uniform(0.4, 0.6)

    def rhs(xp, x):
        return x * (1 - x @ R.T)

    states = 10 ** rng.uniform(-4, -3, (60, k))
    states[:, 0] = rng.uniform(0.7, 1.1, 60)
    # with five species (seed 2) all are at the fourth saddle at T, by iteration
    words = {"slow path", "moving"} if k == 5 else {"point"}
    return case("flow", rhs, states, 60.0 * k, words, ends={"point": (0.95, 1)}, axis=np.eye(k)[0])


def chebyshev(seed):
    """A chaotic unit (Chebyshev map, exponent ln 2 or ln 4) and leaky units that follow it."""
    rng = np.random.default_rng(1000 + seed)
    n, dt = int(rng.integers(1, 15)), [1.0, 2.0, 5.0, 10.0, 1.0][seed % 5]
    a, times = rng.uniform(0.2, 0.9, n), 1 + seed % 2

    def rhs(xp, s):
        x = s[..., :1]
        y = a * s[..., 1:] + (1 - a) * x
        for _ in range(times):
            x = 1 - 2 * x**2
        return xp.concatenate([x, y], axis=-1)

    return case(
        "map",
        rhs,
        rng.uniform(-0.99, 0.99, (80, n + 1)),
        dt * rng.integers(10, 80),
        {"recurrent"},
        unit=dt,
        ends={"bounded": (0.95, 1)},
        axis=np.eye(n + 1)[0],
        exponent=times * math.log(2) / dt,
    )


def random_net(seed):
    """Random rate networks that are chaotic, and one that swings periodically (by iteration)."""
    rng = np.random.default_rng(1100 + [0, 7, 8, 12, 1][seed % 5])
    n, g, tau = 60, rng.uniform(3.5, 5), 10.0
    W = g * rng.normal(size=(n, n)) / np.sqrt(n)

    def rhs(xp, x):
        return -x + xp.tanh(x) @ W.T

    cycle = seed % 5 == 0
    T = tau * rng.uniform(10, 40)  # 127.7 ms with seed 0, below the period: no cycle over T
    words = {"moving", "slow path"} if cycle else {"recurrent"}
    ends = {"curve" if cycle else "bounded": (0.95, 1)}
    return case(
        "flow",
        rhs,
        rng.normal(size=(60, n)),
        T,
        words,
        unit=tau,
        ends=ends,
        period=153.6 if cycle else None,
        axis=np.eye(n)[0],
    )


def delayed(seed):
    """Delayed negative feedback with the past in the state: oscillates, or (seeds 3, 4) contracts."""
    rng = np.random.default_rng(1200 + seed)
    d, a, swings = int(rng.integers(4, 13)), rng.uniform(0.6, 0.8), seed % 5 < 3
    g, dt = (rng.uniform(3, 6) if swings else rng.uniform(0.4, 0.8)), 2.0

    def rhs(xp, s):
        new = a * s[..., :1] - (1 - a) * xp.tanh(g * s[..., -1:])
        return xp.concatenate([new, s[..., :-1]], axis=-1)

    states = rng.uniform(-1, 1, (80, 1)) + 0.2 * rng.normal(size=(80, d + 1))
    return case(
        "map",
        rhs,
        states,
        dt * (6 * d if swings else 60 * d),
        {"cycle"} if swings else {"point"},
        unit=dt,
        ends={"curve" if swings else "point": (0.95, 1)},
        axis=np.eye(d + 1)[0],
    )


def doubled(seed):
    """Logistic units, all coupled, near superstable cycles of 2, 4, 8, 3, 5 steps."""
    rng = np.random.default_rng(1300 + seed)
    k, r = [
        (2, 3.2360679775),
        (4, 3.4985616993),
        (8, 3.5546408627),
        (3, 3.8318740552),
        (5, 3.7389149130),
    ][seed % 5]
    n, mix, dt = int(rng.integers(2, 11)), rng.uniform(0.7, 0.9), rng.choice([1.0, 5.0, 20.0])

    def rhs(xp, x):
        f = r * x * (1 - x)
        return (1 - mix) * f + mix * f.mean(-1, keepdims=True)

    T = dt * k * rng.integers(2, 12)
    return case(
        "map",
        rhs,
        rng.uniform(0.05, 0.95, (100, n)),
        T,
        {"cycle"},
        unit=float(dt),
        ends={"curve": (0.95, 1)},
        period=float(k * dt),
        steps=k,
        axis=np.ones(n) / n,
    )


def round_and_round(seed):
    """A rotation by an irrational angle onto a circle; very slow turns and a short T: a ring."""
    rng = np.random.default_rng(1400 + seed)
    slow, c = seed % 5 >= 3, rng.uniform(0.4, 0.7)
    turn = rng.uniform(1500, 2500) if slow else rng.uniform(6, 60)
    Q = np.linalg.qr(rng.normal(size=(2 + seed, 2 + seed)))[0]
    cos, sin = np.cos(2 * np.pi / turn), np.sin(2 * np.pi / turn)

    def rhs(xp, s):
        z = s @ Q
        x, y = z[..., :1], z[..., 1:2]
        f = (1 + c) / (1 + c * (x**2 + y**2))
        return (
            xp.concatenate(
                [f * (cos * x - sin * y), f * (sin * x + cos * y), 0.5 * z[..., 2:]], axis=-1
            )
            @ Q.T
        )

    z = rng.normal(size=(100, 2 + seed))
    T = round(0.01 * turn) if slow else math.ceil(turn * rng.uniform(1.1, 4))
    return case(
        "map",
        rhs,
        z @ Q.T,
        T,
        {"ring"} if slow else {"cycle"},
        ends=None if slow else {"curve": (0.95, 1)},
        period=turn,
        steps=0,
        axis=Q[:, 0],
    )


def slow_variable(seed):
    """A bistable unit with a slow variable: two lines at a short T, two points at a long one."""
    rng = np.random.default_rng(1500 + seed)
    slow, b, short = 2000.0, rng.uniform(0.05, 0.15), seed % 5 < 3

    def latent(xp, z):
        x, s = z[..., :1], z[..., 1:]
        return xp.concatenate([x - x**3 + b * s, -s / slow], axis=-1)

    rhs, place, Q = hidden(rng, latent, 2, 2 + int(rng.integers(0, 15)), 1.0)
    x = rng.choice([-1.0, 1.0], 120) * rng.uniform(0.5, 1.5, 120)
    states = place(np.stack([x, rng.uniform(-1, 1, 120)], 1), 0.2)
    return case(
        "flow",
        rhs,
        states,
        40.0 if short else 4.5 * slow,
        {"line"} if short else {"points"},
        ends={"point": (0.95, 1)},
        axis=Q[:, 1] if short else Q[:, 0],
        pieces=2 if short else None,
    )


def runaway(seed):
    """A supralinear network: above a threshold of its mean it runs away, below it comes to rest."""
    rng = np.random.default_rng(1600 + seed)
    n, k, drive, tau = int(rng.integers(2, 21)), rng.uniform(0.5, 2), 0.05, 10.0
    edge = (1 + np.sqrt(1 - 4 * k * drive)) / (2 * k)
    above = 1.0 if seed % 5 < 2 else rng.uniform(0.3, 0.7)

    def rhs(xp, r):
        return -r + k * r.mean(-1, keepdims=True) ** 2 + drive

    up = rng.random(100) < above
    mean = edge * np.where(up, rng.uniform(1.1, 2, 100), rng.uniform(0, 0.9, 100))
    noise = 0.1 * rng.normal(size=(100, n))
    states = mean[:, None] + noise - noise.mean(1, keepdims=True)
    s = float(up.mean())
    ends = {"infinity": (s - 0.02, s + 0.02)}
    if s < 1:
        ends["point"] = (1 - s - 0.02, 1 - s + 0.02)
    return case(
        "flow",
        rhs,
        states,
        tau * rng.uniform(3, 10),
        {"diverging"} if s == 1 else {"mixture"},
        unit=tau,
        ends=ends,
        axis=np.ones(n) / n,
    )


def slow_passage(seed):
    """The remains of a saddle-node on the way to a point; seeds 3 and 4: a saddle on the way."""
    rng = np.random.default_rng(1700 + seed)
    ghost, eps, k = seed % 5 < 3, rng.uniform(0.002, 0.006), rng.uniform(1.8, 2.5)

    def one(xp, z):
        return (1 - z) * (z**2 + eps)

    def two(xp, z):
        return xp.concatenate([z[..., :1] - z[..., :1] ** 3, -k * z[..., 1:]], axis=-1)

    size = int(rng.integers(2, 9))
    rhs, place, Q = hidden(rng, one if ghost else two, 1 if ghost else 2, size, 2.0)
    if ghost:
        z, T = rng.uniform(-0.8, -0.5, (80, 1)), 0.62 * np.pi / np.sqrt(eps)
    else:
        z, T = np.stack([10 ** rng.uniform(-3, -2.5, 80), rng.uniform(1, 2, 80)], 1), 4.2
    return case(
        "flow",
        rhs,
        place(z, 0.05 if ghost else 0.0),
        T,
        {"ghost"} if ghost else {"slow path"},
        ends={"point": (0.95, 1)},
        axis=Q[:, 0],
    )


def oja(seed):
    """Oja's rule, averaged: weights turn to the first principal direction, of either sign."""
    rng = np.random.default_rng(1800 + seed)
    n, tau = int(rng.integers(3, 31)), 100.0
    Q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    C = (Q * np.concatenate([[1.0], rng.uniform(0.1, 0.6, n - 1)])) @ Q.T

    def rhs(xp, w):
        return w @ C - ((w @ C) * w).sum(-1, keepdims=True) * w

    states = rng.normal(size=(100, n)) / np.sqrt(n)
    return case(
        "flow",
        rhs,
        states,
        tau * rng.uniform(25, 60),
        {"points"},
        unit=tau,
        ends={"point": (0.95, 1)},
        axis=Q[:, 0],
        up=float((states @ Q[:, 0] > 0).mean()),
    )


def rest_or_swing(seed):
    """A subcritical Hopf pair: rest and oscillation side by side; seed 3 all rest, seed 4 all swing."""
    rng = np.random.default_rng(1900 + seed)
    mu, omega, tau = rng.uniform(-0.2, -0.1), rng.uniform(0.8, 2), 5.0
    edge = np.sqrt((1 - np.sqrt(1 + 4 * mu)) / 2)
    above = [0.4, 0.5, 0.7, 0.0, 1.0][seed % 5]

    def latent(xp, z):
        x, y = z[..., :1], z[..., 1:]
        r2 = x**2 + y**2
        f = mu + r2 - r2**2
        return xp.concatenate([f * x - omega * y, f * y + omega * x], axis=-1)

    rhs, place, Q = hidden(rng, latent, 2, 2 + int(rng.integers(0, 8)), 1.0)
    up, phi = rng.random(100) < above, rng.uniform(0, 2 * np.pi, 100)
    r = edge * np.where(up, rng.uniform(1.15, 3, 100), rng.uniform(0.05, 0.85, 100))
    states = place(np.stack([r * np.cos(phi), r * np.sin(phi)], 1), 0.2)
    s = float(up.mean())
    both = {"curve": (s - 0.02, s + 0.02), "point": (1 - s - 0.02, 1 - s + 0.02)}
    ends = {k: v for k, v in both.items() if v[1] > 0.03}
    words = {"point"} if s == 0 else {"cycle"} if s == 1 else {"mixture"}
    T = tau * (8 / -mu if s == 0 else 2 * np.pi / omega * rng.uniform(1.1, 5))
    return case(
        "flow",
        rhs,
        states,
        T,
        words,
        unit=tau,
        ends=ends,
        period=tau * 2 * np.pi / omega,
        axis=Q[:, 0],
    )


CLASSES = (
    memories,
    hopfield,
    even_ring,
    uneven_ring,
    leaky,
    leaking_sheet,
    in_step,
    two_clocks,
    relaxation,
    sequence,
)
CLASSES += (
    chebyshev,
    random_net,
    delayed,
    doubled,
    round_and_round,
    slow_variable,
    runaway,
    slow_passage,
    oja,
    rest_or_swing,
)
