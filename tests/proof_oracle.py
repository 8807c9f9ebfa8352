"""What is true of systems of one unit, by signs and bisection in decimal arithmetic of 60 digits.

Slow and simple, and with no line of the verifier or of the package: the residual of one unit is a
function of one number h, whose zeros lie where its sign changes.
"""

import itertools
from collections.abc import Callable, Iterator
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np

Json = dict[str, Any]
State = tuple[Decimal, ...]
DIGITS = Context(prec=60, Emax=10**15, Emin=-(10**15), traps=[])
ONE = Decimal(1)


def sigmoid(x: Decimal) -> Decimal:
    small = (-abs(x)).exp()
    return (ONE if x > 0 else small) / (1 + small)


def tanh(x: Decimal) -> Decimal:
    return 2 * sigmoid(2 * x) - 1


def relu(x: Decimal) -> Decimal:
    return max(x, Decimal(0))


FUNCTIONS: dict[str, Callable[[Decimal], Decimal]] = {
    "tanh": tanh,
    "sigmoid": sigmoid,
    "relu": relu,
    "leaky_relu": lambda x: x if x > 0 else Decimal.from_float(0.01) * x,
    "softplus": lambda x: max(x, Decimal(0)) + (1 + (-abs(x)).exp()).ln(),
    "linear": lambda x: x,
}


class Unit:
    """A system of one unit: `residual(h)` is zero at fixed points, which are `state(h)`."""

    def __init__(self, about: Json):
        self.about, self.flow = about, about["kind"] == "flow"
        self.p = {
            name: [Decimal(float(v)) for v in np.ravel(rows)]
            for name, rows in about["parameters"].items()
        }
        (u,) = map(Decimal, about.get("input", [0.0]))
        self.drive = [w * u for w in self.p.get("input_weights", [])]
        self.alpha = Decimal(about["alpha"][0]) if "alpha" in about else None
        steps = {"current": self.leaky_current, "reset first gru": self.gru}
        self.step = steps.get(about["equation"]) or getattr(self, about["equation"])

    def current(self, rate: Decimal) -> Decimal:
        weight = self.p.get("recurrent_weights", [Decimal(0)])[0]
        if "left" in self.p:
            thin = self.p["left"][0] * self.p["right"][0] / Decimal(self.about["divisor"])
            weight = weight + thin
        return weight * rate + self.drive[0] + self.p["bias"][0]

    def moved(self, state: State) -> State:
        """Return the next state, or the field."""
        return self.step(*state)

    def leaky(self, x: Decimal, target: Decimal) -> Decimal:
        return target - x if self.flow else x + self.alpha * (target - x)

    def rate(self, r):
        f, a = FUNCTIONS[self.about["activation"]], self.current(r)
        inside = self.about["leak"] == "inside"
        return (f(self.leaky(r, a)) if inside else self.leaky(r, f(a)),)

    def leaky_current(self, x):
        return (self.leaky(x, self.current(FUNCTIONS[self.about["activation"]](x))),)

    def gates(self, h):
        own = [
            w * h + b
            for w, b in zip(self.p["recurrent_weights"], self.p["recurrent_bias"], strict=True)
        ]
        return own, [d + b for d, b in zip(self.drive, self.p["input_bias"], strict=True)]

    def candidate(self, h):
        """Return the candidate of a GRU, which is h at rest, and the update gate z."""
        own, given = self.gates(h)
        r, z = (sigmoid(own[k] + given[k]) for k in (0, 1))
        if self.about["equation"] == "gru":
            return tanh(given[2] + r * own[2]), z
        new = self.p["recurrent_weights"][2] * r * h + self.p["recurrent_bias"][2]
        return tanh(given[2] + new), z

    def gru(self, h):
        candidate, z = self.candidate(h)
        return ((1 - z) * candidate + z * h,)

    def lstm(self, h, c):
        i, f, g, o = (a + b for a, b in zip(*self.gates(h), strict=True))
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    def plastic(self, h, x, u):
        dt, brisk = Decimal(self.about["dt"]), h / 1000
        tau_x, tau_u, baseline = (self.p[k][0] for k in ("tau_x", "tau_u", "baseline"))
        next_x = x + dt * ((1 - x) / tau_x - u * x * brisk)
        next_u = u + dt * ((baseline - u) / tau_u + baseline * (1 - u) * brisk)
        next_x, next_u = (min(max(v, Decimal(0)), ONE) for v in (next_x, next_u))
        return relu(self.leaky(h, self.current(next_u * next_x * h))), next_x, next_u

    def rectified(self, x):
        gate = relu(self.p["gate_weights"][0] * x + self.p["gate_bias"][0])
        return (self.p["linear"][0] * x + self.p["weights"][0] * gate + self.p["constant"][0],)

    def state(self, h: Decimal) -> State:
        """Return the only state with this h in which everything else rests."""
        if self.about["equation"] == "lstm":
            i, f, g, _ = (a + b for a, b in zip(*self.gates(h), strict=True))
            return h, sigmoid(i) * tanh(g) / (1 - sigmoid(f))
        if self.about["equation"] == "plastic":
            tau_x, tau_u, baseline = (self.p[k][0] for k in ("tau_x", "tau_u", "baseline"))
            s = h / 1000
            u = baseline * (1 + tau_u * s) / (1 + baseline * tau_u * s)
            return h, 1 / (1 + tau_x * u * s), u
        return (h,)

    def residual(self, h: Decimal) -> Decimal:
        if self.step == self.gru:  # where z is nearly 1, a step hardly moves from any state
            return self.candidate(h)[0] - h
        moved = self.moved(self.state(h))[0]
        return moved if self.flow else moved - h

    def zeros(self, low: Decimal, high: Decimal) -> Iterator[Decimal]:
        """Yield where the residual changes its sign, or is 0 to all digits."""
        steps = [low + (high - low) * k / 60 for k in range(61)]
        steps += [Decimal(k) / 20 for k in range(-80, 81)]
        steps += [s * Decimal(10) ** k for k in range(-16, 7) for s in (-1, 1)]
        nodes = sorted({s for s in steps if low <= s <= high})
        values = [self.residual(s) for s in nodes]
        found = [node for node, value in zip(nodes, values, strict=True) if value == 0]
        for (a, left), (b, right) in itertools.pairwise(zip(nodes, values, strict=True)):
            if left * right < 0:
                found.append(self.between(a, b, left))
        found.sort()
        for below, zero in zip([None, *found], found, strict=False):
            if below is None or zero - below > Decimal(10) ** -26:
                yield zero

    def between(self, a: Decimal, b: Decimal, left: Decimal) -> Decimal:
        for _ in range(90):
            middle = (a + b) / 2
            a, b = (middle, b) if self.residual(middle) * left > 0 else (a, middle)
        return (a + b) / 2

    def num_unstable(self, state: State) -> int:
        h = Decimal(10) ** -25
        columns = []
        for k in range(len(state)):
            ends = (tuple(v + s * h * (j == k) for j, v in enumerate(state)) for s in (1, -1))
            above, below = map(self.moved, ends)
            columns.append([float((a - b) / (2 * h)) for a, b in zip(above, below, strict=True)])
        found = np.linalg.eigvals(np.array(columns))
        return int(np.sum(found.real > 0 if self.flow else np.abs(found) > 1))


def is_true(about: Json, point: Json, claim: Json) -> bool:
    """Return whether a claim about a system of one unit is true."""
    with localcontext(DIGITS):
        unit = Unit(about)
        center, radius = [Decimal(v) for v in point["center"]], Decimal(claim["radius"])
        found = [unit.state(h) for h in unit.zeros(center[0] - radius, center[0] + radius)]
        here = [
            s for s in found if all(abs(a - b) <= radius for a, b in zip(s, center, strict=True))
        ]
        counts = {unit.num_unstable(state) for state in here}
    if claim["claim"] == "unstable":
        return counts == {claim["count"]}
    most = {"exists": len(here), "unique": 1, "absent": 0}[claim["claim"]]
    return len(here) == most and (most > 0 or claim["claim"] == "absent")


def proved(about: Json, low: float = -40.0, high: float = 40.0) -> list[Json]:
    """Return the fixed points of a system as a file states them, and a ball without any."""
    with localcontext(DIGITS):
        unit = Unit(about)
        states = [unit.state(h) for h in unit.zeros(Decimal(low), Decimal(high))]
        counts = [unit.num_unstable(state) for state in states]
    points = [
        {
            "label": label,
            "center": [float(v) for v in state],
            "claims": [
                {"claim": "exists", "radius": 2e-13},
                {"claim": "unique", "radius": 1e-4},
                {"claim": "unstable", "radius": 2e-13, "count": count},
            ],
        }
        for label, (state, count) in enumerate(zip(states, counts, strict=True))
    ]
    away = [v + 0.01 for v in points[0]["center"]]
    absent = [{"claim": "absent", "radius": 1e-4}]
    return [*points, {"label": len(points), "center": away, "claims": absent}]
