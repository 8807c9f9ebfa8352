#!/usr/bin/env python3
"""Check the proofs that `separatrix certify` writes, in ball arithmetic.

    python verify_certificates.py proofs.json [--all]

It needs python-flint (https://pypi.org/project/python-flint) and nothing else: the equations are
written out below, and nothing is taken from the package whose proofs are checked. A statement is

* verified: proved again, from the equation and the numbers in the file;
* refuted: proved to be false, or the parameters are not those of the digest;
* not checkable: neither; the equation is unknown, or the bounds are too wide.

A file is refused as a whole, before anything is proved, where one field is missing, unknown or not
of its form. The exit code is 1 where something is refuted, otherwise 0 where something is verified,
and 2 where the file is refused, states nothing, or nothing that can be checked.
The page "Proofs that anyone can check" of the documentation gives the theorems.
"""

import functools
import hashlib
import json
import math
import os
import random
import re
import signal
import struct
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

from flint import arb, arb_mat, ctx

FORMAT = "separatrix proofs 2"
ctx.prec = 256
TINY = arb(2) ** -160
OUTCOMES = VERIFIED, REFUTED, UNKNOWN = "verified", "refuted", "not checkable"

# Balls. Functions and products are bounded by what they are at the ends of an interval.


def largest(values):
    return functools.reduce(arb.max, values, arb(0))


def hull(values):
    return functools.reduce(arb.min, values).union(functools.reduce(arb.max, values))


def ends(x):
    return [x] if x.is_exact() else [x.lower(), x.upper()]


def times(a, b):
    exact = a.is_exact() or b.is_exact()
    return a * b if exact else hull([s * t for s in ends(a) for t in ends(b)])


def increasing(f):
    return lambda x: hull([f(end) for end in ends(x)])


def bump(f):
    """Bound an even function that falls on both sides of 0."""
    return lambda x: hull([f(end) for end in ends(x)] + [f(arb(0))] * x.contains(0))


def rectifier(leak):
    slope = lambda x: arb(1) if x > 0 else leak if x < 0 else leak.union(arb(1))
    return increasing(lambda x: x.max(leak * x)), slope


def logistic(x):
    return 1 / (1 + (-x).exp())


ACTIVATIONS = {
    "tanh": (increasing(arb.tanh), bump(lambda x: 1 / x.cosh() ** 2)),
    "sigmoid": (increasing(logistic), bump(lambda x: 1 / (4 * (x / 2).cosh() ** 2))),
    "exp": (increasing(arb.exp), increasing(arb.exp)),
    "relu": rectifier(arb(0)),
    "leaky_relu": rectifier(arb(0.01)),
    "softplus": (increasing(lambda x: x.exp().log1p()), increasing(logistic)),
    "linear": (lambda x: x, lambda x: arb(1)),
}
"""Each function, and its derivative; exp is only a part of others."""


class Vector:
    """Bounds of a vector over a set of states, and of its Jacobian there."""

    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def of(self, name):
        f, derivative = ACTIVATIONS[name]
        return Vector([f(v) for v in self.value], scale(self.slope, map(derivative, self.value)))

    def weighted(self, matrix):
        return Vector(apply(matrix, self.value), matrix * self.slope)

    def __add__(self, other):
        varies = isinstance(other, Vector)
        value = zip(self.value, other.value if varies else other, strict=True)
        return Vector([a + b for a, b in value], self.slope + other.slope if varies else self.slope)

    def __mul__(self, other):
        varies = isinstance(other, Vector)
        factors = other.value if varies else other
        slope = scale(self.slope, factors)
        slope = slope + scale(other.slope, self.value) if varies else slope
        return Vector([times(a, b) for a, b in zip(self.value, factors, strict=True)], slope)

    def __neg__(self):
        return Vector([-v for v in self.value], -self.slope)

    def __sub__(self, other):
        return self + -other

    def split(self, parts):
        size, rows = len(self.value) // parts, self.slope.tolist()
        cuts = [slice(k * size, (k + 1) * size) for k in range(parts)]
        return [Vector(self.value[cut], arb_mat(rows[cut])) for cut in cuts]

    def above(self, other):
        rows = self.slope.tolist() + other.slope.tolist()
        return Vector(self.value + other.value, arb_mat(rows))


def scale(matrix, factors):
    rows = zip(matrix.tolist(), factors, strict=True)
    return arb_mat([[times(entry, factor) for entry in row] for row, factor in rows])


def apply(matrix, vector):
    return (matrix * arb_mat(len(vector), 1, vector)).entries()


def row_sums(matrix):
    return [sum((entry.abs_upper() for entry in row), arb(0)) for row in matrix.tolist()]


def norm(matrix):
    return largest(row_sums(matrix)).upper()


def identity(size):
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def inverted(matrix):
    """Return an approximate inverse."""
    return matrix.mid().inv(nonstop=True).mid()


# Equations. Each gives what is zero at fixed points, and the map or the field, when asked for.


class System:
    """An equation with its parameters, as the file has them."""

    def __init__(self, about):
        self.about, self.flow = about, about["kind"] == "flow"
        self.equation = EQUATIONS[about["equation"]]
        self.arrays = {name: balls(rows) for name, rows in about["parameters"].items()}
        if "input" in about:  # what comes from outside, W_x u
            self.drive = apply(self.arrays["input_weights"], balls(about["input"]))
        if "left" in self.arrays:  # a part of low rank, left rightᵀ / divisor
            thin = self.arrays["right"].transpose() / arb(about["divisor"])
            product, full = self.arrays["left"] * thin, self.arrays.get("recurrent_weights")
            self.arrays["recurrent_weights"] = product if full is None else full + product
        if "tau" in about:
            self.shares(len(self.arrays["bias"]))

    def shares(self, size):
        """Note what part of the way to its target a unit goes: α of a map, τ_min / τ of a flow."""
        tau, alpha = (balls(v * (size // len(v))) for v in (self.about["tau"], self.about["alpha"]))
        self.share = [functools.reduce(arb.min, tau) / t for t in tau] if self.flow else alpha

    def leak(self, state, target):
        """Return (1 − α) x + α target for a map, (target − x) τ_min / τ for a flow."""
        if self.flow:
            return (target - state) * self.share
        return target * self.share + state * [1 - a for a in self.share]

    def zero(self, center, radius):
        """Return what is zero at fixed points, over a ball of the largest norm."""
        return self.both(center, radius)[0]()

    def slope(self, center, radius):
        """Return the Jacobian of the map or the field."""
        return self.both(center, radius)[1]().slope

    def both(self, center, radius):
        state = Vector([arb(c, radius) for c in center], identity(len(center)))
        return self.equation(self, state)


def is_matrix(rows):
    return bool(rows) and isinstance(rows[0], list)


def balls(rows):
    return arb_mat([list(map(arb, r)) for r in rows]) if is_matrix(rows) else list(map(arb, rows))


def rate(system, r):
    """τ r' = −r + f(W r + W_x u + b); leak inside: f((1 − α) r + α (W r + W_x u + b))."""
    current = r.weighted(system.arrays["recurrent_weights"]) + system.drive + system.arrays["bias"]
    name = system.about["activation"]
    outside, inside = lambda: current.of(name), lambda: system.leak(r, current).of(name)
    if system.about["leak"] == "outside":
        return lambda: outside() - r, lambda: system.leak(r, outside())
    # max(0, (1 − α) r + α a) = r exactly where max(0, a) = r.
    return lambda: (outside() if name == "relu" else inside()) - r, inside


def current(system, x):
    """τ x' = −x + W f(x) + W_x u + b."""
    rates = x.of(system.about["activation"]).weighted(system.arrays["recurrent_weights"])
    target = rates + system.drive + system.arrays["bias"]
    return lambda: target - x, lambda: system.leak(x, target)


def gru(system, h):
    """h' = (1 − z) c + z h, so h = c at rest; c = tanh(a + r (W h + b)), tanh(a + W (r h) + b)."""
    weights, size = system.arrays["recurrent_weights"], len(h.value)
    own, cut = system.arrays["recurrent_bias"], slice(2 * size, None)
    drive = [a + b for a, b in zip(system.drive, system.arrays["input_bias"], strict=True)]
    r, z, new = (h.weighted(weights) + own).split(3)
    reset = (r + drive[:size]).of("sigmoid")
    if system.about["equation"] == "gru":
        new = reset * new
    else:
        new = (reset * h).weighted(arb_mat(weights.tolist()[cut])) + own[cut]
    candidate = (new + drive[cut]).of("tanh")
    rest = -(z + drive[size : 2 * size])
    return lambda: candidate - h, lambda: h + (candidate - h) * rest.of("sigmoid")


def lstm(system, state):
    """c' = f c + i g, h' = o tanh(c'); a fixed point has c = i g / (1 − f) = i g (1 + eᵃ)."""
    h, c = state.split(2)
    gates = h.weighted(system.arrays["recurrent_weights"]) + system.arrays["recurrent_bias"]
    i, f, g, o = (gates + system.drive + system.arrays["input_bias"]).split(4)
    new, out = i.of("sigmoid") * g.of("tanh"), o.of("sigmoid")

    def both(cell):
        return (out * cell.of("tanh")).above(cell)

    rest = lambda: new * (f.of("exp") + [arb(1)] * len(f.value))
    return lambda: both(rest()) - state, lambda: both(f.of("sigmoid") * c + new)


def plastic(system, state):
    """x' = x + dt ((1 − x) / τ_x − u x h), u' = u + dt ((U − u) / τ_u + U (1 − u) h), in [0, 1].

    h' = max(0, (1 − α) h + α (W (u' x' h) + W_x s + b)), h in Hz, times in ms. At rest
    h = max(0, W (u x h) + …) ≥ 0, and so x and u lie in [0, 1] by themselves.
    """
    a, (h, x, u) = system.arrays, state.split(3)
    one, dt = [arb(1)] * len(h.value), arb(system.about["dt"])
    brisk = h * [v / 1000 for v in one]  # in kHz
    gained = [t * b for t, b in zip(a["tau_u"], a["baseline"], strict=True)]
    of_x = -x + one - u * x * brisk * a["tau_x"]  # τ_x times the change in a ms
    of_u = -u + a["baseline"] + (-u + one) * brisk * gained

    def current(x, u):
        return (u * x * h).weighted(a["recurrent_weights"]) + system.drive + a["bias"]

    def later(v, change, tau):
        v = v + change * [dt / t for t in tau]
        return v.of("relu") - (v + [-1 for _ in tau]).of("relu")

    def moved():
        next_x, next_u = later(x, of_x, a["tau_x"]), later(u, of_u, a["tau_u"])
        rates = system.leak(h, current(next_x, next_u)).of("relu")
        return rates.above(next_x).above(next_u)

    return lambda: (current(x, u).of("relu") - h).above(of_x).above(of_u), moved


def rectified(system, x):
    """x' = A x + B max(0, G x + t) + c: every piecewise-linear map of this form."""
    a = system.arrays
    gates = (x.weighted(a["gate_weights"]) + a["gate_bias"]).of("relu")
    moved = x.weighted(a["linear"]) + gates.weighted(a["weights"]) + a["constant"]
    return lambda: moved - x, lambda: moved


EQUATIONS = {"rate": rate, "current": current, "lstm": lstm, "rectified": rectified}
EQUATIONS |= {"gru": gru, "reset first gru": gru, "plastic": plastic}

# Theorems.


def krawczyk(system, center, radius, inverse=None):
    """Return the row sums Z of |I − A J| over the ball, and y = |A g(center)|, for some matrix A.

    Z bounds how N(x) = x − A g(x) stretches. Where Z < 1, at most one zero is in the ball; where
    also y + Z radius < radius, there is one, at most y / (1 − Z) from the center.
    """
    slope = system.zero(center, radius).slope
    inverse = inverted(slope) if inverse is None else inverse
    y = apply(inverse, system.zero(center, 0).value)
    return row_sums(identity(len(center)) - inverse * slope), [abs(v) for v in y]


def alone(system, center, radius):
    return all(z < 1 for z in krawczyk(system, center, radius)[0])


def located(system, start, steps=12):
    """Follow Newton's method; return center and radius of a ball that is proved to hold a zero."""
    center, inverse, last = balls(start), None, math.inf
    radius = TINY * largest([arb(2) ** -900, *map(abs, center)]).upper()
    for _ in range(steps):
        g = system.zero(center, 0)
        inverse = inverted(g.slope) if inverse is None else inverse
        move = apply(inverse, g.value)
        center = [(c - m).mid() for c, m in zip(center, move, strict=True)]
        size = largest(map(abs, move))
        if not size > radius / 2**20:
            break
        inverse, last = inverse if size < last / 1000 else None, size
    pairs = list(zip(*krawczyk(system, center, radius, inverse), strict=True))
    if all(z < 1 and y + z * radius < radius for z, y in pairs):
        return center, largest([y / (1 - z) for z, y in pairs]).upper()
    return None


def distance(one, other):
    return largest([abs(a - arb(b)) for a, b in zip(one, other, strict=True)])


def excluded(system, center, radius):
    """Tell whether the ball is proved to hold no zero.

    Either a component of g excludes 0, or some row t has |t g(center)| > radius Σ |t J|: at a zero
    x, t g(center) = t J (center − x) for a J of the ball.
    """
    over, g = system.zero(center, radius), system.zero(center, 0).value
    if any(v > 0 or v < 0 for v in over.value):
        return True
    J, one = over.slope.mid(), identity(len(center))
    inner = inverted(J * J.transpose() + one * (norm(J) ** 2 * arb(2) ** -60))
    left = apply(inner, [arb(1)] * len(center))
    for _ in range(8):  # towards the left singular vector of the smallest singular value
        size = largest(map(abs, left))
        left = [(v / size).mid() for v in apply(inner, left)]
    tests = arb_mat((J.transpose() * inner).mid().tolist() + one.tolist() + [left])
    reach = row_sums(tests * over.slope)
    return any(abs(t) > radius * s for t, s in zip(apply(tests, g), reach, strict=True))


def powers(matrix, most=70):
    """Bound Σ ‖Mʲ‖ by Π (1 + ‖M^(2^i)‖) / (1 − ‖M^(2^k)‖); None where no such power is below 1."""
    total = arb(1)
    for _ in range(most):
        size = norm(matrix)
        if size < 1:
            return (total / (1 - size)).upper()
        if not size < arb(2) ** 400:
            return None
        total, matrix = total * (1 + size), matrix * matrix
    return None


def count_unstable(system, zero):
    """Return how many eigenvalues at the zero are unstable, None where that is not proved.

    A flow's J becomes M = (c − J)⁻¹ (c + J), whose |μ| > 1 where Re λ > 0. In a basis of its two
    invariant subspaces M has blocks A, B, C, D. With all eigenvalues of A outside the unit circle
    and all of D inside, as many are outside as A has rows where ‖(z − A)⁻¹‖ ‖B‖ ‖(z − D)⁻¹‖ ‖C‖ < 1
    on the circle: none crosses it while C is scaled from 0 to 1.
    """
    J = M = system.slope(*zero)
    size, one = J.nrows(), identity(J.nrows())
    if system.flow:
        c = 2 * norm(J) + TINY
        M = (one * c - J).solve(one * c + J, nonstop=True)
    if powers(M) is not None:
        return 0
    S = J.mid() if system.flow else (inverted(J - one) * (J + one)).mid()
    far = arb(1)
    for _ in range(80):  # to the matrix sign, which has the subspaces as those of 1 and −1
        inverse = inverted(S)
        length = (norm(inverse) / norm(S)).sqrt() if far > 0.1 else arb(1)
        S, before = ((S * length + inverse / length) / 2).mid(), S
        far = norm(S - before) / norm(S)
        if not far > TINY:
            break
    trace, draw = (size + S.trace()) / 2, random.Random(0)
    count = round(float(trace)) if trace.is_finite() else 0
    if count == size:
        return size if powers(M.inv(nonstop=True)) is not None else None
    if not 0 < count < size:
        return None
    mixed = arb_mat(size, size, [arb(draw.gauss(0, 1)) for _ in range(size * size)])
    pairs = zip(((one + S) * mixed).tolist(), ((one - S) * mixed).tolist(), strict=True)
    basis = arb_mat([plus[:count] + minus[count:] for plus, minus in pairs]).mid()
    rows, cuts = basis.solve(M * basis, nonstop=True).tolist(), (slice(count), slice(count, size))
    A, B, C, D = (arb_mat([row[right] for row in rows[down]]) for down in cuts for right in cuts)
    inverse = A.inv(nonstop=True)
    outside, inside = powers(inverse), powers(D)
    if outside is None or inside is None:
        return None
    return count if norm(inverse) * outside * norm(B) * inside * norm(C) < 1 else None


# Statements.


class Checker:
    """Judges the statements about the points of one system."""

    def __init__(self, system, points):
        self.system, self.centers, self.zeros = system, [p["center"] for p in points], {}

    def zero(self, k):
        """Return the zero that Newton's method finds from point k, or None."""
        if k not in self.zeros:
            self.zeros[k] = located(self.system, self.centers[k])
        return self.zeros[k]

    def inside(self, k, radius):
        """Yield zeros that are proved to lie in a ball: from its center, from others, by chance."""
        center, draw = self.centers[k], random.Random(0)
        if zero := self.held(self.zero(k), center, radius):
            yield zero
        reach, others = 2 * float(radius), (j for j in range(len(self.centers)) if j != k)
        near = (j for j in others if math.dist(self.centers[j], center) <= reach * len(center))
        yield from filter(None, (self.held(self.zero(j), center, radius) for j in islice(near, 40)))
        for _ in range(4):
            start = [c + float(radius) * draw.uniform(-1, 1) for c in center]
            if zero := self.held(located(self.system, start), center, radius):
                yield zero

    def held(self, zero, center, radius):
        return zero if zero and distance(zero[0], center) + zero[1] <= radius else None

    def empty(self, k, radius):
        """Tell whether a ball is proved to hold no zero, by itself or by the only one nearby."""
        center, zero = self.centers[k], self.zero(k)
        if excluded(self.system, center, radius):
            return True
        far = distance(zero[0], center) if zero else arb(0)
        return bool(zero and far - zero[1] > radius and alone(self.system, center, far + zero[1]))

    def judge(self, k, claim):
        """Return the outcome of a claim about point k, and why."""
        name, radius = claim["claim"], arb(claim["radius"])
        if name == "absent":
            return self.absent(k, radius)
        first = self.held(self.zero(k), self.centers[k], radius)
        if not first and self.empty(k, radius):
            return REFUTED, "no zero is in the ball"
        if name == "unique":
            return self.unique(k, radius)
        if not first:
            return UNKNOWN, "Krawczyk's test decides nothing"
        return (VERIFIED, "") if name == "exists" else self.unstable(k, radius, first, claim)

    def absent(self, k, radius):
        if excluded(self.system, self.centers[k], radius):
            return VERIFIED, ""
        if any(self.inside(k, radius)):
            return REFUTED, "a zero is in the ball"
        return (VERIFIED, "") if self.empty(k, radius) else (UNKNOWN, "a zero is not excluded")

    def unstable(self, k, radius, first, claim):
        count = count_unstable(self.system, first)
        if count is None:
            return UNKNOWN, "an eigenvalue may be neutral"
        if count != claim["count"]:
            return REFUTED, f"{count} directions are unstable at a zero in the ball"
        if not alone(self.system, self.centers[k], radius):
            return UNKNOWN, "another zero may be in the ball"
        return VERIFIED, ""

    def unique(self, k, radius):
        zeros = self.inside(k, radius)
        first = next(zeros, None)
        if first and alone(self.system, self.centers[k], radius):
            return VERIFIED, ""
        if first and any(distance(first[0], z[0]) > first[1] + z[1] for z in zeros):
            return REFUTED, "two zeros are in the ball"
        return UNKNOWN, "the Jacobian is not bounded well enough over the ball"


def digest(parameters):
    """Return the SHA-256 of the names in order, each with its shape and little-endian doubles."""
    total = hashlib.sha256()
    for name, rows in sorted(parameters.items()):
        flat = [v for row in rows for v in row] if is_matrix(rows) else rows
        shape = [len(rows), len(rows[0])] if is_matrix(rows) else [len(rows)]
        total.update(f"{name} {shape}\n".encode() + struct.pack(f"<{len(flat)}d", *flat))
    return total.hexdigest()


def check_system(about):
    """Yield (label, claim, outcome, why) for every statement about a system."""
    refusal, checker = None, None
    if digest(about["parameters"]) != about["digest"]:
        refusal = REFUTED, "the parameters are not those of the digest"
    elif about["equation"] not in EQUATIONS:
        refusal = UNKNOWN, f"no equation is called {about['equation']!r}"
    for k, point in enumerate(about["points"]):
        for claim in point["claims"]:
            try:
                checker = checker or refusal or Checker(System(about), about["points"])
                outcome = refusal or checker.judge(k, claim)
            except Exception as error:  # whatever it is, nothing was proved
                outcome = UNKNOWN, f"the arithmetic failed: {type(error).__name__}"
            yield point["label"], claim, *outcome


# The form of a file. A reader takes a value and returns it as it is used, or refuses it; sizes come
# before contents, and nothing is proved of a file that was not read whole.

MOST = {"bytes": 2**27, "brackets": 2**20, "numbers": 2**23, "entries": 10_000, "units": 1024}


class Refused(Exception):
    """What is wrong with a file."""


def expected(what, value):
    if type(value) in (dict, list):
        got = f"{'an object' if type(value) is dict else 'a list'} of {len(value)}"
    else:
        got = json.dumps(value[:60] if type(value) is str else value)[:80]
    raise Refused(f"expected {what}, got {got}")


def within(where, read, *given):
    """Read a value, and say where it is when it is refused."""
    try:
        return read(*given)
    except Refused as error:
        raise Refused(f"{where}: {error}") from None


def number(value):
    if type(value) is not str or not re.fullmatch(
        r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}", value
    ):
        expected('a number as float.hex() writes it ("0x1.8000000000000p+1")', value)
    read = float.fromhex(value) if int(value[value.index("p") + 1 :]) < 1024 else math.nan
    return read if read.hex() == value else expected("the only way to write a double", value)


def such(what, is_so, read=lambda value: value):
    """Return a reader that refuses what is not so."""
    return lambda value: read(value) if is_so(read(value)) else expected(what, value)


def whole(low, high):
    is_so = lambda value: type(value) is int and low <= value <= high
    return such(f"a whole number from {low} to {high}", is_so)


def one_of(*names):
    is_so = lambda value: type(value) is str and value in names
    return such(f"one of {', '.join(names)}", is_so)


def entries(value, least=1):
    is_so = lambda value: type(value) is list and least <= len(value) <= MOST["entries"]
    return such(f"a list of {least} to {MOST['entries']} entries", is_so)(value)


not_negative = such("0 or more", lambda read: read >= 0 and math.copysign(1, read) > 0, number)
positive = such("more than 0", lambda read: read > 0, number)
line = such(
    "a line of up to 300 printed characters",
    lambda value: type(value) is str and 0 < len(value) <= 300 and value.isprintable(),
)
sha256 = such(
    "a SHA-256 of 64 digits",
    lambda value: type(value) is str and re.fullmatch("[0-9a-f]{64}", value),
)


def vector(read=number):
    return lambda value: [within(i, read, v) for i, v in enumerate(entries(value))]


def array(value):
    """Read a vector, or a matrix as its rows, each as long as the first."""
    if not is_matrix(entries(value)):
        return vector()(value)
    for i, row in enumerate(value):
        if type(row) is not list or len(row) != len(value[0]):
            within(i, expected, f"a row of {len(value[0])}", row)
    return vector(vector())(value)


def arrays(value):
    if type(value) is not dict or not all(name.isprintable() for name in value):
        expected("arrays by names", value)
    return {name: within(name, array, rows) for name, rows in value.items()}


def of(fields, optional=()):
    """Return a reader of an object with these fields and no others."""

    def read(value):
        if type(value) is not dict:
            expected("an object", value)
        for name in value:
            if name not in fields:
                raise Refused(f"the field {json.dumps(name[:60])} is not known here")
        for name in fields:
            if name not in value and name not in optional:
                raise Refused(f"the field {name!r} is missing")
        return {name: within(name, fields[name], each) for name, each in value.items()}

    return read


CLAIMS = {
    "exists": "there is a fixed point.",
    "unique": "there is exactly one fixed point.",
    "unstable": "there is a fixed point; at each one there the number of unstable directions is "
    "{count}, and none is neutral.",
    "absent": "there is no fixed point.",
}
CLAIM = {"claim": one_of(*CLAIMS), "radius": not_negative, "sentence": line}
POINT = {"label": whole(0, 2**31), "center": vector(), "claims": entries}
LEAKY = {
    "activation": one_of("tanh", "sigmoid", "relu", "leaky_relu", "softplus", "linear"),
    "dt": positive,
    "tau": vector(positive),
    "alpha": vector(positive),
}
TIMES = {name: LEAKY[name] for name in ("dt", "tau", "alpha")}
INPUT, INSIDE = {"input": vector()}, {"leak": one_of("outside", "inside")}
CURRENT = INPUT | LEAKY | {"divisor": whole(1, 2**31)}
ANY = CURRENT | INSIDE
OWN = {"rate": ANY, "current": CURRENT, "plastic": INPUT | TIMES, "rectified": {}}
OWN |= dict.fromkeys(("gru", "reset first gru", "lstm"), INPUT)
"""Further fields of each equation; those of one that is not known may all be missing."""
SYSTEM = {"name": line, "equation": line, "kind": one_of("map", "flow"), "parameters": arrays}
SYSTEM |= {"digest": sha256, "points": functools.partial(entries, least=0)}

WEIGHTS = {"input": "m", "input_weights": "n m", "recurrent_weights": "n n", "bias": "n"}
GATED = {"input": "m", "input_weights": "g m", "recurrent_weights": "g n"}
GATED |= {"input_bias": "g", "recurrent_bias": "g"}
UNITS = ("bias", "tau_x", "tau_u", "baseline")
GATES = {
    "linear": "n n",
    "weights": "n k",
    "constant": "n",
    "gate_weights": "k n",
    "gate_bias": "k",
}
SIZES = {"rate": WEIGHTS, "current": WEIGHTS, "plastic": WEIGHTS | dict.fromkeys(UNITS, "n")}
SIZES |= {"gru": GATED, "reset first gru": GATED, "lstm": GATED, "rectified": GATES}
"""The sizes of arrays: equal letters are equal numbers, n the number of units."""
PER_UNIT = {"gru": 3, "reset first gru": 3, "lstm": 4}
"""How many rows of weights, g, a unit with gates has."""
STATES = {"lstm": 2, "plastic": 3}
"""How many numbers in a state a unit has, where it is not one."""


def read_system(value):
    named = value.get("equation") if type(value) is dict else None
    known = OWN.get(named) if type(named) is str else None
    about = of(SYSTEM | (ANY if known is None else known), ANY if known is None else ("divisor",))(
        value
    )
    size = None if known is None else agree(about)
    points = [within(f"point {k}", read_point, p, size) for k, p in enumerate(about["points"])]
    once("label", [point["label"] for point in points])
    return about | {"points": points}


def agree(about):
    """Return the size of a state; refuse arrays and settings that do not belong together."""
    name, parameters, sizes = about["equation"], about["parameters"], dict(SIZES[about["equation"]])
    if "divisor" in about:
        sizes |= {"left": "n k", "right": "n k"}
        if "recurrent_weights" not in parameters:
            del sizes["recurrent_weights"]
    letters, own = {}, sizes.keys() - {"input"}
    if parameters.keys() != own:
        raise Refused(f"expected the parameters {', '.join(sorted(own))}")
    for key, letter in sizes.items():
        rows = about["input"] if key == "input" else parameters[key]
        shape = [len(rows), len(rows[0])] if is_matrix(rows) else [len(rows)]
        wanted = [letters.setdefault(x, n) for x, n in zip(letter.split(), shape, strict=False)]
        if wanted != shape or len(shape) != len(letter.split()):
            raise Refused(f"{key}: its sizes {shape} do not fit {letter!r} of the others {letters}")
    units = letters["n"]
    if letters.get("g", 0) != units * PER_UNIT.get(name, 0) or units > MOST["units"]:
        raise Refused(f"{units} units: expected up to {MOST['units']}, with rows for each gate")
    check_settings(about, units)
    return units * STATES.get(name, 1)


def check_settings(about, units):
    """Refuse settings with which an equation would not be what it is called."""
    name, parameters = about["equation"], about["parameters"]
    is_map = name not in ("rate", "current") or about.get("leak") == "inside"
    if about["kind"] == "flow" and is_map:
        raise Refused(f"{name} with these settings is a map, no flow")
    if "tau" in about:
        alpha = [about["dt"] / t for t in about["tau"]]
        if about["alpha"] != alpha or len(alpha) not in (1, units):
            raise Refused("expected alpha = dt / tau, rounded once, for all units or for each")
    if name == "plastic":
        times, baseline = parameters["tau_x"] + parameters["tau_u"], parameters["baseline"]
        if min(times) <= 0 or min(baseline) < 0 or max(baseline) > 1:
            raise Refused("expected tau_x and tau_u above 0, and baseline from 0 to 1")


def read_point(value, size):
    point = of(POINT)(value)
    if size is not None and len(point["center"]) != size:
        within("center", expected, f"{size} numbers", value["center"])
    claims = [within(f"claim {k}", read_claim, c, point) for k, c in enumerate(point["claims"])]
    names = once("claim", [claim["claim"] for claim in claims])
    if "absent" in names and len(names) > 1:
        raise Refused("a fixed point is said to be both absent and there")
    return point | {"claims": claims}


def read_claim(value, point):
    counted = type(value) is dict and value.get("claim") == "unstable"
    claim = of(CLAIM | ({"count": whole(0, len(point["center"]))} if counted else {}))(value)
    said = CLAIMS[claim["claim"]].format(count=claim.get("count"))
    told = f"Point {point['label']}: within {claim['radius']!r} of its center in every coordinate "
    if claim["sentence"] != told + said:
        within("sentence", expected, json.dumps(told + said), claim["sentence"])
    return claim


def once(what, values):
    """Refuse what is there twice."""
    for value, number in Counter(values).items():
        if number > 1:
            raise Refused(f"the {what} {json.dumps(value)[:80]} is there {number} times")
    return values


def no_duplicates(pairs):
    once("field", [name for name, _ in pairs])
    return dict(pairs)


def read_file(path):
    """Return the systems of a file, read whole, and its SHA-256."""
    with Path(path).open("rb") as file:
        content = file.read(MOST["bytes"] + 1)
    sizes = {"bytes": len(content), "numbers": content.count(b",")}
    sizes["brackets"] = content.count(b"[") + content.count(b"{")
    for what, size in sizes.items():
        if size > MOST[what]:
            raise Refused(f"it has more than {MOST[what]} {what}")
    whole_file = json.loads(content.decode(), object_pairs_hook=no_duplicates)
    told = whole_file.get("format") if type(whole_file) is dict else None
    if told != FORMAT:
        anew = "write it anew with `separatrix certify RUN` or sx.export_certificates"
        within("format", expected, f"{FORMAT!r} ({anew})", told)
    systems = of({"format": line, "systems": functools.partial(entries, least=0)})(whole_file)
    read = [within(f"system {k}", read_system, s) for k, s in enumerate(systems["systems"])]
    once("name", [about["name"] for about in read])
    return read, hashlib.sha256(content).hexdigest()


def main(arguments):
    """Print what came of every statement, and return the exit code."""
    paths = [name for name in arguments if name != "--all"]
    if len(paths) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        systems, sha = read_file(paths[0])
    except (RecursionError, OSError, ValueError, MemoryError, Refused) as error:
        deep = isinstance(error, RecursionError)
        print(f"refused: {'it is nested too deeply' if deep else error}", file=sys.stderr)
        return 2
    print(f"SHA-256 of the file: {sha}")
    total = Counter()
    for about in systems:
        print(f"{about['name']}: {about['equation']}, parameters {about['digest']}")
        counts = Counter()
        for _, claim, outcome, why in check_system(about):
            counts[claim["claim"], outcome] += 1
            if "--all" in arguments or outcome != VERIFIED:
                print(f"  {outcome}{why and f' ({why})'}: {claim['sentence']}")
        for (name, outcome), number in counts.items():
            print(f"  {name:8}  {number} {outcome}", flush=True)
            total[outcome] += number
    if not total:
        print("nothing to check: the file states nothing", file=sys.stderr)
        return 2
    print("all statements:", ", ".join(f"{total[outcome]} {outcome}" for outcome in OUTCOMES))
    if not total[VERIFIED] + total[REFUTED]:
        print("nothing is verified: no statement can be checked", file=sys.stderr)
        return 2
    return int(total[REFUTED] > 0)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream and stream.reconfigure(errors="backslashreplace")
    if hasattr(signal, "SIGPIPE"):  # `| head` ends it without a word
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        code = main(sys.argv[1:])
        sys.stdout and sys.stdout.flush()
    except OSError as error:  # a full disk
        print(f"what was found cannot be written: {error}", file=sys.stderr, flush=True)
        os._exit(2)  # Python would try once more
    sys.exit(code)
