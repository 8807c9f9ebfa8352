"""Twenty classes beyond `first_sight_1` and `first_sight_2`, by an outside referee.

Each class is a function of a seed that returns a dict: `system`, `states`, `duration`, `axis`, the
`words` that are right for `held`, the shares of `ends` ({what: (low, high)} or None), the `period`
(or None; in the unit of `duration`; for a map that goes round smoothly, of one turn). `rhs` is the
step or the field in NumPy, `unit` is dt or tau. The truth is by construction, in closed form, or
from SciPy's DOP853 at 1e-11 (`turn_time`) and from iteration (`map_turn`).
"""

import math

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import root

from .first_sight_1 import case

ALL = (0.97, 1.0)


def hidden(rng, kind, latent, low, size, rate, *, scale=1.0, skew=0.4, offset=0.0):
    """Put `low` variables into `size` units, not orthogonal, about an origin elsewhere."""
    Q, P = (np.linalg.qr(rng.normal(size=(size, size)))[0] for _ in range(2))
    M = scale * (Q * np.exp(rng.uniform(-skew, skew, size))) @ P
    inverse = np.linalg.inv(M)
    origin = offset * scale * rng.normal(size=size)

    def rhs(xp, x):
        z = (x - origin) @ inverse.T
        rest = (rate if kind == "map" else -rate) * z[..., low:]
        out = xp.concatenate([latent(xp, z[..., :low]), rest], axis=-1) @ M.T
        return out + origin if kind == "map" else out

    def place(z, noise):
        rest = noise * rng.normal(size=(len(z), size - low))
        return np.concatenate([z, rest], axis=1) @ M.T + origin

    return rhs, place, M


def turn_time(rhs, x, settle, longest):
    """Return the period of the closed curve of a flow that is reached from x."""

    def field(_, x):
        return rhs(np, x)

    how = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-11 * max(1e-6, np.abs(x).max())}
    x = solve_ivp(field, (0, settle), x, **how).y[:, -1]
    normal = rhs(np, x)

    def section(_, y):
        return normal @ (y - x)

    section.direction = 1
    path = solve_ivp(field, (0, longest), x, events=section, **how)
    diameter = np.ptp(path.y, axis=1).max()
    for t, y in zip(path.t_events[0], path.y_events[0], strict=True):
        if t > 1e-6 * longest and np.linalg.norm(y - x) < 1e-5 * diameter:
            return t
    raise ValueError("the path does not close")


def map_turn(rhs, x, plane, settle=3000, steps=30000):
    """Return the mean steps that a map takes to go once round 0 in a plane of two functionals."""
    for _ in range(settle):
        x = rhs(np, x)
    total, last = 0.0, None
    for _ in range(steps):
        u, v = plane(x)
        angle = math.atan2(v, u)
        if last is not None:
            total += (angle - last + math.pi) % (2 * math.pi) - math.pi
        last = angle
        x = rhs(np, x)
    return 2 * math.pi * (steps - 1) / abs(total)


def sigmoid(xp, u):
    """Return the logistic function."""
    return 1 / (1 + xp.exp(-u))


def polar(xp, z):
    """Return the radius and the angle of two variables."""
    return xp.sqrt(z[..., 0] ** 2 + z[..., 1] ** 2), xp.arctan2(z[..., 1], z[..., 0])


def on_circle(rng, count, low, high):
    """Return states in a plane: angles all round, radii between low and high."""
    angle = 2 * math.pi * (np.arange(count) + rng.uniform(0, 1, count)) / count
    return rng.uniform(low, high, (count, 1)) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def lstm_counter(seed):
    """An LSTM by hand: a cell that holds, leaks or counts, read by cells that forget."""
    rng = np.random.default_rng(seed)
    kind = ["hold", "leak", "count", "hold", "leak"][seed % 5]
    cells, n = [(1, 4), (1, 12), (1, 6), (2, 9), (1, 3)][seed % 5]
    T, dt = [(120, 1.0), (150, 20.0), (60, 1e-3), (80, 5.0), (12, 100.0)][seed % 5]
    Wi, Wf, Wo, Wg = rng.normal(size=(4, n, n)) * 0.35 / math.sqrt(n)
    bi, bf, bo, bg = rng.uniform(-0.8, 0.2, (4, n))
    for W in (Wi, Wf, Wg):
        W[:cells] = 0.0
    Wg[cells:, :cells] = rng.normal(size=(n - cells, cells))
    bo += 1.5
    forget = rng.uniform(0.88, 0.92)
    bi[:cells], bf[:cells] = -40.0, 40.0
    if kind == "leak":
        bf[0] = math.log(forget / (1 - forget))
    if kind == "count":
        bi[0], bg[0] = 40.0, math.atanh(rng.uniform(0.03, 0.05))

    def rhs(xp, x):
        h, c = x[..., :n], x[..., n:]
        i, f, o = (
            sigmoid(xp, h @ W.T + b) for W, b in zip((Wi, Wf, Wo), (bi, bf, bo), strict=True)
        )
        c = f * c + i * xp.tanh(h @ Wg.T + bg)
        return xp.concatenate([o * xp.tanh(c), c], axis=-1)

    count = [60, 40, 50, 140, 70][seed % 5]
    c = rng.normal(0, 0.3, (count, n))
    c[:, :cells] = rng.uniform(0.0, 3.0, (count, cells)) if kind == "count" else 0.0
    if kind != "count":
        c[:, :cells] = rng.uniform(-1.5, 1.5, (count, cells))
    states = np.concatenate([0.7 * np.tanh(c), c], axis=1)
    words, ends = [
        ({"line"}, {"continuum": ALL}),
        ({"point"}, {"point": ALL}),
        ({"slow path"}, {"unknown": ALL}),
        ({"surface"}, {"continuum": ALL}),
        ({"moving"}, {"point": ALL}),
    ][seed % 5]
    axis = np.eye(2 * n)[n] if seed % 2 else None
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends, axis=axis)


def clipped_integrator(seed):
    """An integrator between walls: neutral, drifting to a wall, or unstable towards both."""
    rng = np.random.default_rng(seed)
    low, n = [(1, 6), (1, 1), (1, 30), (2, 12), (1, 20)][seed % 5]
    gain = [1.0, 1.0, rng.uniform(1.04, 1.08), 1.0, 1.0][seed % 5]
    drift = [0.0, rng.uniform(0.03, 0.05), 0.0, 0.0, rng.uniform(0.004, 0.005)][seed % 5]
    T, dt = [(200, 10.0), (100, 1.0), (200, 1e-2), (90, 50.0), (60, 2.0)][seed % 5]
    scale = [1.0, 1e3, 0.01, 5.0, 40.0][seed % 5]

    def latent(xp, z):
        return xp.clip(gain * z + drift, -1.0, 1.0)

    rhs, place, M = hidden(rng, "map", latent, low, n, 0.6, scale=scale, offset=0.5)
    count = [50, 80, 100, 150, 60][seed % 5]
    edge = (-1.0, -0.3) if seed % 5 == 4 else (-0.95, 0.95)
    states = place(rng.uniform(*edge, (count, low)), 0.3)
    words, ends = [
        ({"line"}, {"continuum": ALL}),
        ({"point"}, {"point": ALL}),
        ({"points"}, {"point": ALL}),
        ({"surface"}, {"continuum": ALL}),
        ({"slow path"}, {"point": ALL}),
    ][seed % 5]
    axis = M[:, 0] if seed % 5 in (0, 2, 4) else None
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends, axis=axis)


def gru_rhythm(seed):
    """A GRU by hand whose candidates turn one another, with units that read them; or damped."""
    rng = np.random.default_rng(seed)
    low, n = [(2, 2), (3, 10), (2, 24), (3, 3), (2, 60)][seed % 5]
    z0, kappa = [(0.2, 4.5), (0.1, 7.0), (0.2, 2.0), (0.07, 10.0), (0.3, 3.5)][seed % 5]
    T, dt = [(100, 1.0), (60, 10.0), (80, 5.0), (250, 1e-3), (40, 20.0)][seed % 5]
    kappa *= rng.uniform(0.95, 1.05)
    spin = kappa * np.array([[0.0, 1.0], [-1.0, 0.0]])
    if low == 3:
        a = rng.normal(size=3)
        a *= kappa / np.linalg.norm(a)
        spin = np.array([[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]])
    Wz, Wr, Wn = rng.normal(size=(3, n, n)) * 0.2 / math.sqrt(n)
    Wz[:low], Wr[:low], Wn[:low] = 0.0, 0.0, 0.0
    Wn[:low, :low] = spin
    Wn[low:, :low] = rng.normal(size=(n - low, low))
    bz = np.full(n, math.log(z0 / (1 - z0)))
    br, bn = np.full(n, 3.0), np.zeros(n)
    bn[low:] = rng.normal(0, 0.3, n - low)

    def rhs(xp, h):
        z, r = sigmoid(xp, h @ Wz.T + bz), sigmoid(xp, h @ Wr.T + br)
        return (1 - z) * h + z * xp.tanh((r * h) @ Wn.T + bn)

    count = [100, 60, 40, 120, 50][seed % 5]
    states = np.tanh(rng.normal(0, 0.8, (count, n)))
    if seed % 5 == 2:
        return case("map", rhs, states, T * dt, {"point"}, unit=dt, ends={"point": ALL})
    basis = np.linalg.qr(np.linalg.svd(spin)[0][:, :2])[0]
    turn = map_turn(rhs, states[0], lambda h: h[:low] @ basis)
    return case(
        "map",
        rhs,
        states,
        T * dt,
        {"cycle"},
        unit=dt,
        ends={"curve": ALL},
        period=turn * dt,
        axis=rng.normal(size=n),
    )


def normalised(seed):
    """Divisive normalisation x → W x / ‖W x‖: circles, diamonds, spheres (slow), or two points."""
    rng = np.random.default_rng(seed)
    low, n, p = [(2, 2, 1), (3, 20, 2), (2, 30, 4), (3, 10, 2), (4, 16, 2)][seed % 5]
    T, dt = [(60, 1.0), (50, 10.0), (300, 0.1), (100, 2.0), (90, 25.0)][seed % 5]
    step = [0.5, 0.3, 0.8, 0.6, 1.0][seed % 5]
    slow = [0.0, 0.0, 0.0, rng.uniform(5e-5, 1e-4), 0.0][seed % 5]
    W = np.exp(slow * np.arange(low)) if seed % 5 < 4 else np.array([1.0, 0.85, 0.7, 0.5])

    def latent(xp, z):
        u = z * W
        size = (xp.abs(u) ** p).sum(-1, keepdims=True) ** (1 / p)
        return (1 - step) * u + step * u / size

    scale = [100.0, 1.0, 0.02, 3.0, 1.0][seed % 5]
    rhs, place, M = hidden(rng, "map", latent, low, n, 0.5, scale=scale, skew=0.25, offset=0.3)
    count = [80, 150, 60, 130, 40][seed % 5]
    z = rng.normal(size=(count, low))
    z *= rng.uniform(0.6, 1.6, (count, 1)) / np.linalg.norm(z, axis=1, keepdims=True)
    if low == 2:
        z = on_circle(rng, count, 0.6, 1.6)
    words, ends = [
        ({"ring"}, {"continuum": ALL}),
        ({"surface"}, {"continuum": ALL}),
        ({"ring"}, {"continuum": ALL}),
        ({"surface"}, None),
        ({"points"}, {"point": ALL}),
    ][seed % 5]
    axis = M[:, 0] if seed % 2 else None
    return case("map", rhs, place(z, 0.1), T * dt, words, unit=dt, ends=ends, axis=axis)


def coupled_lattice(seed):
    """Coupled map lattices: a homogeneous point, chaos in step, cycles of 4 and 2, wild chaos."""
    rng = np.random.default_rng(seed)
    n = [16, 30, 8, 40, 12][seed % 5]
    a = [rng.uniform(2.5, 2.8), rng.uniform(1.6, 1.9), 3.5, rng.uniform(1.8, 1.95), 3.2][seed % 5]
    couple = [0.3, 0.8, 0.7, 0.1, 0.05][seed % 5]
    T, dt = [(150, 1.0), (100, 10.0), (40, 0.5), (60, 1.0), (25, 100.0)][seed % 5]
    scale, offset = [(1.0, 0.0), (1e-3, 0.0), (50.0, 20.0), (1e3, -1e3), (1.0, 3.0)][seed % 5]
    everywhere, tent = seed % 5 in (1, 2), seed % 5 in (1, 3)

    def rhs(xp, y):
        x = (y - offset) / scale
        f = 1 - a * xp.abs(x) if tent else a * x * (1 - x)
        beside = (xp.roll(f, 1, -1) + xp.roll(f, -1, -1)) / 2
        if everywhere:
            beside = f.mean(-1, keepdims=True)
        return offset + scale * ((1 - couple) * f + couple * beside)

    count = [40, 60, 100, 30, 80][seed % 5]
    edge = (-0.5, 0.9) if tent else (0.1, 0.9)
    states = offset + scale * rng.uniform(*edge, (count, n))
    words, ends, period = [
        ({"point"}, {"point": ALL}, None),
        ({"recurrent"}, {"bounded": ALL}, None),
        ({"cycle"}, {"curve": ALL}, 4 * dt),
        ({"recurrent"}, {"bounded": ALL}, None),
        ({"cycle"}, {"curve": ALL}, 2 * dt),
    ][seed % 5]
    axis = np.ones(n) if seed % 2 else None
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends, period=period, axis=axis)


def population_windows(seed):
    """Populations in periodic windows: cycles of 3, 6, 3, 5 generations, and of flour beetles."""
    rng = np.random.default_rng(seed)
    T, dt = [(40, 1.0), (120, 7.0), (30, 365.0), (200, 1.0), (50, 14.0)][seed % 5]
    period = [3, 6, 3, 5, 3][seed % 5]
    how = {"unit": dt, "ends": {"curve": ALL}, "period": period * dt}
    if seed % 5 == 4:

        def beetles(xp, x):
            larvae, pupae, adults = x[..., 0], x[..., 1], x[..., 2]
            eggs = 7.48 * adults * xp.exp(-0.012 * larvae - 0.009 * adults)
            grown = pupae * xp.exp(-0.5 * adults) + 0.04 * adults
            return xp.stack([eggs, 0.733 * larvae, grown], axis=-1)

        states = rng.uniform(5, 200, (60, 3))
        return case("map", beetles, states, T * dt, {"cycle"}, **how)
    if seed % 5 == 2:
        r, m = 3.12, 4

        def ricker(xp, x):
            young, trace = x[..., :1], x[..., 1:]
            return xp.concatenate(
                [young * xp.exp(r * (1 - young / 1e3)), 0.7 * trace + 0.3 * young], axis=-1
            )

        states = np.concatenate(
            [rng.uniform(100, 3000, (80, 1)), rng.uniform(0, 2000, (80, m))], axis=1
        )
        return case("map", ricker, states, T * dt, {"cycle"}, axis=np.eye(m + 1)[0], **how)
    a = {0: 3.832, 1: 3.845, 3: 3.7389}[seed % 5]
    patches, n = {0: (1, 1), 1: (1, 8), 3: (2, 15)}[seed % 5]

    def latent(xp, z):
        return a * z * (1 - z)

    rhs, place, M = hidden(rng, "map", latent, patches, n, 0.4, scale=[1, 0.01, 1, 10][seed % 5])
    states = place(rng.uniform(0.05, 0.95, ([50, 100, 0, 70][seed % 5], patches)), 0.2)
    return case("map", rhs, states, T * dt, {"cycle"}, axis=M[:, 0], **how)


def chaos_and_rest(seed):
    """Chaos (a tent) on one side of a threshold and rest on the other, with a known share."""
    rng = np.random.default_rng(seed)
    rest, count = [(30, 100), (40, 80), (84, 120), (98, 100), (3, 150)][seed % 5]
    slope, n = rng.uniform(1.55, 1.9), [1, 5, 20, 8, 50][seed % 5]
    T, dt = [(100, 1.0), (50, 10.0), (300, 0.1), (80, 1.0), (60, 30.0)][seed % 5]

    def latent(xp, z):
        return xp.where(z > 0, slope * xp.minimum(z, 1 - z), z + z * (z + 0.5))

    scale = [1.0, 200.0, 0.05, 1.0, 7.0][seed % 5]
    rhs, place, M = hidden(rng, "map", latent, 1, n, 0.5, scale=scale, offset=1.0)
    z = rng.uniform(0.08, 0.92, (count, 1))
    z[:rest] = -rng.uniform(0.05, 0.9, (rest, 1))
    share = rest / count
    words = [{"mixture"}, {"mixture"}, {"mixture"}, {"point"}, {"recurrent"}][seed % 5]
    ends = {
        "point": (share - 0.015, share + 0.015),
        "bounded": (0.985 - share, 1.015 - share),
    }
    states = place(rng.permutation(z), 0.1)
    axis = M[:, 0] if seed % 2 else None
    exponent = math.log(slope) / dt
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends, axis=axis, exponent=exponent)


def phase_map(seed):
    """A phase that steps on and is pulled back: locked at rest, turning, or locked 2:5 and 3:7."""
    rng = np.random.default_rng(seed)
    n = [5, 2, 12, 30, 3][seed % 5]
    T, dt = [(120, 1.0), (150, 10.0), (60, 5.0), (40, 1e-3), (100, 1.0)][seed % 5]
    wells, pull = [(1, 0.3), (1, 0.25), (5, 0.08), (1, 0.5), (7, 0.05)][seed % 5]
    omega = [
        rng.uniform(0.1, 0.2),
        rng.uniform(0.4, 0.5),
        4 * math.pi / 5,
        rng.uniform(0.9, 1.1),
        6 * math.pi / 7,
    ][seed % 5]

    def latent(xp, z):
        r, angle = polar(xp, z)
        angle = angle + omega - pull * xp.sin(wells * angle)
        r = r + 0.4 * (1 - r)
        return xp.stack([r * xp.cos(angle), r * xp.sin(angle)], axis=-1)

    scale = [1.0, 20.0, 1e-3, 1.0, 500.0][seed % 5]
    rhs, place, M = hidden(rng, "map", latent, 2, n, 0.6, scale=scale, offset=0.5)
    states = place(on_circle(rng, [40, 100, 70, 60, 90][seed % 5], 0.4, 1.5), 0.2)
    if seed % 5 == 0:
        return case("map", rhs, states, T * dt, {"point"}, unit=dt, ends={"point": ALL})
    steps = wells if wells > 1 else map_turn(latent, np.array([1.0, 0.2]), lambda z: z)
    return case(
        "map",
        rhs,
        states,
        T * dt,
        {"cycle"},
        unit=dt,
        ends={"curve": ALL},
        period=steps * dt,
        axis=M[:, 0],
    )


def delay_line(seed):
    """A delay line of taps: open (nilpotent), closed on itself, inverted, or with a little loss."""
    rng = np.random.default_rng(seed)
    n = [20, 12, 50, 9, 10][seed % 5]
    back = [0.0, 1.0, 0.0, -1.0, 0.9][seed % 5]
    T, dt = [(60, 1.0), (40, 5.0), (15, 10.0), (50, 1.0), (20, 0.01)][seed % 5]
    scale = [1.0, 300.0, 1.0, 0.01, 10.0][seed % 5]

    def latent(xp, z):
        return xp.concatenate([back * z[..., -1:], z[..., :-1]], axis=-1)

    rhs, place, M = hidden(rng, "map", latent, n, n, 0.0, scale=scale, skew=0.3, offset=0.2)
    states = place(rng.normal(size=([40, 60, 100, 30, 80][seed % 5], n)), 0.0)
    words, ends, period = [
        ({"point"}, {"point": ALL}, None),
        ({"cycle"}, {"curve": ALL}, 12 * dt),
        ({"moving"}, {"point": ALL}, None),
        ({"cycle"}, {"curve": ALL}, 18 * dt),
        ({"moving"}, {"point": ALL}, None),
    ][seed % 5]
    axis = M[:, 0] if seed % 2 else None
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends, period=period, axis=axis)


def tanh_spiral(seed):
    """A tanh network that spirals in: fast, slower than T, far slower, or marginal (algebraic)."""
    rng = np.random.default_rng(seed)
    n = [6, 20, 4, 40, 2][seed % 5]
    rho = [0.9, 0.995, 0.9995, 0.975, 1.0][seed % 5]
    T, dt = [(150, 1.0), (30, 10.0), (50, 1.0), (250, 2.0), (40, 0.1)][seed % 5]
    size = [0.5, 0.02, 1e-3, 0.3, 0.1][seed % 5]
    turn = rng.uniform(0.3, 0.7)
    B = np.zeros((n, n))
    B[:2, :2] = rho * np.array(
        [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    )
    if n > 2:
        B[2:, 2:] = 0.4 * np.linalg.qr(rng.normal(size=(n - 2, n - 2)))[0]
    Q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    W = Q @ B @ Q.T

    def rhs(xp, h):
        return xp.tanh(h @ W.T)

    count = [40, 100, 60, 80, 50][seed % 5]
    states = size * rng.normal(size=(count, n))
    words = [{"point"}, {"moving"}, {"moving"}, {"point"}, {"moving"}][seed % 5]
    ends = {"unknown" if seed % 5 == 4 else "point": ALL}
    axis = Q[:, 0] if seed % 2 else None
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends, axis=axis)


def two_rhythms(seed):
    """Two closed curves of different periods about one centre, or one that attracts weakly."""
    rng = np.random.default_rng(seed)
    n = [2, 10, 30, 60, 5][seed % 5]
    tau = [1.0, 10.0, 1e-3, 20.0, 100.0][seed % 5]
    one = seed % 5 in (1, 3)
    weak = [0.0, rng.uniform(0.02, 0.03), 0.0, rng.uniform(0.5, 2), 0.0][seed % 5]
    inner, between, outer = [(1, 3, 6), (1, 1, 1), (1, 2, 4), (1, 1, 1), (1, 4, 9)][seed % 5]
    k = [0.05, 0, 0.2, 0, 0.02][seed % 5]
    slow, fast = [(1.0, 0.4), (2 * math.pi, 0.0), (0.5, 1.1), (0.7, 0.0), (4.0, -0.35)][seed % 5]

    def latent(xp, z):
        s = (z * z).sum(-1, keepdims=True)
        grow = weak * (1 - s) if one else -k * (s - inner) * (s - between) * (s - outer)
        turned = xp.stack([-z[..., 1], z[..., 0]], axis=-1)
        return grow * z + (slow + fast * s) * turned

    scale = [1.0, 0.01, 30.0, 1.0, 100.0][seed % 5]
    rhs, place, M = hidden(rng, "flow", latent, 2, n, 1.0, scale=scale, offset=0.5)
    periods = [2 * math.pi / (slow + fast * s) for s in (inner, outer)]
    T = max(periods) * [2.2, 30.4, 1.5, 4.3, 5.6][seed % 5]
    edge = (0.4, 1.6) if one else (0.3, 1.15 * math.sqrt(outer))
    states = place(on_circle(rng, [60, 40, 80, 100, 50][seed % 5], *edge), 0.2)
    return case(
        "flow",
        rhs,
        states,
        T * tau,
        {"cycle"},
        unit=tau,
        ends={"curve": ALL},
        period=periods[0] * tau if one else None,
        axis=M[:, 0],
        periods=[p * tau for p in periods],
    )


def grid_torus(seed):
    """Two phases, each held on a circle: a torus that is neutral, hardly pinned, or has wells."""
    rng = np.random.default_rng(seed)
    kind = ["flow", "map", "flow", "map", "flow"][seed % 5]
    n = [8, 20, 60, 12, 100][seed % 5]
    T, unit = [(20, 10.0), (80, 1.0), (15, 1e-3), (100, 25.0), (60, 1.0)][seed % 5]
    wells, pin = [(1, 0.0), (1, 0.0), (3, 5e-4), (3, 0.06), (2, 0.3)][seed % 5]
    second = [1.0, 0.8, 1.0, 0.9, 1.0][seed % 5]

    def circle(xp, z):
        r, angle = polar(xp, z)
        if kind == "map":
            r, angle = r + 0.4 * (1 - r), angle - pin * xp.sin(wells * angle)
            return xp.stack([r * xp.cos(angle), r * xp.sin(angle)], axis=-1)
        turn = (-pin * xp.sin(wells * angle))[..., None]
        turned = xp.stack([-z[..., 1], z[..., 0]], axis=-1)
        return z * (1 - r**2)[..., None] + turn * turned

    def latent(xp, z):
        return xp.concatenate(
            [circle(xp, z[..., :2]), second * circle(xp, z[..., 2:] / second)], axis=-1
        )

    scale = [1.0, 50.0, 1.0, 0.01, 5.0][seed % 5]
    rate = 0.5 if kind == "map" else 1.5
    rhs, place, M = hidden(rng, kind, latent, 4, n, rate, scale=scale, skew=0.2, offset=0.2)
    count = [150, 150, 140, 100, 90][seed % 5]
    angle = rng.uniform(0, 2 * math.pi, (2, count))
    z = np.stack([np.cos(angle[0]), np.sin(angle[0]), np.cos(angle[1]), np.sin(angle[1])], axis=1)
    z *= rng.uniform(0.7, 1.4, (count, 1)) * np.array([1, 1, second, second])
    words = {"points"} if seed % 5 > 2 else {"surface"}
    ends = {"point": ALL} if seed % 5 > 2 else {"continuum": ALL} if pin == 0 else None
    axis = M[:, 0] if seed % 2 else None
    return case(kind, rhs, place(z, 0.1), T * unit, words, unit=unit, ends=ends, axis=axis)


def ring_wells(seed):
    """Wells round a circle: so weak that T does not see them, strong, or in between."""
    rng = np.random.default_rng(seed)
    n = [6, 2, 15, 40, 10][seed % 5]
    T, tau = [(50, 20.0), (40, 1.0), (30, 1e-2), (100, 10.0), (60, 100.0)][seed % 5]
    wells, depth = [(4, 0.02), (6, 2.0), (2, 0.6), (1, 0.03), (3, 4.0)][seed % 5]
    pull = depth / T

    def latent(xp, z):
        r, angle = polar(xp, z)
        turned = xp.stack([-z[..., 1], z[..., 0]], axis=-1)
        return z * (1 - r**2)[..., None] - (pull * xp.sin(wells * angle))[..., None] * turned

    scale = [1.0, 200.0, 1.0, 0.002, 10.0][seed % 5]
    rhs, place, M = hidden(rng, "flow", latent, 2, n, 1.0, scale=scale, skew=0.25, offset=0.5)
    states = place(on_circle(rng, [60, 100, 150, 50, 120][seed % 5], 0.5, 1.5), 0.15)
    words, ends = [
        ({"ring"}, None),
        ({"points"}, {"point": ALL}),
        ({"moving"}, {"point": ALL}),
        ({"ring"}, None),
        ({"points"}, {"point": ALL}),
    ][seed % 5]
    axis = M[:, 0] if seed % 2 else None
    return case("flow", rhs, states, T * tau, words, unit=tau, ends=ends, axis=axis)


def may_leonard(seed):
    """Three populations in cyclic competition: ever slower turns, a cycle, a point, a family."""
    rng = np.random.default_rng(seed)
    a, b = [(0.8, 1.3), (0.7, 1.6), (0.7, 1.1), (0.6, 1.4), (0.5, 1.8)][seed % 5]
    inflow = [0.0, 1e-4, 0.0, 0.0, 0.0][seed % 5]
    scale, tau = [(1.0, 1.0), (1.0, 10.0), (100.0, 1.0), (0.1, 50.0), (20.0, 0.01)][seed % 5]
    readers = [0, 3, 10, 2, 0][seed % 5]
    A = np.array([[1, a, b], [b, 1, a], [a, b, 1]])
    B = rng.normal(size=(readers, 3))

    def rhs(xp, x):
        u, y = x[..., :3] / scale, x[..., 3:]
        out = [scale * (u * (1 - u @ A.T) + inflow)]
        return xp.concatenate([*out, -y + scale * (u @ B.T)] if readers else out, axis=-1)

    count = [40, 60, 80, 50, 30][seed % 5]
    u = rng.dirichlet([4, 4, 4] if seed % 5 == 3 else [2, 2, 2], count)
    states = scale * np.concatenate([u, 0.5 * rng.normal(size=(count, readers))], axis=1)
    if seed % 5 in (0, 4):
        T = 120 if seed % 5 == 0 else 60
        words = {"moving", "recurrent"} | ({"slow path"} if seed % 5 == 4 else set())
        return case("flow", rhs, states, T * tau, words, unit=tau)
    if seed % 5 == 2:
        return case("flow", rhs, states, 200 * tau, {"point"}, unit=tau, ends={"point": ALL})
    how = {"unit": tau, "ends": {"curve": ALL}}
    if seed % 5 == 1:
        period = turn_time(rhs, states[0], 1500, 400)
        return case("flow", rhs, states, 2.7 * period * tau, {"cycle"}, period=period * tau, **how)
    wide = states[np.argmin(states[:, :3].prod(1) / states[:, :3].sum(1) ** 3)]
    T = 1.4 * turn_time(rhs, wide, 60, 400)
    return case("flow", rhs, states, T * tau, {"cycle"}, axis=np.eye(3 + readers)[0], **how)


def about_the_rest(rng, rhs, count):
    """Draw states on both sides of the unstable cycle round a rest in a plane (time run back)."""
    rest = root(lambda x: rhs(np, x), np.array([-26.0, 0.13]), tol=1e-13).x
    how = {"method": "DOP853", "rtol": 1e-10, "atol": 1e-10}
    start = rest + np.array([0.5, 0.0])
    back = solve_ivp(lambda _, x: -rhs(np, x), (0, 6000), start, **how).y[:, -1]
    once = solve_ivp(lambda _, x: -rhs(np, x), (0, 200), back, max_step=0.2, **how).y.T - rest
    size = np.ptp(once, axis=0)
    angle, radius = np.arctan2(*(once / size).T[::-1]), np.linalg.norm(once / size, axis=1)
    order = np.argsort(angle)
    towards = rng.uniform(-math.pi, math.pi, count)
    edge = np.interp(towards, angle[order], radius[order], period=2 * math.pi)
    inside = rng.permutation(count) < 0.4 * count
    share = np.where(inside, rng.uniform(0.1, 0.8, count), rng.uniform(1.25, 2, count))
    away = (edge * share)[:, None] * np.stack([np.cos(towards), np.sin(towards)], axis=1)
    states = rest + away * size
    return inside, states, turn_time(rhs, np.array([30.0, 0.0]), 4000, 400)


def morris_lecar(seed):
    """Morris-Lecar in mV: back to rest after a spike, spiking, or either from where it begins."""
    rng = np.random.default_rng(seed)
    first = seed % 5 in (3, 4)
    current = [60.0, rng.uniform(100, 120), 90.5, 30.0, rng.uniform(48, 60)][seed % 5]
    ca, v3, v4, phi = (4.0, 12.0, 17.4, 1 / 15) if first else (4.4, 2.0, 30.0, 0.04)
    readers = [0, 4, 0, 10, 2][seed % 5]
    rate = 1 / rng.uniform(5, 40, readers)
    unit = [1.0, 1.0, 1e-3, 1.0, 1e-3][seed % 5]

    def rhs(xp, x):
        v, w, s = x[..., :1], x[..., 1:2], x[..., 2:]
        m = 0.5 * (1 + xp.tanh((v + 1.2) / 18))
        flows = 2 * (v + 60) + ca * m * (v - 120) + 8 * w * (v + 84)
        gate = phi * (0.5 * (1 + xp.tanh((v - v3) / v4)) - w) * xp.cosh((v - v3) / (2 * v4))
        out = [(current - flows) / 20, gate]
        return xp.concatenate([*out, rate * (sigmoid(xp, (v + 10) / 5) - s)], axis=-1)

    count = [50, 40, 60, 100, 30][seed % 5]
    states = np.concatenate(
        [
            rng.uniform(-65, 30, (count, 1)),
            rng.uniform(0.0, 0.5, (count, 1)),
            rng.uniform(0, 1, (count, readers)),
        ],
        axis=1,
    )
    axis = np.eye(2 + readers)[0]
    if seed % 5 in (0, 3):
        ends = {"point": ALL}
        return case("flow", rhs, states, 1000 * unit, {"point"}, unit=unit, ends=ends, axis=axis)
    if seed % 5 == 2:
        inside, states, period = about_the_rest(rng, rhs, count)
        share = float(np.mean(inside))
        ends = {"curve": (0.98 - share, 1.02 - share), "point": (share - 0.02, share + 0.02)}
        how = {"unit": unit, "period": period * unit, "axis": axis, "ends": ends}
        return case("flow", rhs, states, 800 * unit, {"mixture"}, **how)
    period = turn_time(rhs, states[0], 3000, 400)
    how = {"unit": unit, "period": period * unit, "axis": axis, "ends": {"curve": ALL}}
    return case(
        "flow", rhs, states, [0, 2.6, 0, 0, 7.6][seed % 5] * period * unit, {"cycle"}, **how
    )


def conservative(seed):
    """A linear network without loss x' = K x: one turn, about an axis, 2:3, or incommensurate."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.5, 2)
    golden = (1 + math.sqrt(5)) / 2
    ratios = [(1,), (1,), (1, golden), (2, 3), (1, math.sqrt(2), math.sqrt(7))][seed % 5]
    zero, rest = [(0, 0), (1, 0), (0, 6), (0, 1), (0, 0)][seed % 5]
    tau = [1.0, 20.0, 5.0, 1e-3, 1.0][seed % 5]
    low = 2 * len(ratios) + zero
    K = np.zeros((low, low))
    for i, ratio in enumerate(ratios):
        K[2 * i, 2 * i + 1], K[2 * i + 1, 2 * i] = -base * ratio, base * ratio

    def latent(xp, z):
        return z @ K.T

    scale = [1.0, 100.0, 1.0, 1.0, 1e-3][seed % 5]
    rhs, place, M = hidden(rng, "flow", latent, low, low + rest, 1.0, scale=scale, offset=0.3)
    states = place(rng.normal(size=([30, 80, 60, 50, 40][seed % 5], low)), 0.3)
    turn = 2 * math.pi / base
    T = turn * [3.4, 1.5, 10.2, 2.6, 6.3][seed % 5]
    if len(ratios) > 1 and seed % 5 != 3:
        words, ends, period = {"recurrent"}, {"bounded": ALL}, None
    else:
        words, ends, period = {"cycle"}, {"curve": ALL}, turn * tau
    axis = M[:, 0] if seed % 2 else None
    return case("flow", rhs, states, T * tau, words, unit=tau, ends=ends, period=period, axis=axis)


def marginal_decay(seed):
    """x' = −x^p in one or two variables: unmoved over T, an algebraic path, or beside two wells."""
    rng = np.random.default_rng(seed)
    low, n = [(1, 8), (1, 3), (2, 20), (1, 5), (1, 40)][seed % 5]
    T, tau = [(10, 10.0), (6, 1.0), (12, 0.1), (40, 5.0), (8, 100.0)][seed % 5]
    edge = [(-0.05, 0.05), (1.0, 3.0), (-0.04, 0.04), (-2.2, 2.2), (0.6, 1.6)][seed % 5]
    power = [2, 2, 2, 2, 4][seed % 5]

    def latent(xp, z):
        size = (z * z).sum(-1, keepdims=True)
        if seed % 5 == 3:
            return -0.2 * z * size * (size - 1) * (size - 4)
        return -z * size ** (power // 2)

    scale = [20.0, 1.0, 1e3, 0.5, 1.0][seed % 5]
    rhs, place, M = hidden(rng, "flow", latent, low, n, 3.0, scale=scale, offset=0.5)
    count = [60, 40, 120, 100, 50][seed % 5]
    z = rng.uniform(*edge, (count, low))
    states = place(z, 0.1 * edge[1])
    words = [{"line"}, {"slow path"}, {"surface"}, {"still"}, {"slow path"}][seed % 5]
    share = float(np.mean(np.abs(z) > 1))
    ends = {"unknown": ALL}
    if seed % 5 == 3:
        ends = {"point": (share - 0.02, share + 0.02), "unknown": (0.98 - share, 1.02 - share)}
    elif seed % 5 in (0, 2):
        ends = None
    axis = M[:, 0] if seed % 2 else None
    return case("flow", rhs, states, T * tau, words, unit=tau, ends=ends, axis=axis)


def stiff_traces(seed):
    """Synaptic traces of 1 and 1000 time constants that drive fast units; T in between or long."""
    rng = np.random.default_rng(seed)
    slow, fast = [(1, 4), (1, 10), (2, 16), (1, 3), (1, 30)][seed % 5]
    T, tau = [(25, 1.0), (6000, 1.0), (25, 2e-3), (400, 5.0), (700, 1e-3)][seed % 5]
    times = np.array([[1000.0], [1000.0], [900.0, 1000.0], [1000.0], [1000.0]][seed % 5])
    W = rng.normal(size=(fast, slow)) * 0.8
    V = 0.4 * np.linalg.qr(rng.normal(size=(fast, fast)))[0]
    quick = rng.uniform(1, 2, fast)
    rest = [0.0, 0.3, 0.1, 0.0, 0.2][seed % 5]

    def rhs(xp, x):
        s, r = x[..., :slow], x[..., slow:]
        drive = xp.tanh(s @ W.T + r @ V.T)
        return xp.concatenate([(rest - s) / times, (drive - r) / quick], axis=-1)

    count = [50, 40, 120, 60, 80][seed % 5]
    edge = [(-1, 1), (0, 2), (-1, 1), (2, 3), (-0.8, 1.2)][seed % 5]
    states = np.concatenate(
        [rng.uniform(*edge, (count, slow)), 0.5 * rng.normal(size=(count, fast))], axis=1
    )
    words, ends = [
        ({"line"}, None),
        ({"point"}, {"point": ALL}),
        ({"surface"}, None),
        ({"slow path"}, {"point": ALL}),
        ({"moving"}, {"point": ALL}),
    ][seed % 5]
    axis = np.eye(slow + fast)[0]
    return case("flow", rhs, states, T * tau, words, unit=tau, ends=ends, axis=axis)


def hidden_growth(seed):
    """A growing mode under decaying ones: to infinity, to two points, or too slow to be seen."""
    rng = np.random.default_rng(seed)
    kind = ["flow", "map", "flow", "flow", "map"][seed % 5]
    n = [10, 30, 6, 20, 10][seed % 5]
    T, unit = [(30, 10.0), (100, 1.0), (50, 1e-3), (8, 1.0), (50, 5.0)][seed % 5]
    grow = [0.5, 1.15, 0.6, 0.5, 1.003][seed % 5]
    small = [1e-6, 1e-5, 1e-3, 1e-6, 0.02][seed % 5]
    bent = seed % 5 in (2, 3)

    def latent(xp, z):
        return grow * z - z**3 if bent else grow * z

    rate = 0.5 if kind == "map" else 2.0
    scale = [1.0, 1e-3, 100.0, 1.0, 30.0][seed % 5]
    rhs, place, M = hidden(rng, kind, latent, 1, n, rate, scale=scale, offset=0.0)
    count = [40, 60, 100, 80, 50][seed % 5]
    z = small * rng.uniform(0.1, 1, (count, 1)) * rng.choice([-1, 1], (count, 1))
    if seed % 5 == 4:
        z = small * rng.uniform(-1, 1, (count, 1))
    words, ends = [
        ({"diverging"}, {"infinity": ALL}),
        ({"diverging"}, {"infinity": ALL}),
        ({"points"}, {"point": ALL}),
        ({"slow path", "moving"}, {"point": ALL}),
        ({"line"}, {"unknown": ALL}),
    ][seed % 5]
    axis = M[:, 0] if seed % 2 else None
    return case(kind, rhs, place(z, 0.3), T * unit, words, unit=unit, ends=ends, axis=axis)


def drifting_line(seed):
    """Two rectified populations whose difference is held, or drifts at a constant speed to an end."""
    rng = np.random.default_rng(seed)
    m = [1, 5, 15, 8, 40][seed % 5]
    T, tau = [(100, 10.0), (50, 20.0), (80, 1.0), (30, 0.1), (40, 100.0)][seed % 5]
    moved = [0.0, 0.35, 3.0, 0.016, 0.5][seed % 5]
    scale = [1.0, 50.0, 0.1, 5.0, 1.0][seed % 5]
    gain = rng.uniform(0.7, 1.3, (2, m))
    weight = rng.uniform(0.5, 1.5, (2, m))
    weight /= (weight * gain).sum(1, keepdims=True)
    drift = moved / T
    one, two = 1 + drift / 2, 1 - drift / 2

    def rhs(xp, x):
        u = x / scale
        first, second = u[..., :m], u[..., m:]
        up = xp.maximum(one - (second @ weight[1])[..., None], 0.0) * gain[0]
        down = xp.maximum(two - (first @ weight[0])[..., None], 0.0) * gain[1]
        return scale * (xp.concatenate([up, down], axis=-1) - u)

    count = [40, 60, 100, 50, 80][seed % 5]
    edge = [(-0.9, 0.9), (-0.9, -0.1), (-0.9, 0.9), (-0.85, 0.8), (-0.9, 0.9)][seed % 5]
    d = rng.uniform(*edge, (count, 1))
    mean = 1 + rng.uniform(-0.05, 0.05, (count, 1))
    states = np.concatenate([(mean + d) / 2 * gain[0], (mean - d) / 2 * gain[1]], axis=1)
    noise = rng.normal(0, 0.02, states.shape)
    for side, part in enumerate((slice(0, m), slice(m, None))):
        along = noise[:, part] @ weight[side]
        noise[:, part] -= along[:, None] * gain[side]
    states = scale * (states + noise)
    words, ends = [
        ({"line"}, {"continuum": ALL}),
        ({"slow path"}, {"point": ALL}),
        ({"point"}, {"point": ALL}),
        ({"line"}, None),
        ({"moving"}, {"point": ALL}),
    ][seed % 5]
    axis = np.concatenate([weight[0], -weight[1]]) if seed % 2 else None
    return case("flow", rhs, states, T * tau, words, unit=tau, ends=ends, axis=axis)


CLASSES = (
    lstm_counter,
    clipped_integrator,
    gru_rhythm,
    normalised,
    coupled_lattice,
    population_windows,
    chaos_and_rest,
    phase_map,
    delay_line,
    tanh_spiral,
    two_rhythms,
    grid_torus,
    ring_wells,
    may_leonard,
    morris_lecar,
    conservative,
    marginal_decay,
    stiff_traces,
    hidden_growth,
    drifting_line,
)
