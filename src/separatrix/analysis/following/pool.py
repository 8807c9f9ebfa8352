"""The fixed points of a system that are known, how fast states come to each, and new ones."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import scipy
from jaxtyping import Bool, Complex, Float, Inexact, Int, Shaped

from ..._watch import in_time
from ...solvers.levenberg_marquardt import LevenbergMarquardt
from ...systems import AbstractSystem
from ..fixed_points.evaluator import DENSE, Evaluator
from ..fixed_points.points import FixedPoints
from ..fixed_points.search import find_fixed_points
from .thresholds import AT


@dataclass(frozen=True)
class Pool:
    """Fixed points.

    Attributes
    ----------
    states, stability
        Of each point; see `FixedPoints`.
    rate, turn, left
        At which the mode of each point that decays the slowest does so, in 1/step or 1/tau
        (negative: it grows); how long it takes to turn once (0: it does not); and its left vector,
        whose product with a displacement is its part of it. NaN where that is not known.
    label
        Its label among the points that were given; −1 where it was found here.
    is_proved
        Whether its existence and its stability are proved.
    scale
        Size of the states, in which it is said that two points are one.
    reach
        How near to each point what comes nearer is taken to end there; 0: that is not known.
    """

    states: Float[np.ndarray, "point unit"]
    stability: Shaped[np.ndarray, " point"]
    rate: Float[np.ndarray, " point"]
    turn: Float[np.ndarray, " point"]
    left: Complex[np.ndarray, "point unit"]
    label: Int[np.ndarray, " point"]
    is_proved: Bool[np.ndarray, " point"]
    scale: float
    reach: Float[np.ndarray, " point"]

    @property
    def is_stable(self) -> Bool[np.ndarray, " point"]:
        """Which points attract what is near."""
        return self.stability == "stable"

    def with_points(self, system: AbstractSystem, found: FixedPoints, given: bool) -> "Pool":
        """Return these points and others that are not among them; slow ones are left out."""
        fixed = np.flatnonzero(np.asarray(found.kind) == "fixed")
        states = np.asarray(found.states, float)[fixed]
        new = np.array([k for k in range(len(states)) if self._is_new(states[k])], int)
        if not len(new):
            return self
        rows = fixed[new]
        stability = np.asarray(found.stability)[rows].astype(object)
        rate, turn, left = slowest_modes(system, states[new])
        proved = np.asarray(found.certified)[rows] & np.asarray(found.n_unstable_certified)[rows]
        label = np.asarray(found.label)[rows] if given else np.full(len(rows), -1)
        return replace(
            self,
            states=np.concatenate([self.states, states[new]]),
            stability=np.concatenate([self.stability, stability]),
            rate=np.concatenate([self.rate, rate]),
            turn=np.concatenate([self.turn, turn]),
            left=np.concatenate([self.left, left]),
            label=np.concatenate([self.label, label]),
            is_proved=np.concatenate([self.is_proved, proved]),
            reach=np.concatenate([self.reach, np.zeros(len(new))]),
        )

    def search(self, system: AbstractSystem, candidates: np.ndarray) -> "Pool":
        """Return these points and those that a search from the candidates finds."""
        found = find_fixed_points(
            system,
            candidates,
            method=LevenbergMarquardt(max_steps=AT.search_steps),
            slow_points=False,
            certify=False,
            completeness=False,
        )
        return self.with_points(system, found, given=False)

    def proved(self, system: AbstractSystem, rows: np.ndarray) -> "Pool":
        """Return the points with proofs of some of them, where they are found."""
        rows = rows[~self.is_proved[rows]]
        if not len(rows):
            return self
        found = find_fixed_points(
            system, self.states[rows], slow_points=False, completeness=False
        ).fixed
        if not len(found):
            return self
        proofs = np.asarray(found.certified) & np.asarray(found.n_unstable_certified)
        away = scipy.spatial.distance.cdist(self.states[rows], np.asarray(found.states, float))
        nearest = away.argmin(1)
        is_proved = self.is_proved.copy()
        is_proved[rows] = proofs[nearest] & (away.min(1) <= AT.same_point * self.scale)
        return replace(self, is_proved=is_proved)

    def _is_new(self, state: np.ndarray) -> bool:
        """Whether no point that was known before is this one: those of one search differ."""
        return not (np.linalg.norm(self.states - state, axis=1) <= AT.same_point * self.scale).any()


def empty_pool(size: int, scale: float) -> Pool:
    """Return no points, of states of a size."""
    none = np.zeros(0)
    return Pool(
        states=np.zeros((0, size)),
        stability=none.astype(object),
        rate=none,
        turn=none,
        left=np.zeros((0, size), complex),
        label=none.astype(int),
        is_proved=none.astype(bool),
        scale=scale,
        reach=none,
    )


def decay(values: Inexact[np.ndarray, "*any"], kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return how fast modes decay, in 1/step or 1/tau, and how long they take to turn once."""
    is_map = kind == "map"
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = -np.log(np.abs(values)) if is_map else -values.real
        angle = np.abs(np.angle(values) if is_map else values.imag)
        return rate, np.where(angle > 0, 2 * np.pi / angle, 0.0)


def slowest_modes(
    system: AbstractSystem, states: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how fast the slowest modes at points decay and turn, and their left vectors."""
    rate, turn = np.full((2, len(states)), np.nan)
    left = np.full(states.shape, np.nan, complex)
    if not len(states) or system.size > DENSE:
        return rate, turn, left
    evaluator = Evaluator(system)
    parts = (zip(range(part.start, part.stop), evaluator.jacobian(states[part]), strict=True)
             for part in in_time(*states.shape))  # fmt: skip
    for k, jacobian in itertools.chain.from_iterable(parts):
        if not np.isfinite(jacobian).all():
            continue
        values, vectors = np.linalg.eig(jacobian.T)
        rates, turns = decay(values, system.kind)
        slowest = int(rates.argmin())
        rate[k], turn[k], left[k] = rates[slowest], turns[slowest], vectors[:, slowest]
    return rate, turn, left
