"""Twenty classes of trained and fitted networks and of rate and map models, by an outside referee.

Each class is a function of a seed that returns a dict: `system`, `states`, `duration`, `axis`, the
`words` that are right for `held`, the shares of `ends` ({what: (low, high)} or None), the `period`
(or None; in the unit of `duration`; for a map that goes round smoothly, of one turn). `rhs` is the
step or the field in NumPy, `unit` is dt or tau. The truth is by construction, in closed form, from
SciPy's DOP853, or from iteration in float64; `held_words` judges sets of states by the
definitions of docs/reference/verdict.md, with 20 % to either side of their thresholds.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp
from scipy.spatial.distance import cdist

from .first_sight_1 import case
from .first_sight_3 import hidden

ALL = (0.97, 1.0)


def in_units(kind, rhs, scale, offset=0.0):
    """Return a right-hand side in other units of its variables: new = scale old + offset."""

    def other(xp, x):
        out = rhs(xp, (x - offset) / scale) * scale
        return out + offset if kind == "map" else out

    return other


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
    extent = np.ptp(path.y, axis=1) + 1e-9
    for t, y in zip(path.t_events[0], path.y_events[0], strict=True):
        if t > 1e-6 * longest and np.abs((y - x) / extent).max() < 1e-4:
            return t
    raise ValueError("the path does not close")


def map_turn(rhs, x, settle=5000, steps=20000):
    """Return the mean steps of a map's turn in the plane of its two largest components."""
    for _ in range(settle):
        x = rhs(np, x)
    path = np.empty((steps, len(x)))
    for i in range(steps):
        path[i] = x
        x = rhs(np, x)
    extent = np.ptp(path, axis=0)
    path -= (path.max(0) + path.min(0)) / 2
    plane = path @ np.linalg.svd(path[:3000], full_matrices=False)[2][:2].T
    if np.linalg.norm(plane, axis=1).min() < 0.02 * np.linalg.norm(extent):
        raise ValueError("the path does not go round")
    angle = np.unwrap(np.arctan2(plane[:, 1], plane[:, 0]))
    return 2 * np.pi * (steps - 1) / abs(angle[-1] - angle[0])


def forward(kind, rhs, states, times):
    """Yield the states at increasing times (steps of a map, units of time of a flow)."""
    shape = states.shape
    if kind == "map":
        x, now = states, 0
        for t in times:
            while now < t:
                x, now = rhs(np, x), now + 1
            yield x
        return
    spread = 1e-10 * max(1e-9, np.abs(states).max(0).min())
    path = solve_ivp(
        lambda _, y: rhs(np, y.reshape(shape)).ravel(),
        (0, times[-1]),
        states.ravel(),
        method="DOP853",
        t_eval=times,
        rtol=1e-9,
        atol=spread,
    )
    for y in path.y.T:
        yield y.reshape(shape)


def growth(kind, rhs, x):
    """Return the size of the slowest mode at a fixed point: below 1 of a map, below 0 of a flow."""
    values = np.linalg.eigvals(jacobian(rhs, x))
    return np.abs(values).max() if kind == "map" else values.real.max()


def jacobian(rhs, x):
    """Return the derivative at one state by central differences."""
    h = 1e-6 * np.maximum(np.abs(x), 1e-3 * np.abs(x).max() + 1e-12)
    H = np.diag(h)
    return ((rhs(np, x + H) - rhs(np, x - H)) / (2 * h)[:, None]).T


def resting_places(kind, rhs, states, long):
    """Return the stable points that states come to after a long time, and the index of each."""
    (x,) = forward(kind, rhs, states, [long])
    for _ in range(5):
        A = np.array([jacobian(rhs, y) for y in x])
        miss = rhs(np, x) - (x if kind == "map" else 0)
        A = A - np.eye(x.shape[1]) if kind == "map" else A
        x = x - np.linalg.solve(A, miss[..., None])[..., 0]
    (near,) = forward(kind, rhs, states, [long])
    size = cdist(states, states).max()
    if np.linalg.norm(near - x, axis=1).max() > 1e-4 * size:
        raise ValueError("some states do not come to rest")
    places, index = [], []
    for y in x:
        far = [np.linalg.norm(y - p) for p in places]
        if not far or min(far) > 1e-5 * size:
            places.append(y)
            far.append(0.0)
        index.append(int(np.argmin(far)))
    if max(growth(kind, rhs, p) for p in places) > (1 - 1e-7 if kind == "map" else -1e-7):
        raise ValueError("a point is not stable")
    return np.array(places), np.array(index)


def left_to_go(states, at, places, index):
    """Return which part of the way is left for 95 % of the states."""
    between = cdist(places, places) + np.diag(np.full(len(places), np.inf))
    whole = cdist(states, states).max() if len(places) == 1 else between.min(1)[index]
    return np.quantile(np.linalg.norm(at - places[index], axis=1) / whole, 0.95)


def points_word(index):
    """Return the words for states that have come to rest at points with these indices."""
    share = np.bincount(index).max() / len(index)
    return {"point"} if share == 1 else {"points"} if share < 0.93 else {"point", "points"}


def resting(kind, rhs, states, duration, long, limit=1000.0):
    """Return words and a duration, lengthened where 95 % are not at their points after it."""
    places, index = resting_places(kind, rhs, states, long)
    while True:
        (at,) = forward(kind, rhs, states, [duration])
        if left_to_go(states, at, places, index) < 0.04:
            return points_word(index), duration
        duration = math.ceil(1.3 * duration) if kind == "map" else 1.3 * duration
        if duration > limit:
            raise ValueError("the points are too slow")


def neighbors(x):
    """Return the pairs of the relative neighborhood graph."""
    D = cdist(x, x)
    pairs = []
    for i in range(len(x)):
        for j in range(i):
            between = np.maximum(D[i], D[j])
            between[[i, j]] = np.inf
            if between.min() >= D[i, j]:
                pairs.append((j, i))
    return pairs


def spread_out(x, count):
    """Return rows far apart: the farthest from the mean, then each the farthest from those."""
    rows = [int(np.argmax(np.linalg.norm(x - x.mean(0), axis=1)))]
    far = np.linalg.norm(x - x[rows[0]], axis=1)
    while len(rows) < min(count, len(x)) and far.max() > 1e-9 * np.abs(x).max():
        rows.append(int(np.argmax(far)))
        far = np.minimum(far, np.linalg.norm(x - x[rows[-1]], axis=1))
    return rows


def unbroken(kind, rhs, x, pairs, times, limit):
    """Tell which gaps have no point that moves by more than a limit along the gap."""
    a, b = (x[[pair[k] for pair in pairs]] for k in (0, 1))
    along = (b - a) / np.maximum(np.linalg.norm(b - a, axis=1), 1e-300)[:, None]
    probes = np.concatenate([a + f * (b - a) for f in (0.25, 0.5, 0.75)])
    along = np.tile(along, (3, 1))
    moved = np.zeros(len(probes))
    for y in forward(kind, rhs, probes, times):
        moved = np.maximum(moved, np.abs(((y - probes) * along).sum(1)))
    return moved.reshape(3, -1).max(0) <= limit


def pieces_of(count, pairs):
    """Return the label of the piece of each of `count` states that pairs join."""
    label = np.arange(count)
    for i, j in pairs:
        label[label == label[i]] = label[j]
    return label


def set_word(kind, rhs, x, moved, E, times, ease, more, rng):
    """Return line, ring, surface, still or None of settled states, thresholds eased."""
    if moved > 0.15 * ease:
        return None
    limit = (0.05 if moved <= 0.05 * ease else 0.15) * ease
    for part in (limit, 0.15 * ease):
        pairs = neighbors(x)
        whole = unbroken(kind, rhs, x, pairs, times, part * E)
        pairs = [p for p, ok in zip(pairs, whole, strict=True) if ok]
        label = pieces_of(len(x), pairs)
        groups = [np.flatnonzero(label == k) for k in np.unique(label)]
        long = [g for g in groups if len(g) > 2 and cdist(x[g], x[g]).max() >= 0.1 * E / ease]
        if max(len(g) for g in groups) >= 0.95 * len(x) or sum(map(len, long)) >= 0.95 * len(x):
            break
    else:
        return "still"
    rows = spread_out(x, 48)
    links = neighbors(x[rows])
    joined = unbroken(kind, rhs, x[rows], links, times, part * E)
    links = [p for p, ok in zip(links, joined, strict=True) if ok]
    degree = np.bincount(np.array(links).ravel(), minlength=len(rows))
    one = np.mean(degree <= 2) >= 0.9 - 0.25 * (more - 1)
    many = max(len(g) for g in groups) < 0.95 * len(x)
    if many and not one:
        return "still"
    aside, base, spans = [], [], []
    for i in range(len(x)):
        beside = [b if a == i else a for a, b in pairs if i in (a, b)]
        if not beside:
            continue
        V = np.linalg.svd(x[beside] - x[i], full_matrices=False)[2][: 1 if one else 2]
        push = rng.normal(size=x.shape[1])
        push -= V.T @ (V @ push)
        if np.linalg.norm(push) > 1e-9:
            aside.append(x[i] + 0.1 * E * push / np.linalg.norm(push))
            base.append(i)
            spans.append(V)
    if aside and x.shape[1] > (1 if one else 2):
        both = np.concatenate([x, np.array(aside)])
        worst, last = np.zeros(len(aside)), times[-1]
        for t, y in zip(
            [*times, *(last + times)],
            forward(kind, rhs, both, np.concatenate([times, last + times])),
            strict=True,
        ):
            if t < last:
                continue
            for k, z in enumerate(y[len(x) :]):
                i = int(np.argmin(np.linalg.norm(y[: len(x)] - z, axis=1)))
                V = spans[base.index(i)] if i in base else spans[k]
                d = z - y[i]
                worst[k] = max(worst[k], np.linalg.norm(d - V.T @ (V @ d)) / (0.1 * E))
        if np.mean(worst <= 0.5 * ease) < 0.95 - 0.15 * (more - 1):
            return "still"
    if not one:
        return "surface"
    return "ring" if len(links) >= len(rows) and len(groups) == 1 else "line"


def held_words(kind, rhs, states, duration, long=None):
    """Return the words that hold for states that come to rest or drift, by the page."""
    rng = np.random.default_rng(0)
    steps = int(duration) if kind == "map" else 60
    times = np.arange(1, steps + 1) * (duration / steps)
    first = times.astype(int) if kind == "map" else times
    path = list(forward(kind, rhs, states, np.concatenate([first, first[-1] + first])))
    x, last = path[steps - 1], path[-1]
    E, E0 = cdist(x, x).max(), cdist(states, states).max()
    words = set()
    if long is not None:
        places, index = resting_places(kind, rhs, states, long)
        left = left_to_go(states, x, places, index)
        if left < 0.06:
            words |= points_word(index)
        if left < 0.04:
            return words
    moved = np.max([np.linalg.norm(y - x, axis=1) for y in path[steps:]], axis=0)
    moved = np.quantile(moved / E, 0.95)
    if E > 1.2e-3 * E0:
        for ease, more in ((1, 1), (0.8, 0.8), (1.2, 1.2), (0.8, 1.2), (1.2, 0.8)):
            words.add(set_word(kind, rhs, x, moved, E, first, ease, more, rng))
    else:
        words.add(None)
    if None in words:
        words.remove(None)
        apart = np.quantile(np.linalg.norm(last - x, axis=1) / E, 0.05)
        both = np.concatenate([x, last])
        both = both[spread_out(both, 48)]
        degree = np.bincount(np.array(neighbors(both)).ravel(), minlength=len(both))
        if apart > 0.12 and np.mean(degree <= 2) > 0.85:
            words.add("slow path")
        if apart < 0.18 or np.mean(degree <= 2) < 0.95:
            words.add("moving")
    return words


def adam(loss, params, steps, rate):
    """Return parameters after steps of Adam with clipped gradients, as NumPy arrays."""

    def update(carry, t):
        p, m, v = carry
        g = jax.grad(loss)(p)
        norm = jnp.sqrt(sum(jnp.sum(a * a) for a in jax.tree.leaves(g)))
        g = jax.tree.map(lambda a: a * jnp.minimum(1.0, 1.0 / (norm + 1e-12)), g)
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.99 * a + 0.01 * b * b, v, g)
        eta = rate * (1 - 0.9 * t / steps)
        p = jax.tree.map(
            lambda a, b, c: (
                a - eta * (b / (1 - 0.9 ** (t + 1))) / (jnp.sqrt(c / (1 - 0.99 ** (t + 1))) + 1e-8)
            ),
            p,
            m,
            v,
        )
        return (p, m, v), None

    def run(p):
        zero = jax.tree.map(jnp.zeros_like, p)
        return jax.lax.scan(update, (p, zero, zero), jnp.arange(steps, dtype=jnp.float32))[0][0]

    with jax.enable_x64(False):
        start = {k: jnp.asarray(a, dtype=jnp.float32) for k, a in params.items()}
        return {k: np.asarray(a, dtype=np.float64) for k, a in jax.jit(run)(start).items()}


def attempts(seed, build):
    """Return the first of several trainings whose truth can be told."""
    for k in range(8):
        try:
            return build(np.random.default_rng([4, seed, k]))
        except (ValueError, np.linalg.LinAlgError):
            continue
    raise ValueError(f"{build.__name__}: no training of seed {seed} can be told")


def elman(p, a):
    """Return the step of a leaky network with tanh units, its input held at zero."""

    def rhs(xp, x):
        return (1 - a) * x + a * xp.tanh(x @ p["W"].T + p["b"])

    return rhs


def new_weights(rng, n, inputs, outputs, gain):
    """Return the weights of a network before training."""
    return {
        "W": gain * rng.normal(size=(n, n)) / math.sqrt(n),
        "U": rng.normal(size=(n, inputs)) / math.sqrt(inputs),
        "b": 0.1 * rng.normal(size=n),
        "C": rng.normal(size=(outputs, n)) / n,
    }


def run_trials(p, a, inputs):
    """Return the states (time, trial, unit) of a tanh network for inputs (time, trial, input)."""

    def step(x, u):
        x = (1 - a) * x + a * jnp.tanh(x @ p["W"].T + u @ p["U"].T + p["b"])
        return x, x

    start = jnp.zeros((inputs.shape[1], p["W"].shape[0]))
    return jax.lax.scan(step, start, jnp.asarray(inputs))[1]


def after_trials(p, a, inputs):
    """Return the last states of trials (time, trial, input), in float64."""
    x = np.zeros((inputs.shape[1], len(p["W"])))
    for u in inputs:
        x = (1 - a) * x + a * np.tanh(x @ p["W"].T + u @ p["U"].T + p["b"])
    return x


def trained_choice(seed):
    """A network trained by Adam to hold which of two to four inputs was the largest."""
    n, k = [(12, 2), (40, 2), (24, 3), (64, 4), (16, 2)][seed % 5]
    a = [1.0, 0.2, 0.5, 0.3, 0.7][seed % 5]
    scale, dt = [(1.0, 1.0), (50.0, 10.0), (0.02, 0.02), (1.0, 20.0), (300.0, 1.0)][seed % 5]

    def build(rng):
        def trials(count):
            drive = rng.uniform(-1, 1, (count, k))
            inputs = np.zeros((28, count, k))
            inputs[:6] = drive + 0.2 * rng.normal(size=(6, count, k))
            return inputs, np.eye(k)[drive.argmax(1)]

        inputs, target = trials(96)

        def loss(p):
            out = run_trials(p, a, inputs)[14:] @ p["C"].T
            return jnp.mean((out - target) ** 2) + 1e-5 * jnp.sum(p["W"] ** 2)

        p = adam(loss, new_weights(rng, n, k, k, 0.8), 300, 0.01)
        rhs = in_units("map", elman(p, a), scale)
        inputs = trials([60, 100, 90, 120, 30][seed % 5])[0]
        states = scale * after_trials(p, a, inputs[:7])
        words, T = resting("map", rhs, states, [25, 60, 40, 150, 400][seed % 5], 20000)
        axis = p["C"][0] - p["C"][1]
        return case("map", rhs, states, T * dt, words, unit=dt, ends={"point": ALL}, axis=axis)

    return attempts(seed, build)


def trained_patterns(seed):
    """Patterns of unequal depth that gradient descent has stored in a sigmoid network."""
    n, k = [(10, 2), (30, 4), (50, 6), (20, 3), (80, 5)][seed % 5]
    a = [1.0, 0.5, 1.0, 0.1, 0.3][seed % 5]
    scale, dt = [(1.0, 1.0), (20.0, 5.0), (1.0, 1.0), (100.0, 0.002), (0.01, 2.0)][seed % 5]

    def build(rng):
        P = np.where(rng.random((k, n)) < 0.5, 0.15, 0.85) + 0.05 * rng.normal(size=(k, n))
        noise = 0.05 + 0.35 * np.arange(k)[:, None, None] / k
        start = P[:, None] + noise * rng.normal(size=(k, 12, n))

        def loss(p):
            out = jax.nn.sigmoid(start @ p["W"].T + p["b"])
            stay = jax.nn.sigmoid(P @ p["W"].T + p["b"])
            return jnp.mean((out - P[:, None]) ** 2) + 3 * jnp.mean((stay - P) ** 2)

        W = rng.normal(size=(n, n)) / math.sqrt(n)
        p = adam(loss, {"W": W, "b": -W.sum(1) / 2}, 400, 0.03)

        def step(xp, x):
            return (1 - a) * x + a / (1 + xp.exp(-(x @ p["W"].T + p["b"])))

        rhs = in_units("map", step, scale)
        count = [40, 100, 150, 60, 80][seed % 5]
        states = P[rng.integers(k, size=count)] + 0.3 * rng.normal(size=(count, n))
        states = scale * np.clip(states, 0, 1)
        words, T = resting("map", rhs, states, [20, 50, 12, 300, 100][seed % 5], 20000)
        return case("map", rhs, states, T * dt, words, unit=dt, ends={"point": ALL})

    return attempts(seed, build)


def trained_rhythm(seed):
    """A network trained by backpropagation through time to make a sine wave from a cue."""
    n, P = [(10, 18.6), (24, 30.2), (40, 14.3), (16, 23.3), (60, 41.7)][seed % 5]
    a = [1.0, 0.5, 1.0, 0.6, 0.4][seed % 5]
    scale, dt = [(1.0, 1.0), (30.0, 10.0), (0.005, 1.0), (1.0, 0.01), (200.0, 25.0)][seed % 5]
    turns = [1.5, 10.0, 3.0, 25.0, 5.0][seed % 5]

    def build(rng):
        t = np.arange(int(2.2 * P)) + 1
        target = np.stack([np.sin(2 * np.pi * t / P), np.cos(2 * np.pi * t / P)], axis=-1)
        kick = 0.25 * rng.normal(size=(24, n))

        def loss(p):
            def step(x, _):
                x = (1 - a) * x + a * jnp.tanh(x @ p["W"].T + p["b"])
                return x, x

            path = jax.lax.scan(step, p["x"] + kick, t)[1] @ p["C"].T
            return jnp.mean((path[4:] - target[4:, None]) ** 2)

        p = new_weights(rng, n, 1, 2, 1.1) | {"x": 0.5 * rng.normal(size=n)}
        p = adam(loss, p, 500, 0.01)
        rhs = in_units("map", elman(p, a), scale)
        count = [20, 60, 100, 40, 80][seed % 5]
        states = scale * (p["x"] + 0.3 * rng.normal(size=(count, n)))
        turn = map_turn(rhs, states[0])
        if any(abs(map_turn(rhs, x) / turn - 1) > 2e-3 for x in states[1:4]):
            raise ValueError("not one rhythm")
        (end,) = forward("map", rhs, states, [5000])
        around = np.array(list(forward("map", rhs, end, range(int(2 * turn)))))
        if np.ptp(around, axis=0).max(1).min() < 0.5 * np.ptp(around, axis=0).max():
            raise ValueError("not all states swing")
        T = max(math.ceil(1.2 * turn), round(turns * turn))
        return case(
            "map", rhs, states, T * dt, {"cycle"}, unit=dt, ends={"curve": ALL}, period=turn * dt
        )

    return attempts(seed, build)


def trained_integrator(seed):
    """A network trained by Adam to add up pulses, asked about times from short to long."""
    n = [20, 40, 12, 64, 30][seed % 5]
    a = [0.5, 1.0, 0.3, 0.2, 0.4][seed % 5]
    T = [10, 6, 30, 20, 15][seed % 5]
    scale, dt = [(1.0, 1.0), (1.0, 5.0), (40.0, 10.0), (0.1, 0.02), (5.0, 1.0)][seed % 5]

    def build(rng):
        def trials(count):
            inputs = (rng.random((36, count, 1)) < 0.12) * rng.uniform(-1, 1, (36, count, 1))
            return inputs, 0.5 * np.cumsum(inputs, axis=0)

        inputs, target = trials(96)

        def loss(p):
            out = run_trials(p, a, inputs) @ p["C"].T
            return jnp.mean((out - target)[4:] ** 2)

        p = adam(loss, new_weights(rng, n, 1, 1, 0.7), 600, 0.008)
        rhs = in_units("map", elman(p, a), scale)
        inputs = trials([80, 60, 100, 50, 120][seed % 5])[0]
        states = scale * after_trials(p, a, inputs)
        words = held_words("map", rhs, states, T, 100000)
        return case("map", rhs, states, T * dt, words, unit=dt, axis=p["C"][0])

    return attempts(seed, build)


def echo_feedback(seed):
    """A reservoir whose readout, fitted by ridge regression, is fed back: a wave, or chaos."""
    n = [50, 100, 80, 100, 70][seed % 5]
    a = [0.5, 1.0, 0.3, 0.9, 0.8][seed % 5]
    scale, dt = [(1.0, 1.0), (1.0, 1.0), (50.0, 10.0), (0.1, 0.5), (5.0, 0.001)][seed % 5]
    wave = [23.7, None, 51.0, None, 15.2][seed % 5]
    T = [60, 100, 400, 20, 150][seed % 5]

    def teacher():
        t = np.arange(2500)
        if wave:
            d = np.sin(2 * np.pi * t / wave) + 0.3 * np.sin(4 * np.pi * t / wave)
            return d[:, None]
        d, u, v = np.empty((2500, 1)), 0.1, 0.1
        for k in range(2500):
            u, v = 1 - (1.4 if seed % 5 == 1 else 1.2) * u * u + v, 0.3 * u
            d[k] = u
        return d

    d = teacher()

    def build(rng):
        W = rng.normal(size=(n, n))
        W *= rng.uniform(0.6, 0.8) / np.abs(np.linalg.eigvals(W)).max()
        feed, b = rng.uniform(-1, 1, (n, d.shape[1])), 0.3 * rng.normal(size=n)
        x, path = np.zeros(n), []
        for t in range(len(d)):
            path.append(x)
            drive = d[t] + (0.05 if wave else 0.0) * rng.normal(size=d.shape[1])
            x = (1 - a) * x + a * np.tanh(W @ x + feed @ drive + b)
        X = np.c_[np.array(path)[200:], np.ones(len(d) - 200)]
        ridge = (1e-4 if wave else 1e-9) * len(X)
        C = np.linalg.solve(X.T @ X + ridge * np.eye(n + 1), X.T @ d[200:])
        J = W + feed @ C[:n].T
        bias = b + feed @ C[n]
        rhs = in_units("map", elman({"W": J, "b": bias}, a), scale)
        kick = 0.02 if wave else 0.002
        rows = rng.integers(300, 2400, [30, 80, 120, 50, 100][seed % 5])
        states = scale * (np.array(path)[rows] + kick * rng.normal(size=(len(rows), n)))
        if wave:
            turn = map_turn(rhs, states[0])
            if any(abs(map_turn(rhs, x) / turn - 1) > 2e-3 for x in states[1:4]):
                raise ValueError("not one wave")
            (end,) = forward("map", rhs, states, [5000])
            around = np.array(list(forward("map", rhs, end, range(int(2 * turn)))))
            if np.ptp(around, axis=0).max(1).min() < 0.5 * np.ptp(around, axis=0).max():
                raise ValueError("not all states swing")
            return case(
                "map",
                rhs,
                states,
                max(T, math.ceil(1.2 * turn)) * dt,
                {"cycle"},
                unit=dt,
                ends={"curve": ALL},
                period=turn * dt,
            )
        if map_exponent(rhs, states).min() < 0.1:
            raise ValueError("not chaotic")
        return case("map", rhs, states, T * dt, {"recurrent"}, unit=dt, ends={"bounded": ALL})

    return attempts(seed, build)


def map_exponent(rhs, x, settle=3000, steps=3000):
    """Return the largest exponent of each state's path, from a twin at a distance of 1e-8."""
    for _ in range(settle):
        x = rhs(np, x)
    if not np.isfinite(x).all():
        raise ValueError("the path is not bounded")
    d = 1e-8 * np.abs(x).max()
    twin = x + d / math.sqrt(x.shape[1])
    total = np.zeros(len(x))
    for _ in range(steps):
        x, twin = rhs(np, x), rhs(np, twin)
        far = np.maximum(np.linalg.norm(twin - x, axis=1), 1e-300)
        total += np.log(far / d)
        twin = x + (twin - x) * (d / far)[:, None]
    return total / steps


def euler_focus(seed):
    """Euler's steps of a focus: where they are long, a stable focus circles for ever."""
    rng = np.random.default_rng(seed)
    grow, omega, h, n = [
        (0.3, 1.3, 0.2, 2),
        (-0.05, 1.1, 0.5, 12),
        (-0.4, 1.0, 0.3, 6),
        (-0.1, 2.2, 0.35, 30),
        (0.5, 0.8, 0.1, 80),
    ][seed % 5]
    grow *= rng.uniform(0.9, 1.1)
    dt = [1.0, 10.0, 0.3, 0.005, 50.0][seed % 5]
    size = [1.0, 0.2, 40.0, 5.0, 300.0][seed % 5]

    def latent(xp, z):
        x, y = z[..., 0], z[..., 1]
        gain = grow - x * x - y * y
        return xp.stack([x + h * (gain * x - omega * y), y + h * (gain * y + omega * x)], axis=-1)

    rhs, place, _ = hidden(rng, "map", latent, 2, n, 0.7, scale=size, offset=2.0)
    count = [20, 60, 50, 100, 150][seed % 5]
    inner = math.hypot(1 + h * grow, h * omega)
    turn = 2 * math.pi / math.asin(h * omega)
    if inner < 1:
        z = rng.uniform(-0.4, 0.4, (count, 2))
        states = place(z, 0.1)
        words, T = resting("map", rhs, states, 40, 20000)
        return case("map", rhs, states, T * dt, words, unit=dt, ends={"point": ALL})
    radius = math.sqrt(grow + (1 - math.sqrt(1 - (h * omega) ** 2)) / h)
    z = radius * rng.uniform(0.3, 1.3, (count, 1)) * phases(rng, count)
    T = math.ceil(turn * [1.3, 5.0, 0.0, 2.0, 12.0][seed % 5])
    return case(
        "map",
        rhs,
        place(z, 0.1 * radius),
        T * dt,
        {"cycle"},
        unit=dt,
        ends={"curve": ALL},
        period=turn * dt,
    )


def phases(rng, count):
    """Return points of the unit circle at random."""
    angle = rng.uniform(0, 2 * np.pi, count)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def eye_position(seed):
    """Thirty rectified neurons that hold eye position, their feedback fitted to be nearly one."""
    rng = np.random.default_rng(seed)
    n = [30, 30, 24, 40, 100][seed % 5]
    gain = [1.0, 0.995, 0.99, 1.0, 0.97][seed % 5]
    tau, dt = [(100.0, 10.0), (100.0, 20.0), (0.1, 0.05), (150.0, 25.0), (1.0, 0.2)][seed % 5]
    T = [100, 50, 200, 400, 1000][seed % 5]
    side = np.where(np.arange(n) % 2, 1.0, -1.0)
    slope = side * rng.uniform(0.5, 3.0, n)
    threshold = side * rng.uniform(-45, 20, n)
    eye = np.linspace(-40, 40, 401)
    rates = np.maximum(0.0, slope * (eye[:, None] - threshold))
    ridge = 1e-5 * np.trace(rates.T @ rates) / n * np.eye(n)
    weight = np.linalg.solve(rates.T @ rates + ridge, rates.T @ (gain * eye))
    a = dt / tau

    def rhs(xp, s):
        position = (s @ weight)[..., None]
        return s + a * (-s + xp.maximum(0.0, slope * (position - threshold)))

    e = rng.uniform(-25, 25, [40, 60, 80, 100, 50][seed % 5])
    states = np.maximum(0.0, slope * (e[:, None] - threshold)) + rng.normal(size=(len(e), n))
    try:
        words = held_words("map", rhs, states, T, 60000)
    except (ValueError, np.linalg.LinAlgError):
        words = held_words("map", rhs, states, T)
    return case("map", rhs, states, T * dt, words, unit=dt, axis=weight)


def bounded_choice(seed):
    """Accumulation of evidence to two bounds; the evidence stays, or fades away."""
    rng = np.random.default_rng(seed)
    keep, leak, n = [
        (1.0, 0.0, 2),
        (1.0, 0.0, 10),
        (0.8, 0.05, 6),
        (0.7, 0.0, 20),
        (0.6, 0.0, 4),
    ][seed % 5]
    gain = rng.uniform(0.05, 0.1)
    dt = [10.0, 1.0, 0.02, 5.0, 1.0][seed % 5]

    def latent(xp, z):
        x, d = z[..., 0], z[..., 1]
        return xp.stack([xp.clip((1 + leak) * x + gain * d, -1.0, 1.0), keep * d], axis=-1)

    rhs, place, M = hidden(
        rng, "map", latent, 2, n, 0.5, scale=[1.0, 30.0, 0.01, 1.0, 500.0][seed % 5], skew=0.3
    )
    count = [60, 100, 80, 120, 40][seed % 5]
    x = rng.uniform(-0.5, 0.5, count)
    sign = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    d = sign * rng.uniform(0.6, 1.8, count)
    if keep < 1:
        x, d = rng.uniform(-0.8, 0.8, count), rng.uniform(-1, 1, count)
    T = [80, 150, 0, 60, 25][seed % 5]
    states = place(np.stack([x, d], axis=1), 0.2)
    axis = np.linalg.inv(M)[0]
    if leak:
        states = states[np.abs(x + gain * d / (1 + leak - keep)) > 0.01]
        words, T = {"points"}, 120
        return case("map", rhs, states, T * dt, words, unit=dt, ends={"point": ALL}, axis=axis)
    return case("map", rhs, states, T * dt, {"line"}, unit=dt, axis=axis)


def map_neurons(seed):
    """Rulkov's map neurons, resting, or bursting without a period, weakly coupled."""
    rng = np.random.default_rng(seed)
    m = [1, 1, 3, 6, 2][seed % 5]
    alpha = [4.6, 3.5, 5.0, 4.0, 5.3][seed % 5] + rng.uniform(0, 0.1)
    sigma = [-0.6, -1.8, -0.3, -2.2, -0.8][seed % 5]
    mu, couple = [0.02, 0.01, 0.01, 0.02, 0.01][seed % 5], 0.02
    mv, dt = [(20.0, 0.5), (1.0, 1.0), (30.0, 0.5), (0.02, 0.0005), (1.0, 1.0)][seed % 5]
    kick = alpha * np.linspace(1.0, 1.05, m)

    def step(xp, z):
        x, y = z[..., :m], z[..., m:]
        pull = couple * (x.mean(-1, keepdims=True) - x)
        new = kick / (1 + x * x) + y + pull
        return xp.concatenate([new, y - mu * (x - sigma)], axis=-1)

    rhs = in_units(
        "map", step, np.r_[np.full(m, mv), np.ones(m)], np.r_[np.full(m, -mv), np.zeros(m)]
    )
    count = [30, 60, 50, 80, 100][seed % 5]
    y = sigma - kick / (1 + sigma**2)
    z = np.concatenate(
        [rng.uniform(-2, 0, (count, m)), y + 0.1 * rng.normal(size=(count, m))], axis=1
    )
    states = z * np.r_[np.full(m, mv), np.ones(m)] + np.r_[np.full(m, -mv), np.zeros(m)]
    if seed % 5 in (1, 3):
        words, T = resting("map", rhs, states, 200, 40000, 3000)
        return case("map", rhs, states, T * dt, words, unit=dt, ends={"point": ALL})
    if map_exponent(rhs, states, 20000, 10000).min() < 0.02:
        raise ValueError("not chaotic")
    T = [100, 0, 500, 0, 30][seed % 5]
    return case("map", rhs, states, T * dt, {"recurrent"}, unit=dt, ends={"bounded": ALL})


def gated_rhythm(seed):
    """A network of rank two that circles, until a constant input takes its units' gain away."""
    rng = np.random.default_rng(seed)
    n = [60, 100, 30, 80, 50][seed % 5]
    drive = [0.0, 3.0, 0.4, 2.5, 0.3][seed % 5]
    a = [0.2, 0.3, 0.5, 0.1, 0.1][seed % 5]
    dt, scale = [(1.0, 1.0), (5.0, 10.0), (0.01, 1.0), (1.0, 0.05), (2.0, 100.0)][seed % 5]
    turn_angle = rng.uniform(0.5, 0.9)
    m = np.linalg.qr(rng.normal(size=(n, 2)))[0] * math.sqrt(n)
    R = np.array(
        [
            [math.cos(turn_angle), -math.sin(turn_angle)],
            [math.sin(turn_angle), math.cos(turn_angle)],
        ]
    )
    J = rng.uniform(2.2, 2.8) * m @ R @ m.T / n
    current = drive * rng.normal(size=n)

    def step(xp, x):
        return (1 - a) * x + a * (xp.tanh(x) @ J.T + current)

    rhs = in_units("map", step, scale)
    count = [40, 60, 25, 100, 50][seed % 5]
    states = scale * (
        current + rng.normal(size=(count, 2)) @ m.T + 0.2 * rng.normal(size=(count, n))
    )
    x = scale * current
    for _ in range(30):
        x = x - np.linalg.solve(jacobian(rhs, x) - np.eye(n), rhs(np, x) - x)
    if growth("map", rhs, x) < 1:
        words, T = resting("map", rhs, states, [0, 60, 0, 120, 0][seed % 5], 20000)
        return case("map", rhs, states, T * dt, words, unit=dt, ends={"point": ALL})
    turn = map_turn(rhs, states[0])
    if any(abs(map_turn(rhs, x) / turn - 1) > 2e-3 for x in states[1:4]):
        raise ValueError("not one rhythm")
    T = math.ceil(turn * [2.5, 0.0, 10.0, 0.0, 1.4][seed % 5])
    return case(
        "map", rhs, states, T * dt, {"cycle"}, unit=dt, ends={"curve": ALL}, period=turn * dt
    )


def rectified_ring(seed):
    """A ring of rectified neurons with one bump, stepped by Euler, each unit with its own gain."""
    rng = np.random.default_rng(seed)
    n = [48, 100, 64, 80, 56][seed % 5]
    a = [0.1, 0.2, 0.5, 0.05, 0.3][seed % 5]
    T = [200, 100, 40, 800, 60][seed % 5]
    dt = [1.0, 10.0, 0.02, 2.0, 100.0][seed % 5]
    theta = 2 * np.pi * np.arange(n) / n
    J = (-rng.uniform(4, 8) + rng.uniform(4.5, 6) * np.cos(theta[:, None] - theta)) / n
    units = np.exp(rng.uniform(-0.7, 0.7, n)) * [1.0, 40.0, 0.01, 5.0, 1.0][seed % 5]

    def step(xp, r):
        return r + a * (-r + xp.maximum(0.0, 1.0 + r @ J.T))

    rhs = in_units("map", step, units)
    count = [60, 80, 50, 100, 150][seed % 5]
    at = 2 * np.pi * (np.arange(count) + rng.uniform(-0.3, 0.3, count)) / count
    bump = np.maximum(0.0, np.cos(theta - at[:, None])) * rng.uniform(0.5, 1.2, (count, 1))
    states = units * (bump + 0.03 * rng.random((count, n)))
    return case("map", rhs, states, T * dt, {"ring"}, unit=dt)


def qif_field(seed):
    """The exact mean field of QIF neurons (Montbrio, Pazo, Roxin): focus, node, or both."""
    rng = np.random.default_rng(seed)
    m = [1, 1, 1, 2, 1][seed % 5]
    eta = [-5.0, 3.0, -8.0, -5.0, -1.0][seed % 5] * rng.uniform(0.98, 1.02)
    J = [15.0, 5.0, 5.0, 14.0, -4.0][seed % 5]
    delta = [1.0, 0.5, 2.0, 1.0, 1.0][seed % 5]
    tau = [10.0, 0.02, 15.0, 10.0, 1.0][seed % 5]
    hz = [100.0, 50.0, 1.0, 0.1, 1.0][seed % 5]
    mv, rest = [(10.0, -50.0), (1.0, 0.0), (8.0, -60.0), (10.0, -55.0), (0.01, -0.05)][seed % 5]
    cross = 0.3

    def field(xp, z):
        r, v = z[..., :m], z[..., m:]
        other = cross * (r.sum(-1, keepdims=True) - r)
        dr = delta / np.pi + 2 * r * v
        dv = v * v + eta + J * r + other - (np.pi * r) ** 2
        return xp.concatenate([dr, dv], axis=-1)

    units = np.r_[np.full(m, hz), np.full(m, mv)]
    offset = np.r_[np.zeros(m), np.full(m, rest)]
    rhs = in_units("flow", field, units, offset)
    count = [60, 40, 100, 80, 25][seed % 5]
    z = np.concatenate([rng.uniform(0.05, 1.5, (count, m)), rng.uniform(-2, 0.5, (count, m))], 1)
    states = z * units + offset
    T = [10.0, 15.0, 3.0, 40.0, 8.0][seed % 5]
    words, T = resting("flow", rhs, states, T, 300.0)
    return case("flow", rhs, states, T * tau, words, unit=tau, ends={"point": ALL})


def hodgkin_huxley(seed):
    """Hodgkin and Huxley's axon in mV (or V) beside its gates, at rest or firing."""
    rng = np.random.default_rng(seed)
    current = [0.0, 12.0, 3.0, 25.0, 40.0][seed % 5]
    tau = [1.0, 1.0, 0.001, 0.001, 1.0][seed % 5]
    volt = [1.0, 1.0, 0.001, 0.001, 1000.0][seed % 5]

    def ratio(xp, u):
        near = xp.abs(u) < 1e-4
        safe = xp.where(near, 1.0, u)
        return xp.where(near, 1 + u / 2, safe / (1 - xp.exp(-safe)))

    def field(xp, z):
        V, m, h, n = (z[..., k] for k in range(4))
        am, bm = ratio(xp, (V + 40) / 10), 4 * xp.exp(-(V + 65) / 18)
        ah, bh = 0.07 * xp.exp(-(V + 65) / 20), 1 / (1 + xp.exp(-(V + 35) / 10))
        an, bn = 0.1 * ratio(xp, (V + 55) / 10), 0.125 * xp.exp(-(V + 65) / 80)
        ions = 120 * m**3 * h * (V - 50) + 36 * n**4 * (V + 77) + 0.3 * (V + 54.387)
        return xp.stack(
            [current - ions, am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n],
            axis=-1,
        )

    units = np.array([volt, 1.0, 1.0, 1.0])
    rhs = in_units("flow", field, units)
    count = [30, 40, 60, 20, 50][seed % 5]
    z = np.concatenate([rng.uniform(-80, 10, (count, 1)), rng.uniform(0.05, 0.9, (count, 3))], 1)
    states = z * units
    if current < 5:
        words, T = resting("flow", rhs, states, [30.0, 0, 60.0, 0, 0][seed % 5], 400.0)
        return case("flow", rhs, states, T * tau, words, unit=tau, ends={"point": ALL})
    period = turn_time(lambda xp, z: field(xp, z), z[0], 300.0, 60.0)
    T = period * [0, 1.5, 0, 8.0, 4.0][seed % 5]
    return case(
        "flow",
        rhs,
        states,
        T * tau,
        {"cycle"},
        unit=tau,
        ends={"curve": ALL},
        period=period * tau,
    )


def unlike_clocks(seed):
    """Two Stuart-Landau oscillators of unlike frequency: locked, or each on its own."""
    rng = np.random.default_rng(seed)
    grow, couple, omega, half, n = [
        (1.0, 0.4, 2.0, 0.2, 4),
        (1.0, 0.2, 3.0, 0.5, 4),
        (2.0, 0.6, 1.0, 0.35, 20),
        (1.5, 0.1, 5.0, 0.83, 10),
        (0.8, 0.5, 1.5, 0.1, 50),
    ][seed % 5]
    half *= rng.uniform(0.95, 1.05)
    tau = [1.0, 10.0, 100.0, 0.005, 1.0][seed % 5]
    speed = np.array([omega + half, omega - half])

    def latent(xp, z):
        x, y = z[..., :2], z[..., 2:]
        gain = grow - couple - x * x - y * y
        dx = gain * x - speed * y + couple * x[..., ::-1]
        dy = gain * y + speed * x + couple * y[..., ::-1]
        return xp.concatenate([dx, dy], axis=-1)

    size = [1.0, 20.0, 0.01, 1.0, 300.0][seed % 5]
    rhs, place, _ = hidden(rng, "flow", latent, 4, n, 1.0, scale=size, offset=1.0)
    states = place(rng.normal(size=([30, 40, 60, 25, 100][seed % 5], 4)), 0.3)
    turn = 2 * math.pi / omega
    T = turn * [3.0, 4.0, 10.0, 1.5, 1.3][seed % 5]
    if half < couple:
        return case(
            "flow",
            rhs,
            states,
            T * tau,
            {"cycle"},
            unit=tau,
            ends={"curve": ALL},
            period=turn * tau,
        )
    return case("flow", rhs, states, T * tau, {"recurrent"}, unit=tau, ends={"bounded": ALL})


def rivalry(seed):
    """Two populations that inhibit each other and adapt: switching, one winner, or both."""
    rng = np.random.default_rng(seed)
    inhibit, adapt, slow, drive = [
        (1.1, 0.5, 40.0, 0.5),
        (1.1, 0.5, 20.0, 0.6),
        (1.1, 0.05, 20.0, 0.5),
        (0.2, 0.2, 10.0, 0.6),
        (1.3, 0.6, 100.0, 0.55),
    ][seed % 5]
    inhibit *= rng.uniform(0.97, 1.03)
    tau = [10.0, 0.01, 20.0, 10.0, 1.0][seed % 5]

    def field(xp, z):
        u, a = z[..., :2], z[..., 2:]
        x = drive - inhibit * u[..., ::-1] - adapt * a
        return xp.concatenate([-u + 1 / (1 + xp.exp(-(x - 0.2) / 0.1)), (u - a) / slow], axis=-1)

    units = np.repeat([[1.0, 50.0, 1.0, 100.0, 0.02][seed % 5], 1.0], 2)
    rhs = in_units("flow", field, units)
    count = [40, 60, 100, 30, 20][seed % 5]
    z = rng.uniform(0, 1, (count, 4))
    z[:, 2:] *= 0.6
    states = z * units
    try:
        words, T = resting("flow", rhs, states, 3 * slow, 60 * slow)
    except (ValueError, np.linalg.LinAlgError):
        period = turn_time(field, z[0], 40 * slow, 30 * slow)
        T = period * [2.0, 5.0, 3.0, 3.0, 1.4][seed % 5]
        return case(
            "flow",
            rhs,
            states,
            T * tau,
            {"cycle"},
            unit=tau,
            ends={"curve": ALL},
            period=period * tau,
        )
    return case("flow", rhs, states, T * tau, words, unit=tau, ends={"point": ALL})


def graph_network(seed):
    """Threshold-linear networks of a graph (CTLN): a cycle, cliques, or one of each."""
    rng = np.random.default_rng(seed)
    ring3 = [(0, 1), (1, 2), (2, 0)]
    block = [0, 0, 0, 1, 1, 2, 2, 2]
    cliques = [
        (i, j) for i in range(8) for j in range(8) if i != j and (block[j] - block[i]) % 3 in (0, 1)
    ]
    graphs = [
        (3, ring3),
        (6, [(i, j) for c in (0, 3) for i in range(c, c + 3) for j in range(c, c + 3) if i != j]),
        (5, [(i, (i + k) % 5) for i in range(5) for k in (1, 2)]),
        (5, [*ring3, (3, 4), (4, 3)]),
        (8, cliques),
    ]
    n, edges = graphs[seed % 5]
    W = np.full((n, n), -1.5)
    np.fill_diagonal(W, 0.0)
    for i, j in edges:
        W[j, i] = -0.75
    tau, scale = [(1.0, 1.0), (10.0, 30.0), (0.02, 1.0), (1.0, 0.05), (20.0, 100.0)][seed % 5]

    def field(xp, x):
        return -x + xp.maximum(0.0, x @ W.T + 1.0)

    rhs = in_units("flow", field, scale)
    count = [30, 100, 40, 150, 50][seed % 5]
    z = rng.uniform(0, 0.8, (count, n))
    states = scale * z
    (end,) = forward("flow", field, z, [300.0])
    swing = np.linalg.norm(field(np, end), axis=1) > 1e-3
    share = float(swing.mean())
    if share == 0:
        words, T = resting("flow", rhs, states, 12.0, 300.0)
        return case("flow", rhs, states, T * tau, words, unit=tau, ends={"point": ALL})
    period = turn_time(field, end[swing][0], 10.0, 15.0 if n < 8 else 30.0)
    T = period * [3.0, 0, 1.5, 2.0, 6.0][seed % 5]
    words = {"cycle"} if share > 0.97 else {"mixture"} if share < 0.93 else {"cycle", "mixture"}
    around = {"curve": ALL if share == 1 else (share - 0.02, share + 0.02)}
    return case("flow", rhs, states, T * tau, words, unit=tau, ends=around, period=period * tau)


def two_areas(seed):
    """A fast area and a slow one that feed each other, over times from short to long."""
    rng = np.random.default_rng(seed)
    slow, own, loop, T, n = [
        (500.0, 0.4, 1.2, 8.0, 30),
        (20.0, 0.5, 1.4, 100.0, 60),
        (10.0, 0.2, 0.6, 60.0, 20),
        (50.0, 0.3, 0.5, 30.0, 10),
        (2000.0, 0.6, 0.9, 20.0, 100),
    ][seed % 5]
    loop *= rng.uniform(0.97, 1.03)
    tau = [10.0, 20.0, 0.01, 1.0, 5.0][seed % 5]

    def latent(xp, z):
        a, b = z[..., 0], z[..., 1]
        da = -a + xp.tanh(own * a + loop * b)
        return xp.stack([da, (-b + xp.tanh(loop * a)) / slow], axis=-1)

    size = [1.0, 0.1, 30.0, 1.0, 200.0][seed % 5]
    rhs, place, M = hidden(rng, "flow", latent, 2, n, 1.0, scale=size, offset=0.5)
    count = [60, 100, 40, 50, 80][seed % 5]
    low = 0.5 if seed % 5 == 3 else -0.8
    states = place(rng.uniform(low, 1.0, (count, 2)), 0.1)
    words = held_words("flow", rhs, states, T, 60 * slow if slow < T else None)
    ends = {"point": ALL} if slow < T else None
    axis = np.linalg.inv(M)[1]
    return case("flow", rhs, states, T * tau, words, unit=tau, ends=ends, axis=axis)


def predictive_coding(seed):
    """Linear predictive coding; where causes outnumber the data, some are free."""
    rng = np.random.default_rng(seed)
    data, causes = [(8, 8), (6, 7), (20, 22), (10, 11), (12, 12)][seed % 5]
    T = [30.0, 25.0, 40.0, 60.0, 0.02][seed % 5]
    tau = [1.0, 10.0, 0.05, 200.0, 1.0][seed % 5]
    scale = [1.0, 50.0, 0.01, 1.0, 10.0][seed % 5]
    A = np.linalg.qr(rng.normal(size=(causes, causes)))[0]
    B = np.linalg.qr(rng.normal(size=(data, data)))[0]
    W = B @ (rng.uniform(0.7, 1.4, data)[:, None] * A[:data])
    fast, inputs = 8.0, rng.normal(size=data)

    def field(xp, z):
        r, e = z[..., :causes], z[..., causes:]
        return xp.concatenate([e @ W, fast * (inputs - r @ W.T - e)], axis=-1)

    rhs = in_units("flow", field, scale)
    count = [40, 60, 150, 80, 30][seed % 5]
    free = A[data:]
    r = np.linalg.pinv(W) @ inputs + 0.1 * rng.normal(size=(count, causes))
    r = r + rng.uniform(-1, 1, (count, len(free))) @ free if len(free) else r
    z = np.concatenate([r, inputs - r @ W.T + 0.1 * rng.normal(size=(count, data))], axis=1)
    words = ["point", "line", "surface", "line", "still"][seed % 5]
    axis = np.r_[free[0], np.zeros(data)] if len(free) else None
    ends = {"continuum": ALL} if len(free) else {"point": ALL} if T > 1 else None
    return case("flow", rhs, scale * z, T * tau, {words}, unit=tau, ends=ends, axis=axis)


def chain_feedback(seed):
    """Inhibition through a chain of stages in place of a delay: it swings where it is strong."""
    rng = np.random.default_rng(seed)
    k, delay, power, gain = [
        (6, 4.0, 6.0, 2.0),
        (12, 8.0, 4.0, 3.0),
        (4, 1.0, 2.0, 1.5),
        (30, 5.0, 5.0, 2.5),
        (3, 0.5, 3.0, 2.0),
    ][seed % 5]
    gain *= rng.uniform(0.95, 1.05)
    tau, size = [(10.0, 1.0), (1.0, 30.0), (0.02, 1.0), (5.0, 0.01), (500.0, 100.0)][seed % 5]
    rate = k / delay

    def field(xp, z):
        last = z[..., -1:]
        head = -z[..., :1] + gain / (1 + xp.abs(last) ** power)
        return xp.concatenate([head, rate * (z[..., :-1] - z[..., 1:])], axis=-1)

    rhs = in_units("flow", field, size)
    count = [30, 50, 40, 20, 100][seed % 5]
    z = rng.uniform(0.3, 1.8, (count, 1)) + rng.uniform(-0.2, 0.2, (count, k + 1))
    states = size * z
    level = np.array([0.5])
    for _ in range(200):
        level = level - (level - gain / (1 + level**power)) / (
            1 + gain * power * level ** (power - 1) / (1 + level**power) ** 2
        )
    if growth("flow", field, np.repeat(level, k + 1)) < 0:
        words, T = resting("flow", rhs, states, [0, 0, 10.0, 0, 6.0][seed % 5], 200.0)
        return case("flow", rhs, states, T * tau, words, unit=tau, ends={"point": ALL})
    period = turn_time(field, z[0], 600.0, 100.0)
    T = period * [3.0, 1.4, 0, 6.0, 0][seed % 5]
    return case(
        "flow",
        rhs,
        states,
        T * tau,
        {"cycle"},
        unit=tau,
        ends={"curve": ALL},
        period=period * tau,
    )


def fitted_field(seed):
    """A small network fitted to the field of an oscillator or of a plane with wells."""
    n = [2, 2, 15, 40, 6][seed % 5]
    tau, size = [(1.0, 1.0), (10.0, 5.0), (0.1, 1.0), (1.0, 0.02), (50.0, 200.0)][seed % 5]

    def target(z):
        x, y = z[..., 0], z[..., 1]
        if seed % 5 in (0, 3):
            return jnp.stack([y, (1 - x * x) * y - x], axis=-1)
        if seed % 5 in (1, 4):
            return jnp.stack([y, x - x**3 - 0.5 * y], axis=-1)
        return jnp.stack([x - x**3 / 3 - y + 0.5, 0.3 * (x + 0.7 - 0.8 * y)], axis=-1)

    def build(rng):
        z = rng.uniform(-1, 1, (500, 2)) * ([2.5, 3.2] if seed % 5 in (0, 3) else [2.2, 2.0])
        width = 32

        def fit(p, z):
            return jnp.tanh(z @ p["A"].T + p["b"]) @ p["C"].T + z @ p["D"].T

        def loss(p):
            return jnp.mean((fit(p, z) - target(z)) ** 2)

        p = {
            "A": rng.normal(size=(width, 2)),
            "b": rng.normal(size=width),
            "C": rng.normal(size=(2, width)) / width,
            "D": np.zeros((2, 2)),
        }
        p = adam(loss, p, 3000, 0.02)

        def latent(xp, z):
            return xp.tanh(z @ p["A"].T + p["b"]) @ p["C"].T + z @ p["D"].T

        rhs, place, _ = hidden(rng, "flow", latent, 2, n, 1.0, scale=size, offset=0.5)
        count = [30, 80, 40, 60, 120][seed % 5]
        states = place(rng.uniform(-1.5, 1.5, (count, 2)), 0.2)
        if seed % 5 in (1, 4):
            words, T = resting("flow", rhs, states, [0, 15.0, 0, 0, 40.0][seed % 5], 400.0)
            return case("flow", rhs, states, T * tau, words, unit=tau, ends={"point": ALL})
        period = turn_time(rhs, states[0], 100.0, 60.0)
        T = period * [2.0, 0, 1.3, 6.0, 0][seed % 5]
        return case(
            "flow",
            rhs,
            states,
            T * tau,
            {"cycle"},
            unit=tau,
            ends={"curve": ALL},
            period=period * tau,
        )

    return attempts(seed, build)


CLASSES = (
    trained_choice,
    trained_patterns,
    trained_rhythm,
    trained_integrator,
    echo_feedback,
    euler_focus,
    eye_position,
    bounded_choice,
    map_neurons,
    gated_rhythm,
    rectified_ring,
    qif_field,
    hodgkin_huxley,
    unlike_clocks,
    rivalry,
    graph_network,
    two_areas,
    predictive_coding,
    chain_feedback,
    fitted_field,
)
