"""Twenty further classes of systems whose verdict is known by construction or by integration.

None of the classes of `first_sight_1` is repeated. Each class is a function of a seed that returns
a dict: `system`, `states`, `duration`, `axis`, the `words` that are right for `held`, the shares of
`ends` ({what: (low, high)} or None), the `period` (or None; in the unit of `duration`). `rhs` is the
step or the field in NumPy, `unit` is dt or tau. Periods without a closed form are integrated with
SciPy's DOP853 at 1e-11 (`turn_time`).
"""

import math

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from .first_sight_1 import case

ALL = (0.97, 1.0)


def hidden(rng, kind, latent, low, size, rate, *, scale=1.0, skew=0.4):
    """Put `low` variables into `size` units whose axes are not orthogonal; the rest decays."""
    Q, P = (np.linalg.qr(rng.normal(size=(size, size)))[0] for _ in range(2))
    M = scale * (Q * np.exp(rng.uniform(-skew, skew, size))) @ P
    inverse = np.linalg.inv(M)

    def rhs(xp, x):
        z = x @ inverse.T
        rest = (rate if kind == "map" else -rate) * z[..., low:]
        return xp.concatenate([latent(xp, z[..., :low]), rest], axis=-1) @ M.T

    def place(z, noise):
        rest = noise * rng.normal(size=(len(z), size - low))
        return np.concatenate([z, rest], axis=1) @ M.T

    return rhs, place, M


def turn_time(rhs, x, settle, longest):
    """Return the period of the closed curve of a flow that is reached from x, and a point on it."""

    def field(_, x):
        return rhs(np, x)

    how = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-11 * max(1e-6, np.abs(x).max())}
    x = solve_ivp(field, (0, settle), x, **how).y[:, -1]
    normal = rhs(np, x)

    def section(_, y):
        return normal @ (y - x)

    section.direction = 1
    path = solve_ivp(field, (0, longest), x, events=section, dense_output=True, **how)
    diameter = np.ptp(path.y, axis=1).max()
    for t, y in zip(path.t_events[0], path.y_events[0], strict=True):
        if t > 1e-6 * longest and np.linalg.norm(y - x) < 1e-5 * diameter:
            return t, path.sol(np.linspace(0, t, 401)[:-1]).T
    raise ValueError("the path does not close")


def gated_bits(seed):
    """One to four bits held by populations of gated units (z closes by a mix of all units)."""
    rng = np.random.default_rng(seed)
    bits, m = [(2, 4), (1, 6), (3, 8), (2, 15), (4, 5)][seed % 5]
    dt, T = [(10, 300), (1, 400), (20, 800), (1e-3, 200), (5, 500)][seed % 5]
    n, a = bits * m, rng.uniform(1.6, 3)
    sign = rng.choice([-1, 1], n)
    w, v = rng.uniform(0.7, 1.3, (2, n))
    same = np.kron(np.eye(bits), np.ones((m, m)))
    W = a * same * np.outer(sign * w, sign * v) / m
    U, c = rng.normal(size=(n, n)) / np.sqrt(n), rng.uniform(-2.5, 0, n)

    def rhs(xp, h):
        z = 1 / (1 + xp.exp(-(h @ U.T + c)))
        return (1 - z) * h + z * xp.tanh(h @ W.T)

    number = [60, 40, 100, 30, 150][seed % 5]
    held = rng.choice([-1, 1], (number, bits))
    states = sign * np.repeat(held, m, axis=1) * rng.uniform(0.15, 1, (number, n))
    places = len(np.unique(held, axis=0))
    return case("map", rhs, states, T * dt, {"points"}, unit=dt, ends={"point": ALL}, places=places)


def head_direction(seed):
    """A ring by divisive normalization that a constant velocity turns, slowly or fast."""
    rng = np.random.default_rng(seed)
    n, dt, scale = [(2, 1, 1), (40, 10, 1), (20, 1, 30), (12, 5, 1e-2), (60, 20, 1)][seed % 5]
    turn = [0.3, 4e-4, 0.77, 0.0095, 0.083][seed % 5] * rng.uniform(0.9, 1.1)
    T = [200, 90, 60, 200, 400][seed % 5]
    words = [{"cycle"}, {"ring"}, {"cycle"}, {"slow path"}, {"cycle"}][seed % 5]
    a, alpha = rng.uniform(1.8, 3), rng.uniform(0.2, 0.5)
    R = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])

    def latent(xp, z):
        size = (z * z).sum(-1, keepdims=True)
        return (z * (1 - alpha + alpha * a / (1 + (a - 1) * size))) @ R

    rhs, place, M = hidden(rng, "map", latent, 2, n, 0.7, scale=scale, skew=0.25)
    number = [30, 100, 60, 80, 50][seed % 5]
    angle = rng.uniform(0, 2 * np.pi, number)
    radius = rng.uniform(0.7, 1.3, number)
    z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    period = 2 * np.pi / turn * dt if "cycle" in words else None
    axis = M[:, 0] / np.linalg.norm(M[:, 0])
    more = {"ends": {"curve": ALL} if period else None, "period": period, "axis": axis}
    return case("map", rhs, place(z, 0.1), T * dt, words, unit=dt, **more)


def _flat(rng, n, low, skew):
    """Return n × low matrices U and V with Vᵀ U = 1 that do not span the same space."""
    U = rng.normal(size=(n, low))
    U /= np.linalg.norm(U, axis=0)
    V = U @ np.linalg.inv(U.T @ U)
    across = rng.normal(size=(n, low))
    across -= U @ np.linalg.solve(U.T @ U, U.T @ across)
    return U, V + skew * across / np.linalg.norm(across, axis=0)


def tilted_line(seed):
    """Rectified units of rank one that integrate with a leak; they read out along another line."""
    rng = np.random.default_rng(seed)
    n, alpha, dt, scale = [
        (30, 0.2, 20, 1),
        (10, 0.1, 1, 10),
        (50, 0.1, 10, 1),
        (100, 0.5, 1, 1),
        (6, 0.05, 1e-3, 1e-3),
    ][seed % 5]
    T = [100, 400, 150, 80, 1000][seed % 5]
    leaked = [0.012, 6, 0.7, 0.18, 15][seed % 5]
    words = [{"line"}, {"point"}, {"slow path"}, {"line"}, {"point"}][seed % 5]
    rest = [0.2, 0.3, 4.0, 0.0, -2.0][seed % 5]
    U, V = _flat(rng, n, 1, rng.uniform(0.5, 1.5))
    leak = leaked / (alpha * T)
    W = (1 - leak) * U @ V.T
    center = scale * (5 + rng.uniform(0.5, 2, n))
    point = center + scale * rest * U[:, 0]

    def rhs(xp, r):
        drive = (r - point) @ W.T + point
        return (1 - alpha) * r + alpha * xp.where(drive > 0, drive, 0.0)

    number = [60, 40, 50, 120, 25][seed % 5]
    states = center + scale * np.linspace(-1, 1, number)[:, None] * U[:, 0]
    states = states + scale * 0.1 * rng.normal(size=(number, n)) / np.sqrt(n)
    ends = {"point": ALL} if "point" in words else None
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends, axis=V[:, 0])


def two_pieces(seed):
    """A value and a category kept together: two or three pieces of a line beside one another."""
    rng = np.random.default_rng(seed)
    n, dt, scale = [(2, 1, 1), (10, 20, 1), (30, 1, 50), (5, 1, 1e-2), (64, 10, 1)][seed % 5]
    T = [60, 100, 250, 40, 500][seed % 5]
    pieces = [2, 2, 3, 3, 2][seed % 5]
    alpha, a, shift = rng.uniform(0.3, 0.8), rng.uniform(1.8, 2.6), rng.uniform(-0.4, 0.4)

    def latent(xp, z):
        u, v = z[..., :1], z[..., 1:]
        if pieces == 2:
            new = (1 - alpha) * v + alpha * xp.tanh(a * v)
        else:
            new = v - alpha * xp.sin(2 * np.pi * v) / (2 * np.pi)
        return xp.concatenate([u + shift * (new - v), new], axis=-1)

    rhs, place, M = hidden(rng, "map", latent, 2, n, 0.6, scale=scale)
    number = [40, 80, 90, 60, 120][seed % 5]
    level = np.arange(number) % pieces - (pieces - 1) / 2
    level = level * (1.6 if pieces == 2 else 1.0)
    v = level + rng.uniform(-0.3, 0.3, number)
    z = np.stack([rng.uniform(-1, 1, number), v], 1)
    axis = np.linalg.inv(M)[0]
    ends = {"continuum": ALL}
    words = {"still", "line", "lines"}  # the list gives "still", the sentence "two lines"
    return case(
        "map", rhs, place(z, 0.1), T * dt, words, unit=dt, ends=ends, axis=axis, pieces=pieces
    )


def relu_sheet(seed):
    """A plane of fixed points in 12 to 100 rectified units: two values are held at once."""
    rng = np.random.default_rng(seed)
    n, alpha, dt, scale = [
        (12, 0.2, 10, 1),
        (40, 0.1, 1, 20),
        (100, 1.0, 1, 1),
        (25, 0.05, 2, 1e-3),
        (60, 0.5, 20, 1),
    ][seed % 5]
    T = [100, 200, 30, 300, 100][seed % 5]
    leaked = [0, 0.02, 0, 0, 0.03][seed % 5]
    U, V = _flat(rng, n, 2, rng.uniform(0.3, 0.8))
    W = (1 - leaked / (alpha * T)) * U @ V.T
    center = scale * (3 + rng.uniform(0.5, 2, n))

    def rhs(xp, r):
        drive = (r - center) @ W.T + center
        return (1 - alpha) * r + alpha * xp.where(drive > 0, drive, 0.0)

    number = [80, 100, 120, 60, 150][seed % 5]
    z = rng.uniform(-1, 1, (number, 2)) * [1, rng.uniform(0.6, 1)]
    states = center + scale * (z @ U.T + 0.1 * rng.normal(size=(number, n)) / np.sqrt(n))
    ends = None if leaked else {"continuum": ALL}
    return case("map", rhs, states, T * dt, {"surface"}, unit=dt, ends=ends, axis=V[:, 0])


def closed_gates(seed):
    """Gated units whose gates are nearly shut, tried for a short time or for long enough."""
    rng = np.random.default_rng(seed)
    n, bias, T, dt = [
        (8, -9, 100, 1),
        (20, -5, 4000, 1),
        (50, -8, 30, 20),
        (12, -1, 150, 10),
        (30, -10, 300, 5),
    ][seed % 5]
    words = [{"still"}, {"point"}, {"still"}, {"point"}, {"still"}][seed % 5]
    W = rng.normal(size=(n, n))
    W *= rng.uniform(0.5, 0.8) / np.abs(W).sum(1, keepdims=True)
    U, b = rng.normal(size=(n, n)) / np.sqrt(n), 0.5 * rng.normal(size=n)

    def rhs(xp, h):
        z = 1 / (1 + xp.exp(-(0.5 * h @ U.T + bias)))
        return (1 - z) * h + z * xp.tanh(h @ W.T + b)

    states = rng.uniform(-0.9, 0.9, ([50, 30, 80, 100, 60][seed % 5], n))
    ends = {"point": ALL} if "point" in words else None
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends)


def strange_maps(seed):
    """The maps of Hénon, Ikeda, Lozi and Rulkov, alone or among units that decay."""
    rng = np.random.default_rng(seed)

    def henon(xp, z):
        x, y = z[..., 0], z[..., 1]
        return xp.stack([1 - 1.4 * x * x + y, 0.3 * x], -1)

    def ikeda(xp, z):
        x, y = z[..., 0], z[..., 1]
        t = 0.4 - 6 / (1 + x * x + y * y)
        c, s = xp.cos(t), xp.sin(t)
        return xp.stack([1 + 0.9 * (x * c - y * s), 0.9 * (x * s + y * c)], -1)

    def lozi(xp, z):
        x, y = z[..., 0], z[..., 1]
        return xp.stack([1 - 1.7 * xp.abs(x) + y, 0.5 * x], -1)

    def rulkov(xp, z):
        x, y = z[..., 0], z[..., 1]
        return xp.stack([4.3 / (1 + x * x) + y, y - 0.005 * (x + 1)], -1)

    latent = [henon, ikeda, lozi, henon, rulkov][seed % 5]
    n, dt, scale = [(2, 1, 1), (6, 10, 10), (2, 1, 1e-3), (12, 1, 100), (4, 1, 1)][seed % 5]
    T, number = [(100, 50), (60, 100), (400, 30), (30, 60), (1000, 20)][seed % 5]
    rhs, place, _ = hidden(rng, "map", latent, 2, n, 0.5, scale=scale)
    z = rng.uniform(-0.2, 0.2, (number, 2))
    if latent is rulkov:
        z += [-1, -3.2]
    elif latent is ikeda:
        z += [0.5, 0]
    ends = {"bounded": (0.95, 1.0)}
    return case("map", rhs, place(z, 0.1), T * dt, {"recurrent"}, unit=dt, ends=ends)


def biased_choice(seed):
    """A network of rank one with tanh that chooses, with an input that favors one choice."""
    rng = np.random.default_rng(seed)
    n, alpha, dt = [(40, 0.1, 10), (20, 0.2, 1), (100, 0.5, 1), (60, 0.05, 2), (12, 0.3, 20)][
        seed % 5
    ]
    gain = [1.8, 1.7, 0.6, 2.5, 1.9][seed % 5] * rng.uniform(0.95, 1.05)
    part = [0.4, 2.0, 1.0, -0.3, -1.8][seed % 5]  # of the bias at which a choice is lost
    T = [300, 200, 60, 400, 150][seed % 5]
    sign = rng.choice([-1, 1], n)
    m, weight = sign * rng.uniform(0.6, 1.4, n), rng.uniform(0.5, 1.5, n)
    k = sign * weight / np.mean(sign * weight * m)

    def fed(y):
        return gain * np.mean(k * np.tanh(m * y))

    def slope(y):
        return gain * np.mean(k * m / np.cosh(m * y) ** 2) - 1

    if gain > 1:
        fold = brentq(slope, 1e-6, 20)
        bias = part * (fed(fold) - fold)
    else:
        bias = 0.3 * part
    grid = np.linspace(-8, 8, 4002)
    value = np.array([fed(y) + bias - y for y in grid])
    places = int(((value[:-1] > 0) & (value[1:] < 0)).sum())

    def rhs(xp, x):
        y = gain * (xp.tanh(x) * k).mean(-1, keepdims=True) + bias
        return (1 - alpha) * x + alpha * y * m

    number = [60, 40, 100, 80, 30][seed % 5]
    y = rng.normal(size=(number, 1)) * 1.5
    states = y * m + 0.3 * rng.normal(size=(number, n))
    word = "point" if places == 1 else "points"
    ends = {"point": ALL}
    return case("map", rhs, states, T * dt, {word}, unit=dt, ends=ends, axis=m / n, places=places)


def brain_in_a_box(seed):
    """Linear feedback that is clipped: states run into the corners of a box, each of them stable."""
    rng = np.random.default_rng(seed)
    n, alpha, scale, dt = [
        (4, 0.1, 1, 1),
        (10, 0.3, 1, 10),
        (30, 0.05, 100, 1),
        (64, 0.2, 1e-2, 1),
        (3, 0.02, 1, 5),
    ][seed % 5]
    T = [150, 60, 500, 100, 1000][seed % 5]
    off = rng.normal(size=(n, n)) * (1 - np.eye(n))
    W = np.eye(n) + rng.uniform(0.4, 0.7) * off / np.abs(off).sum(1, keepdims=True)

    def rhs(xp, x):
        return xp.clip(x + alpha * x @ W.T, -scale, scale)

    number = [50, 80, 40, 60, 120][seed % 5]
    size = rng.uniform(0.05, 0.6, (number, n))
    states = scale * rng.choice([-1, 1], (number, n)) * size
    return case("map", rhs, states, T * dt, {"points"}, unit=dt, ends={"point": ALL})


def fading_memory(seed):
    """A reservoir of leaky units that forgets: its step is a contraction; T is short or long."""
    rng = np.random.default_rng(seed)
    n, alpha, dt = [(100, 0.3, 1), (40, 0.1, 10), (60, 0.02, 1), (80, 1.0, 1), (30, 0.05, 20)][
        seed % 5
    ]
    T = [100, 150, 30, 40, 10][seed % 5]
    words = [{"point"}, {"point"}, {"moving"}, {"point"}, {"moving"}][seed % 5]
    W = rng.normal(size=(n, n))
    W *= rng.uniform(0.7, 0.95) / np.linalg.norm(W, 2)
    b = rng.normal(size=n) * 0.4

    def rhs(xp, x):
        return (1 - alpha) * x + alpha * xp.tanh(x @ W.T + b)

    states = rng.uniform(-1, 1, ([100, 50, 60, 25, 150][seed % 5], n))
    return case("map", rhs, states, T * dt, words, unit=dt, ends={"point": ALL})


def orthogonal_net(seed):
    """A linear network that keeps every length: rotations and permutations in one to three planes."""
    rng = np.random.default_rng(seed)
    golden = (math.sqrt(5) - 1) / 2
    turns = [[0.7], [0.9, 0.9 * golden], [], [1.3, 0.5 * math.sqrt(2)], [0.4, 1.1, 2.0 * golden]][
        seed % 5
    ]
    n, dt, scale = [(2, 1, 1), (4, 10, 1), (7, 1, 5), (5, 1, 1e-3), (6, 20, 100)][seed % 5]
    T = [100, 200, 60, 80, 150][seed % 5]
    A = np.eye(n)
    for i, turn in enumerate(turns):
        c, s = math.cos(turn), math.sin(turn)
        A[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, -s], [s, c]]
    if not turns:  # the first three units change places, and the other four
        A = np.eye(7)[[1, 2, 0, 4, 5, 6, 3]]

    def latent(xp, z):
        return z @ A.T

    rhs, place, _ = hidden(rng, "map", latent, n, n, 0.0, scale=scale, skew=0.2)
    states = place(rng.normal(size=([40, 30, 60, 50, 25][seed % 5], n)), 0.0)
    words, ends, period = {"recurrent"}, {"bounded": (0.95, 1.0)}, None
    if seed % 5 in (0, 2):
        words, ends = {"cycle"}, {"curve": ALL}
        period = (2 * math.pi / 0.7 if turns else 12) * dt
    return case("map", rhs, states, T * dt, words, unit=dt, ends=ends, period=period)


def ei_rhythm(seed):
    """Excitatory and inhibitory units after Wilson and Cowan, with and without their rhythm."""
    rng = np.random.default_rng(seed)
    n, tau = [(1, 10), (5, 1), (20, 8), (3, 1e-2), (40, 15)][seed % 5]
    drive = [1.25, 1.4, 0.2, 1.15, 1.3][seed % 5]
    theta_e, theta_i = 4 + 0.1 * rng.normal(size=n), 3.7 + 0.1 * rng.normal(size=n)

    def sigmoid(xp, u, a, theta):
        return 1 / (1 + xp.exp(-a * (u - theta))) - 1 / (1 + xp.exp(a * theta))

    def rhs(xp, r):
        e, i = r[..., :n], r[..., n:]
        E, I = e.mean(-1, keepdims=True), i.mean(-1, keepdims=True)  # noqa: E741
        new = (1 - e) * sigmoid(xp, 16 * E - 12 * I + drive, 1.3, theta_e)
        other = (1 - i) * sigmoid(xp, 15 * E - 3 * I, 2.0, theta_i)
        return xp.concatenate([-e + new, -i + other], -1)

    states = rng.uniform(0, 0.45, ([40, 60, 50, 30, 80][seed % 5], 2 * n))
    axis = np.concatenate([np.ones(n), np.zeros(n)]) / n
    if drive < 0.5:
        ends = {"point": ALL}
        return case("flow", rhs, states, 40 * tau, {"point"}, unit=tau, ends=ends, axis=axis)
    period, _ = turn_time(rhs, states[0], 400, 40)
    T = [5, 2, 0, 12, 30][seed % 5] * period
    more = {"ends": {"curve": ALL}, "period": period * tau, "axis": axis}
    return case("flow", rhs, states, T * tau, {"cycle"}, unit=tau, **more)


def neutral_species(seed):
    """Predators and prey after Lotka and Volterra, and rock, paper, scissors: each its own curve."""
    rng = np.random.default_rng(seed)
    tau, scale, number = [(1, 1, 40), (1e3, 100, 30), (1, 1, 60), (10, 1e-3, 25), (5, 10, 50)][
        seed % 5
    ]
    a, b, c = rng.uniform(0.6, 1.6, 3)
    if seed % 5 in (2, 4):
        A = np.array([[0, -c, b], [c, 0, -a], [-b, a, 0]])

        def latent(xp, z):
            return z * (z @ A.T)

        size = [0, 0, 3, 0, 10][seed % 5]
        rhs, place, _ = hidden(rng, "flow", latent, 3, size, 1.0, scale=scale)
        middle = np.array([a, b, c]) / (a + b + c)
        corner = rng.dirichlet(np.ones(3), number)
        z = middle + rng.uniform(0.25, 0.6, (number, 1)) * (corner - middle)
        states = place(z, 0.0)
    else:

        def rhs(xp, x):
            prey, others = x[..., 0], x[..., 1]
            return xp.stack([prey * (a - b * others / scale), others * (prey / scale - c)], -1)

        angle, size = rng.uniform(0, 2 * np.pi, number), rng.uniform(0.3, 0.9, number)
        away = np.stack([np.cos(angle), np.sin(angle)], 1) * size[:, None]
        states = scale * np.array([c, a / b]) * np.exp(away)
    longest = max(turn_time(rhs, x, 0.0, 60)[0] for x in states)
    T = [3, 1.5, 6, 20, 2.5][seed % 5] * longest
    return case("flow", rhs, states, T * tau, {"cycle"}, unit=tau, ends={"curve": ALL})


def strange_flows(seed):
    """The flows of Lorenz and of Rössler, in their own variables or mixed into up to 20 units."""
    rng = np.random.default_rng(seed)
    rho = [28, 28, 0, 40, 0][seed % 5]

    def latent(xp, z):
        x, y, w = z[..., 0], z[..., 1], z[..., 2]
        if rho:
            return xp.stack([10 * (y - x), x * (rho - w) - y, x * y - 8 / 3 * w], -1)
        return xp.stack([-y - w, x + 0.2 * y, 0.2 + w * (x - 5.7)], -1)

    n, tau, scale = [(3, 1, 1e-2), (20, 10, 1), (3, 1, 1), (6, 1e-3, 10), (8, 100, 0.1)][seed % 5]
    T, number = [(10, 50), (30, 40), (120, 30), (5, 80), (60, 25)][seed % 5]
    rhs, place, _ = hidden(rng, "flow", latent, 3, n, 1.0, scale=scale)
    z = rng.normal(size=(number, 3)) * 3 + ([2, 3, 20] if rho else [0, 0, 0])
    if not rho:
        z[:, 2] = np.abs(z[:, 2]) * 0.1
    ends = {"bounded": (0.95, 1.0)}
    return case("flow", rhs, place(z, 0.1), T * tau, {"recurrent"}, unit=tau, ends=ends)


def bursting(seed):
    """The neuron of Hindmarsh and Rose at five inputs: it rests, spikes, or bursts."""
    rng = np.random.default_rng(seed)
    current = [2.0, 5.0, 0.4, 3.25, 1.6][seed % 5]
    slow = [0.006, 0.006, 0.01, 0.006, 0.01][seed % 5]
    tau, scale = [(1, 1), (1, 20), (2, 1), (1, 1), (0.5, 0.1)][seed % 5]
    number = [20, 40, 50, 25, 30][seed % 5]

    def rhs(xp, s):
        x, y, z = s[..., 0] / scale, s[..., 1] / scale, s[..., 2] / scale
        v = y - x**3 + 3 * x * x - z + current
        return scale * xp.stack([v, 1 - 5 * x * x - y, slow * (4 * (x + 1.6) - z)], -1)

    low = [[-1.5, -6, 1.6], [-1, -5, 4], [-1.6, -12, 0], [-1, -5, 2.8], [-1.5, -6, 1.3]]
    states = np.array(low[seed % 5]) + rng.uniform(0, 1, (number, 3)) * [1, 4, 0.4]
    states = scale * states
    axis = np.array([1.0, 0, 0])
    more = {"unit": tau, "axis": axis}
    if seed % 5 == 2:
        return case("flow", rhs, states, 900 * tau, {"point"}, ends={"point": ALL}, **more)
    if seed % 5 == 3:
        ends = {"bounded": (0.95, 1.0)}
        return case("flow", rhs, states, 1500 * tau, {"recurrent"}, ends=ends, **more)
    period, _ = turn_time(rhs, states[0], 6000, 1500)
    T = [3, 20, 0, 0, 1.6][seed % 5] * period
    more |= {"ends": {"curve": ALL}, "period": period * tau}
    return case("flow", rhs, states, T * tau, {"cycle"}, **more)


def rank_two_rhythm(seed):
    """A network of rank two with tanh whose two loops chase one another."""
    rng = np.random.default_rng(seed)
    n, tau = [(30, 10), (50, 1), (80, 20), (20, 1e-3), (100, 100)][seed % 5]
    a, b = rng.uniform(1.8, 3), [0.8, 1.5, 1.0, 0.6, 2.0][seed % 5] * rng.uniform(0.9, 1.1)
    angle = 2 * np.pi * (np.arange(n) + 0.3 * rng.uniform(-1, 1, n)) / n
    m = rng.uniform(0.8, 1.2, (n, 1)) * np.stack([np.cos(angle), np.sin(angle)], 1)
    k = 2 / n * m @ np.array([[a, b], [-b, a]])

    def rhs(xp, x):
        return -x + xp.tanh(x) @ k @ m.T

    start = rng.normal(size=([40, 60, 50, 100, 30][seed % 5], 2)) @ m.T
    states = start + 0.3 * rng.normal(size=start.shape)
    period, path = turn_time(rhs, states[0], 150, 60)
    T = [4, 15, 0.4, 50, 1.7][seed % 5] * period
    more = {"unit": tau, "ends": {"curve": ALL}, "axis": m[:, 0] / n}
    if seed % 5 == 2:  # too short for a turn: states on the curve go along it
        return case("flow", rhs, path[:: 400 // 50], T * tau, {"slow path"}, **more)
    return case("flow", rhs, states, T * tau, {"cycle"}, period=period * tau, **more)


def double_well(seed):
    """Duffing's two wells with friction that is little, less, or none."""
    rng = np.random.default_rng(seed)
    n, tau, scale = [(2, 1, 1), (2, 5, 10), (12, 1, 1), (2, 1, 1e-2), (30, 10, 1)][seed % 5]
    friction = [0.15, 0.02, 0.4, 0.0, 0.06][seed % 5]
    T = [100, 25, 60, 30, 10][seed % 5]
    words = [{"points"}, {"moving"}, {"points"}, {"cycle"}, {"moving"}][seed % 5]

    def latent(xp, z):
        x, v = z[..., 0], z[..., 1]
        return xp.stack([v, x - x**3 - friction * v], -1)

    rhs, place, M = hidden(rng, "flow", latent, 2, n, 1.0, scale=scale, skew=0.3)
    z = rng.uniform([-1.6, -0.8], [1.6, 0.8], (400, 2))
    energy = z[:, 1] ** 2 / 2 - z[:, 0] ** 2 / 2 + z[:, 0] ** 4 / 4
    z = z[np.abs(energy) > 0.06][: [60, 40, 100, 50, 80][seed % 5]]
    ends = {"curve": ALL} if friction == 0 else {"point": ALL}
    axis = np.linalg.inv(M)[0]
    return case("flow", rhs, place(z, 0.1), T * tau, words, unit=tau, ends=ends, axis=axis)


def population_spikes(seed):
    """A population with facilitation and depression after Mongillo, Barak and Tsodyks."""
    rng = np.random.default_rng(seed)
    tau, T = 13.0, [3, 0, 10, 25, 0][seed % 5]
    J, current = [(4, -2), (5, 8), (5, -2), (6, -2), (4, 2)][seed % 5]
    recovery, number = [(200, 30), (200, 50), (400, 40), (400, 20), (200, 60)][seed % 5]

    def rhs(xp, s):
        E, x, u = s[..., 0], s[..., 1], s[..., 2]
        rate = 1.5 * xp.logaddexp((J * u * x * E + current) / 1.5, 0.0)
        dx = (1 - x) / recovery - u * x * E / 1000
        du = (0.3 - u) / 1500 + 0.3 * (1 - u) * E / 1000
        return xp.stack([-E + rate, tau * dx, tau * du], -1)

    states = rng.uniform([10, 0.5, 0.4], [40, 0.9, 0.7], (number, 3))
    if not T:
        T = [0, 10_000, 0, 0, 6000][seed % 5]
        return case("flow", rhs, states, T, {"point"}, unit=tau, ends={"point": ALL})
    period, _ = turn_time(rhs, states[0], 2000, 300)
    more = {"unit": tau, "ends": {"curve": ALL}, "period": period * tau}
    return case("flow", rhs, states, T * period * tau, {"cycle"}, **more)


def amplitude_death(seed):
    """Oscillators of Stuart and Landau whose coupling silences them; T is short or long."""
    rng = np.random.default_rng(seed)
    number, spread, K = [(2, 5, 2.5), (6, 8, 3), (15, 8, 2.5), (4, 7, 2.5), (25, 10, 3)][seed % 5]
    tau, scale = [(1, 1), (10, 1), (1, 50), (1e-2, 1), (20, 1e-2)][seed % 5]
    turn = 3 + np.linspace(-spread, spread, number) + 0.1 * rng.normal(size=number)
    A = np.diag(1 - K + 1j * turn) + K / number
    slowest = -np.linalg.eigvals(A).real.max()

    def rhs(xp, s):
        s = s / scale
        x, y = s[..., :number], s[..., number:]
        size = x * x + y * y
        X, Y = x.mean(-1, keepdims=True) - x, y.mean(-1, keepdims=True) - y
        dx = (1 - size) * x - turn * y + K * X
        dy = (1 - size) * y + turn * x + K * Y
        return scale * xp.concatenate([dx, dy], -1)

    T = [8, 12, 0.5, 30, 6][seed % 5] / slowest
    words = {"moving"} if seed % 5 == 2 else {"point"}
    states = scale * rng.normal(size=([40, 50, 100, 30, 60][seed % 5], 2 * number)) * 0.7
    more = {"unit": tau, "ends": {"point": ALL}}
    return case("flow", rhs, states, T * tau, words, **more)


def supralinear(seed):
    """Units with a square: weak activity comes to rest, strong activity explodes, or inhibition wins."""
    rng = np.random.default_rng(seed)
    n, tau = [(3, 10), (10, 1), (30, 20), (2, 10), (60, 5)][seed % 5]
    number = [60, 100, 50, 40, 150][seed % 5]
    h = rng.uniform(0.8, 1.2, n)
    if seed % 5 == 3:  # stabilized by inhibition (after Ahmadian and others)
        W, k, h = np.array([[1.25, -0.65], [1.2, -0.5]]), 0.04, np.array([8.0, 8.0])
    else:
        k = 0.2 * rng.uniform(0.8, 1.1)
        W = np.ones((n, n)) / n * rng.uniform(0.7, 1.3, (n, n))

    def rhs(xp, r):
        u = r @ W.T + h
        return -r + k * xp.where(u > 0, u, 0.0) ** 2

    if seed % 5 == 3:
        states = rng.uniform(0, 20, (number, n))
        return case("flow", rhs, states, 20 * tau, {"point"}, unit=tau, ends={"point": ALL})
    above = rng.random(number) < [0.4, 0.6, 0.5, 0, 0.3][seed % 5]
    middle = np.where(above, rng.uniform(4.5, 8, number), rng.uniform(0, 1.3, number))
    states = middle[:, None] * rng.uniform(0.8, 1.2, (number, n))
    share = float(above.mean())
    ends = {"infinity": (share - 0.02, share + 0.02), "point": (0.98 - share, 1.02 - share)}
    T = [20, 8, 40, 0, 15][seed % 5] * tau
    return case("flow", rhs, states, T, {"mixture"}, unit=tau, ends=ends)


CLASSES = (
    gated_bits,
    head_direction,
    tilted_line,
    two_pieces,
    relu_sheet,
    closed_gates,
    strange_maps,
    biased_choice,
    brain_in_a_box,
    fading_memory,
)
CLASSES += (
    orthogonal_net,
    ei_rhythm,
    neutral_species,
    strange_flows,
    bursting,
    rank_two_rhythm,
    double_well,
    population_spikes,
    amplitude_death,
    supralinear,
)
