"""The planted systems: each, run on by a dumb program, does what its construction says."""

import sys
from pathlib import Path
from types import SimpleNamespace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.planted import CLASSES, plant
from benchmarks.verdicts import refuted

SETS = {"line", "ring", "surface", "still"}
ROOM = 1.15
"""The thresholds of the page ± 10 %, and something for the few instants that are looked at."""


@eqx.filter_jit
def run(system, states, time, steps):
    """Return states after a time: as many steps of a map, or of Runge and Kutta."""

    def classic(x):
        f, h = jax.vmap(system.evaluate), time / steps
        a = f(x)
        b = f(x + h / 2 * a)
        c = f(x + h / 2 * b)
        return x + h / 6 * (a + 2 * b + 2 * c + f(x + h * c))

    step = jax.vmap(system.evaluate) if system.kind == "map" else classic
    return jax.lax.fori_loop(0, steps, lambda _, x: step(x), states)


class Dumb:
    """A planted system that is run on."""

    def __init__(self, planted):
        self.planted, self.T = planted, planted.duration / planted.system.time_unit
        self.is_map, self.size = planted.system.kind == "map", pdist(planted.states).max()
        short = 0 if planted.period is None else 40 * planted.duration / planted.period
        self.pieces = 0 if self.is_map else max(120.0, short, 1.5 * self.rate())  # of T

    def on(self, states, part, steps):
        """Return states after a part of T, in so many steps."""
        with jax.enable_x64(True):
            given = map(jnp.asarray, (states, part * self.T, steps))  # numbers would be constants
            return np.array(run(self.planted.system, *given))

    def rate(self):
        """Return the fastest rate per T that is met at the states, by powers of the Jacobian."""
        x, small = self.planted.states, 1e-6
        v = np.random.default_rng(0).normal(size=x.shape)
        for _ in range(8):
            v *= small * self.size / np.linalg.norm(v, axis=1, keepdims=True)
            moved, rest = (self.on(y, small, 1) - y for y in (x + v, x))
            v = (moved - rest) / small
        return np.linalg.norm(v, axis=1).max() / (small * self.size)

    def after(self, states, part):
        """Return states after a part of T."""
        steps = self.T * part if self.is_map else max(20.0, self.pieces * part)
        return self.on(states, part, round(steps))

    def apart(self, states, others):
        """Return how far states are from others, as a part of E₀."""
        return np.linalg.norm(states - others, axis=1) / self.size

    def seen(self):
        """Return which share of the states is seen to end at what; what rests, after 20 T."""
        one = self.planted
        long = 100 if one.name.startswith("spiral") else 20
        last = self.after(one.states, 2 if {"curve", "bounded"} & set(one.ends) else long)
        near = np.zeros(len(last), bool)
        with np.errstate(all="ignore"):
            gone = ~(self.apart(last, one.states.mean(axis=0)) < 1e8)
            if one.end_at is not None:
                far = self.apart(one.states, one.end_at)
                near = self.apart(last, one.end_at) < np.maximum(0.7 * far, 1e-9)
            last[gone] = one.states[gone]
            rests = self.apart(self.after(last, 1 / self.T if self.is_map else 0.01), last) < 1e-9
        return {
            "infinity": gone.mean(), "point": (near & ~gone).mean(),
            "continuum": (rests & ~near & ~gone).mean() * (one.end_at is None),
            "other": (~rests & ~near & ~gone).mean(),
        }  # fmt: skip


FEW = ("bumpy line", "ring", "leak", "two wells, slow", "diverging", "van der Pol", "turn by p/k")
REST = [pytest.param(name, marks=pytest.mark.runs) for name in CLASSES if name not in FEW]


@pytest.mark.parametrize("name", [*FEW, *REST])
def test_what_was_planted_is_there(name):
    one = plant(name, 0)
    dumb = Dumb(one)
    at_T = dumb.after(one.states, 1)
    along_the_axis(one, at_T)
    if one.ends is not None:
        ends(one.ends, dumb.seen())
    if one.period is not None:
        returns(one, dumb, at_T)
    if one.words <= SETS | {"point", "points", "slow path", "moving"}:
        still_or_moving(one, at_T, [dumb.after(at_T, part) for part in (0.25, 0.5, 0.75, 1)])


def along_the_axis(one, at_T):
    if one.spread_at_T is not None:
        first, last = one.states @ one.axis, at_T @ one.axis
        assert last.std() / first.std() == pytest.approx(one.spread_at_T, rel=5e-3, abs=1e-3)
    if one.order_at_T is not None:
        assert spearmanr(first, last).statistic == pytest.approx(one.order_at_T, abs=0.01)


def ends(told, seen):
    for what in ("infinity", "point", "continuum"):
        low, high = told.get(what, (0, 0))
        assert low - 0.02 <= seen[what] <= high + 0.02 or (what == "point" and high == 0)
    moving = sum(told.get(what, (0, 0))[0] for what in ("curve", "bounded", "unknown"))
    assert seen["other"] >= moving - 0.05


def returns(one, dumb, at_T):
    """Where states go round, they are back after a period, and not before."""
    part = one.period / one.duration
    settled = dumb.after(at_T, np.ceil(2 * part))
    rounds = [1 / 2, 1 / 3] if one.system.kind == "flow" else []
    steps = round(one.period / one.system.time_unit)
    if one.system.kind == "map" and abs(part * dumb.T - steps) < 1e-6:
        rounds = [k / steps for k in range(1, steps) if steps % k == 0]
        part = steps / dumb.T
    if one.system.kind == "flow" or rounds:
        back = dumb.apart(dumb.after(settled, part), settled)
        assert np.quantile(back, 0.95) < 0.01
    for less in rounds:
        away = dumb.apart(dumb.after(settled, less * part), settled)
        assert np.mean(away > 1e-3) >= min(0.95, one.ends["curve"][0])


def still_or_moving(one, at_T, later):
    """The words of what moves over T, at a few instants of the second T."""
    extent = pdist(at_T).max()
    far = [np.linalg.norm(x - at_T, axis=1) / extent for x in later]
    still = np.quantile(np.max(far, axis=0), 0.95)
    if one.words <= SETS:
        assert still <= 0.15 * ROOM
    if one.words == {"slow path"}:
        assert np.quantile(far[-1], 0.05) >= 0.15 / ROOM
    if one.words <= {"moving", "slow path"} and extent > 1e-3 * pdist(one.states).max():
        assert still >= 0.15 / ROOM
    if one.words <= {"point", "points"}:
        left = np.linalg.norm(at_T - one.end_at, axis=1)
        assert np.quantile(left, 0.95) <= 0.05 * ROOM * pdist(one.states).max()


@pytest.mark.parametrize(
    ("factor", "held"), [(1, "cycle"), (1.005, "cycle"), (0.5, "cycle"), (1, "ring")]
)
def test_a_false_claim_is_refuted(factor, held):
    one, rows = plant("turn by p/k", 1), np.arange(5)
    curve = {"what": "curve", "rows": rows, "share": 1.0, "family": True}
    end = SimpleNamespace(kind="end", numbers=curve | {"period": factor * one.period})
    first = SimpleNamespace(kind="held", numbers={"word": held, "first": True})
    verdict = SimpleNamespace(claims=(end, first), followed=rows, held=held)
    false = [claim for claim, _ in refuted(one, verdict)]
    assert false == [end] * (factor == 0.5) + [first] * (held == "ring")
