"""Planted circuits, recorded in part, that were written without sight of the recovery code.

Every circuit steps x <- (1 - a) x + a (W phi(x) + bias + B s) + sigma sqrt(a) noise, a = 0.1.
What is recorded is x of some units, drawn at random. `held()` is ordered so that any leading
part is a fair sample of all. `later(name, steps)` runs recorded states on, to check the words.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray
Rng = np.random.Generator
ALPHA = 0.1


@dataclass(frozen=True)
class Held:
    """One recording: what is true of its circuit, how much is seen, and how it is fitted."""

    name: str
    mechanism: str
    right: tuple[str, ...]
    fraction: float
    fit: str
    kind: str
    make: Callable[[], tuple[Array, Array | None]]


@dataclass(frozen=True)
class Circuit:
    """Weights, input weights (unit, channel; also where trials start), nonlinearity and bias."""

    w: Array
    b: Array
    phi: Callable[[Array], Array]
    bias: Array

    def step(self, x: Array, drive: Array | float = 0.0) -> Array:
        """The state one step later, without noise."""
        return (1 - ALPHA) * x + ALPHA * (self.phi(x) @ self.w.T + self.bias + drive)


def _same(x: Array) -> Array:
    return x


def _relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def _circuit(
    w: Array, b: Array, phi: Callable[[Array], Array] = _same, bias: Array | float = 0.0
) -> Circuit:
    """A circuit whose input columns have root mean square 1."""
    b = b / np.sqrt(np.mean(b**2, axis=0))
    return Circuit(w, b, phi, np.broadcast_to(np.asarray(bias, float), (len(w),)))


def _turned(rng: Rng, n: int) -> Array:
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def _gauss(rng: Rng, n: int, gain: float) -> Array:
    return gain * rng.standard_normal((n, n)) / np.sqrt(n)


def modal(
    rng: Rng,
    n: int = 200,
    top: tuple[float, ...] = (0.999,),
    rest: tuple[float, float] = (0.0, 0.3),
    inputs: int = 1,
    skew: float = 0.0,
) -> Circuit:
    """Given eigenvalues in a random basis (orthogonal if skew is 0); input along the first."""
    values = np.r_[top, rng.uniform(*rest, n - len(top))]
    basis = _turned(rng, n) @ (np.eye(n) + _gauss(rng, n, skew))
    return _circuit((basis * values) @ np.linalg.inv(basis), basis[:, :inputs])


def lowrank(rng: Rng, n: int = 150, top: float = 1.0, rank: int = 1, gain: float = 0.4) -> Circuit:
    """Random weights plus an oblique low-rank part tuned so that `top` is an eigenvalue."""
    u, g = rng.standard_normal((n, rank)), _gauss(rng, n, gain)
    v = u + rng.standard_normal((n, rank))
    tuned = np.linalg.inv(v.T @ np.linalg.solve(top * np.eye(n) - g, u))
    return _circuit(g + u @ tuned @ v.T, u)


def integrator(rng: Rng, n: int = 200, reach: float = 1.5) -> Circuit:
    """A tanh line: rank one, with thresholds; the readout is solved so that every level holds."""
    slope, bias = rng.choice((-1.0, 1.0), n) * rng.uniform(0.5, 1.5, n), rng.uniform(-1.5, 1.5, n)
    level = np.linspace(-reach, reach, 201)
    rates = np.tanh(level[:, None] * slope + bias)
    readout = np.linalg.solve(rates.T @ rates + 1e-4 * np.eye(n), rates.T @ level)
    return _circuit(np.outer(slope, readout), slope[:, None], np.tanh, bias)


def rosette(
    rng: Rng,
    n: int = 200,
    dims: int = 2,
    gain: float = 1.6,
    turn: float = 0.0,
    rough: float = 0.0,
    push: float = 0.0,
) -> Circuit:
    """Tanh units spread evenly over signs, a circle or a sphere; (gain/n) M R M' plus bias."""
    angle = 2 * np.pi * np.arange(n) / n
    if dims == 1:
        m = rng.permutation(np.where(np.arange(n) % 2, 1.0, -1.0))[:, None]
    elif dims == 2:
        m = np.sqrt(2) * np.c_[np.cos(angle), np.sin(angle)]
    else:
        height, spin = 1 - (2 * np.arange(n) + 1) / n, np.pi * (3 - np.sqrt(5)) * np.arange(n)
        wide = np.sqrt(1 - height**2)
        m = np.sqrt(3) * np.c_[wide * np.cos(spin), wide * np.sin(spin), height]
    r = np.eye(dims)
    if turn:
        r = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return _circuit(gain / n * m @ r @ m.T + _gauss(rng, n, rough), m, np.tanh, push * m[:, 0])


def ghost(rng: Rng, n: int = 200, gain: float = 1.6, past: float = 1e-3) -> Circuit:
    """Two points of a rank-one tanh circuit, with a bias just past the loss of the lower one."""
    edge = np.sqrt(1 - 1 / gain)
    return rosette(rng, n, 1, gain, push=gain * edge - np.arctanh(edge) + past)


def bump(rng: Rng, n: int = 200, even: float = -4.0, tuned: float = 4.0) -> Circuit:
    """The ring of rectified units with cosine connectivity and a constant drive."""
    angle = 2 * np.pi * np.arange(n) / n
    w = (even + tuned * np.cos(angle[:, None] - angle)) / n
    return _circuit(w, np.c_[np.cos(angle), np.sin(angle)], _relu, 1.0)


def bits(rng: Rng, n: int = 240, count: int = 2, gain: float = 1.6, rough: float = 0.3) -> Circuit:
    """One bistable group of tanh units for each bit, with random weights besides."""
    m = np.zeros((n, count))
    m[np.arange(n), np.arange(n) % count] = rng.choice((-1.0, 1.0), n)
    return _circuit(gain * count / n * m @ m.T + _gauss(rng, n, rough), m, np.tanh)


def patterns(rng: Rng, n: int = 200, count: int = 3, gain: float = 2.0) -> Circuit:
    """Hopfield memories that share all units."""
    m = rng.choice((-1.0, 1.0), (n, count))
    return _circuit(gain / n * m @ m.T, m, np.tanh)


def loop(rng: Rng, n: int = 150, groups: int = 3, gain: float = 3.0) -> Circuit:
    """Groups of tanh units, each of which inhibits the next: an oscillator."""
    of = np.arange(n) % groups
    w = -gain * groups / n * ((of[:, None] - of) % groups == 1)
    return _circuit(w + _gauss(rng, n, 0.2), (of == 0).astype(float)[:, None], np.tanh)


def chain(
    rng: Rng,
    n: int = 200,
    layers: int = 198,
    gain: float = 1.0,
    total: float = 0.5,
    turned: bool = True,
    phi: Callable[[Array], Array] = _same,
    adapt: float = 0.0,
) -> Circuit:
    """Layers that pass activity on; the first unit sums them; each unit may have an adaptation."""
    size = (n - 1) // layers // (2 if adapt else 1)
    used = size * layers
    layer, w, own = np.arange(used) // size, np.zeros((n, n)), np.arange(1, used + 1)
    w[1 : used + 1, 1 : used + 1] = gain / size * (layer[:, None] - layer == 1)
    w[0, 1 : used + 1] = total / size
    if adapt:
        w[own + used, own + used], w[own + used, own], w[own, own + used] = 0.9, 0.1, -adapt
    b = np.zeros((n, 1))
    b[1 : size + 1] = 1.0
    q = _turned(rng, n) if turned else np.eye(n)
    return _circuit(q @ w @ q.T, q @ b, phi)


def leak(
    rng: Rng, n: int = 200, gain: float = 0.8, phi: Callable[[Array], Array] = _same
) -> Circuit:
    """Random weights below the edge of stability (or above it: chaos, with tanh)."""
    return _circuit(_gauss(rng, n, gain), rng.standard_normal((n, 2)), phi)


def balanced(rng: Rng, n: int = 200, weight: float = 4.0, ratio: float = 1.1) -> Circuit:
    """Excitation and inhibition that cancel: differences are amplified into sums."""
    excite = np.arange(n) < n // 2
    row = np.where(excite, weight, -ratio * weight) / (n // 2)
    w = row * rng.uniform(0.5, 1.5, (n, n)) + _gauss(rng, n, 0.2)
    return _circuit(w, np.c_[excite, rng.standard_normal(n) * excite].astype(float))


def schur(rng: Rng, n: int = 150, forward: float = 1.5) -> Circuit:
    """Short time constants, and random feed-forward weights between orthogonal patterns."""
    q = _turned(rng, n)
    inner = np.diag(rng.uniform(0.0, 0.2, n)) + np.triu(_gauss(rng, n, forward), 1)
    return _circuit(q @ inner @ q.T, q[:, -2:])


def coupled(rng: Rng, n: int = 200, own: float = 0.99, across: float = 0.01) -> Circuit:
    """Two populations with one pattern each; own 0 and across 1 is one line that both share."""
    p = np.where(np.arange(n)[:, None] < n // 2, (1.0, 0.0), (0.0, 1.0))
    p = p * rng.uniform(-1.5, 1.5, (n, 1))
    p /= np.linalg.norm(p, axis=0)
    free = np.eye(n) - p @ p.T
    joint = np.array([[own, across], [across, own]])
    return _circuit(p @ joint @ p.T + free @ _gauss(rng, n, 0.3) @ free, p @ [[1, 1], [1, -1]])


def center(rng: Rng, n: int = 150, turn: float = 0.15) -> Circuit:
    """A linear oscillation of any size, which neither grows nor decays."""
    q, z = _turned(rng, n), 1 + (np.exp(1j * ALPHA * turn) - 1) / ALPHA
    inner = np.diag(rng.uniform(0.0, 0.3, n))
    inner[:2, :2] = [[z.real, -z.imag], [z.imag, z.real]]
    return _circuit(q @ inner @ q.T, q[:, :2])


def cells(rng: Rng, n: int = 150, slowest: float = 0.88) -> Circuit:
    """No connections: each unit leaks at its own rate."""
    return _circuit(np.diag(rng.uniform(0.0, slowest, n)), rng.uniform(0.2, 1.0, (n, 2)))


def beside(rng: Rng, n: int = 200) -> Circuit:
    """A tanh line in one half of the units, a bistable pattern in the other."""
    one, two, zero = integrator(rng, n // 2), rosette(rng, n // 2, 1), np.zeros((n // 2, n // 2))
    nil = np.zeros((n // 2, 1))
    w = np.block([[one.w, zero], [zero, two.w]])
    return _circuit(w, np.block([[one.b, nil], [nil, two.b]]), np.tanh, np.r_[one.bias, two.bias])


def simulate(
    circuit: Circuit,
    rng: Rng,
    sigma: float = 0.05,
    rate: float = 0.01,
    amp: float = 2.0,
    width: int = 1,
    signs: tuple[float, ...] = (-1.0, 1.0),
    start: float = 0.3,
    trials: int = 16,
    steps: int = 800,
) -> tuple[Array, Array]:
    """States and inputs: pulses of some width, from random states along the input columns."""
    n, k = circuit.b.shape
    onset = (rng.random((trials, steps, k)) < rate) * rng.choice(signs, (trials, steps, k))
    inputs = amp * onset
    for lag in range(1, width):
        inputs[:, lag:] += amp * onset[:, :-lag]
    x = start * rng.standard_normal((trials, k)) @ circuit.b.T
    states = np.empty((trials, steps, n))
    for t in range(steps):
        x = circuit.step(x, inputs[:, t] @ circuit.b.T)
        x = x + sigma * np.sqrt(ALPHA) * rng.standard_normal((trials, n))
        states[:, t] = x
    return states, inputs


Build = Callable[..., Circuit]
Row = tuple[str, str, str, Build, dict[str, Any], dict[str, Any], str]
QUIET = {"rate": 0.0, "start": 1.0}
BLIND = {"hidden": True}
# stem, mechanism, right words, circuit, its parameters, how it is driven and recorded, and the
# recordings: percent seen, fit (i identity, t tanh, p pca), kind (c counts, z z-scored)
ROWS: tuple[Row, ...] = (
    ("line-rotated", "line", "line", modal, {}, {"sigma": 0.1}, "20i 50i 5i 50ic"),
    (
        "line-slow-modes",
        "line",
        "line",
        modal,
        {"top": (1.0, 0.9, 0.87, 0.83)},
        {"amp": 3.0},
        "20i 50p 5i",
    ),
    (
        "line-skew",
        "line",
        "line",
        modal,
        {"n": 120, "skew": 0.5, "rest": (-0.3, 0.5)},
        {"rate": 0.03, "amp": 1.0, "obs": 0.3},
        "20i 50pz",
    ),
    (
        "line-low-rank",
        "line",
        "line",
        lowrank,
        {},
        {"amp": 1.0, "signs": (-1.0, 0.5, 1.0)},
        "20i 50tz 5p",
    ),
    ("line-tanh", "line", "line", integrator, {}, {"amp": 3.0, "sigma": 0.02}, "20t 50i 5t 50tc"),
    ("ring-tanh", "ring", "ring", rosette, {}, {"amp": 5.0}, "20t 50p 5t"),
    ("ring-low-gain", "ring", "ring", rosette, {"n": 150, "gain": 1.3}, QUIET, "20t 50i"),
    (
        "ring-unseen-input",
        "ring",
        "ring",
        rosette,
        {"n": 240, "gain": 2.2},
        {"amp": 5.0, "sigma": 0.15} | BLIND,
        "20tz 50tc",
    ),
    ("ring-bump", "ring", "ring", bump, {}, {"rate": 0.02, "width": 5}, "20t 5i 20pc"),
    (
        "surface-plane",
        "surface",
        "surface",
        modal,
        {"top": (0.999, 0.999), "inputs": 2},
        {},
        "20i 50p 5i 50ic",
    ),
    (
        "surface-low-rank",
        "surface",
        "surface",
        lowrank,
        {"rank": 2, "gain": 0.3},
        {"amp": 1.0},
        "20i 50tz",
    ),
    (
        "surface-sphere",
        "surface",
        "surface",
        rosette,
        {"n": 240, "dims": 3},
        {"amp": 5.0},
        "20t 50t",
    ),
    (
        "points-2",
        "points",
        "points",
        rosette,
        {"n": 100, "dims": 1, "gain": 1.5},
        {"amp": 4.0, "width": 4, "sigma": 0.2},
        "20t 5t",
    ),
    ("points-4", "points", "points", bits, {}, {"amp": 5.0, "width": 4}, "20t 50pc 50i"),
    (
        "points-8",
        "points",
        "points",
        bits,
        {"count": 3, "gain": 1.8, "rough": 0.2},
        QUIET,
        "20t 50t",
    ),
    (
        "points-hopfield",
        "points",
        "points",
        patterns,
        {},
        {"amp": 6.0, "width": 5} | BLIND,
        "50tz 20tc",
    ),
    (
        "cycle-rank-two",
        "cycle",
        "cycle recurrent",
        rosette,
        {"gain": 1.8, "turn": 0.3},
        {},
        "20t 50p 5t",
    ),
    ("cycle-three-groups", "cycle", "cycle recurrent", loop, {}, QUIET, "20t 50i"),
    (
        "cycle-five-groups",
        "cycle",
        "cycle recurrent",
        loop,
        {"n": 200, "groups": 5},
        {"sigma": 0.1},
        "50tc 20p",
    ),
    (
        "ghost-long",
        "ghost",
        "ghost,slow path,moving,mixture",
        ghost,
        {"past": 5e-4},
        {"amp": 4.0, "width": 4, "rate": 0.004, "signs": (-1.0,)},
        "20t 50t 5t",
    ),
    (
        "ghost-short",
        "ghost",
        "ghost,slow path,moving,mixture",
        ghost,
        {"n": 150, "gain": 2.0, "past": 2e-3},
        {"amp": 5.0, "width": 5, "rate": 0.006, "signs": (-1.0,), "sigma": 0.02},
        "50pz 20p",
    ),
    ("leak-random", "leak", "point", leak, {}, {}, "20i 50p 5i 50ic"),
    (
        "leak-tanh",
        "leak",
        "point",
        leak,
        {"n": 250, "gain": 0.7, "phi": np.tanh},
        {"amp": 5.0},
        "20t 20i",
    ),
    ("leak-low-rank", "leak", "point", lowrank, {"top": 0.85}, {"obs": 0.5}, "50iz"),
    (
        "leak-unseen-input",
        "leak",
        "point",
        modal,
        {"top": (0.8, 0.7), "inputs": 2},
        {"amp": 4.0} | BLIND,
        "20i",
    ),
    ("leak-slow", "leak", "slow path,moving", modal, {"top": (0.98,)}, {}, "20i 50p"),
    ("chain-delay", "chain", "moving", chain, {}, {"amp": 15.0}, "20i 50i 5i 50ic"),
    (
        "chain-12-layers",
        "chain",
        "point",
        chain,
        {"layers": 12, "n": 193, "total": 0.1},
        {"amp": 5.0},
        "20i 50p",
    ),
    (
        "chain-tanh",
        "chain",
        "moving",
        chain,
        {"layers": 110, "n": 221, "turned": False, "phi": np.tanh},
        {"amp": 8.0, "sigma": 0.02},
        "20t 50p",
    ),
    (
        "chain-rectified",
        "chain",
        "moving",
        chain,
        {"layers": 120, "n": 241, "turned": False, "phi": _relu, "total": 0.2},
        {"amp": 8.0, "sigma": 0.01, "signs": (1.0,)},
        "50t 20i",
    ),
    (
        "chain-no-sum",
        "chain",
        "moving",
        chain,
        {"n": 121, "layers": 120, "total": 0.0},
        {"amp": 20.0, "obs": 0.2, "trials": 20},
        "5p 50iz",
    ),
    ("amplifier-balanced", "amplifier", "point", balanced, {}, {}, "20i 50p 5i"),
    (
        "amplifier-cascade",
        "amplifier",
        "point",
        chain,
        {"layers": 5, "n": 101, "gain": 2.5},
        {"amp": 4.0, "rate": 0.02},
        "20i 50tc",
    ),
    ("amplifier-schur", "amplifier", "point", schur, {}, {"start": 1.0}, "50i 20pz"),
    ("two-lines", "other", "line,surface,slow path,moving", coupled, {}, {}, "20i 50p"),
    (
        "adapting-chain",
        "other",
        "moving",
        chain,
        {"n": 201, "layers": 100, "adapt": 0.3},
        {"amp": 15.0},
        "20i 50i",
    ),
    (
        "shared-line",
        "other",
        "line",
        coupled,
        {"own": 0.0, "across": 1.0},
        {"half": True},
        "20i 50p",
    ),
    ("center", "other", "cycle recurrent moving", center, {}, {"amp": 1.0}, "50i"),
    ("slow-cells", "other", "point", cells, {}, {"amp": 4.0}, "20p 5i"),
    ("line-beside-points", "other", "line,mixture", beside, {}, {"amp": 4.0, "width": 2}, "50t"),
    ("broken-ring", "other", "points,slow path", rosette, {"rough": 0.3}, {"amp": 5.0}, "20t"),
    ("chaos", "other", "moving,recurrent", leak, {"gain": 2.0, "phi": np.tanh}, QUIET, "50t"),
)
FITS = {"i": "identity", "t": "tanh", "p": "pca"}
KINDS = {"": "rates", "c": "counts", "z": "z-scored"}


def _plant(row: Row, name: str) -> tuple[Circuit, Array, Array, dict[str, Any], Rng]:
    """The circuit of a recording, all its states and inputs, how it is seen, and its draws."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    circuit = row[3](rng, **row[4])
    how = dict(row[5])
    seen = {key: how.pop(key, 0.0) for key in ("hidden", "obs", "half")}
    how.setdefault("trials", int(rng.integers(12, 21)))
    how.setdefault("steps", int(rng.integers(6, 11)) * 100)
    return circuit, *simulate(circuit, rng, **how), seen | {"sigma": how.get("sigma", 0.05)}, rng


def _record(row: Row, name: str, fraction: float, kind: str) -> tuple[Array, Array | None]:
    """The activity of some units, in the form in which the user has it, and the inputs."""
    _, states, inputs, seen, rng = _plant(row, name)
    n = states.shape[2]
    units = rng.permutation(n // 2 if seen["half"] else n)[: round(fraction * n)]
    x = states[:, :, np.sort(units)]
    x = x + seen["obs"] * seen["sigma"] * rng.standard_normal(x.shape)
    if kind != "rates":
        x = (x - x.mean((0, 1))) / x.std((0, 1))
    if kind == "counts":
        rate = np.exp(0.6 * np.clip(x, -3, 3))
        rate *= rng.uniform(1.0, 4.0, x.shape[2]) / rate.mean((0, 1))
        x = rng.poisson(rate).astype(float)
    return x, None if seen["hidden"] or not inputs.any() else inputs


def later(name: str, steps: int, count: int = 30) -> tuple[Array, Array]:
    """Visited states of the whole circuit, and where they are `steps` later without noise."""
    row = next(r for r in ROWS if name.startswith(r[0] + "-") and name[len(r[0]) + 1].isdigit())
    circuit, states, _, _, rng = _plant(row, name)
    flat = states.reshape(-1, states.shape[2])
    first = x = flat[rng.choice(len(flat), count, replace=False)]
    for _ in range(steps):
        x = circuit.step(x)
    return first, x


def held() -> tuple[Held, ...]:
    """All recordings; each leading part holds the mechanisms in about their shares."""
    cases: dict[str, list[Held]] = {}
    for row in ROWS:
        right = tuple(row[2].split(",") if "," in row[2] else row[2].split())
        for i, code in enumerate(row[6].split(), 1):
            percent = int(code.rstrip("itpcz"))
            letters = code[len(str(percent)) :]
            fit, kind = FITS[letters[0]], KINDS[letters[1:]]
            name = f"{row[0]}-{percent}-{i}"
            make = partial(_record, row, name, percent / 100, kind)
            case = Held(name, row[1], right, percent / 100, fit, kind, make)
            cases.setdefault(row[1], []).append(case)
    rng = np.random.default_rng(3)
    keyed = [
        ((j + 0.5) / len(group), case)
        for group in cases.values()
        for j, case in enumerate(group[k] for k in rng.permutation(len(group)))
    ]
    return tuple(case for _, case in sorted(keyed, key=lambda pair: pair[0]))


if __name__ == "__main__":
    for h in held():
        words = ", ".join(h.right)
        print(f"{h.name:24} {h.mechanism:10} {h.fraction:4} {h.fit:9} {h.kind:9} {words}")
