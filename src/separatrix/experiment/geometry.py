"""The geometry of a trained network's state space: what a run adds to its fixed points."""

import functools
from collections.abc import Callable

import numpy as np

from ..analysis import (
    Branches,
    FixedPointGraph,
    LyapunovSpectrum,
    SlowCurve,
    continue_fixed_points,
    find_fixed_points,
    fixed_point_graph,
    lyapunov_exponents,
    slow_curve,
)
from ..evaluation.readout import slopes_of
from ..networks import AbstractNetwork
from ..plan import SkippedError, Stage, check_linked
from ..solvers.continuation import Deflation, PseudoArclength
from ..solvers.tangent_qr import TangentQR
from ..systems import DiscreteMap
from ..tasks import (
    AbstractTask,
    PerceptualDecisionMaking,
    PerceptualDecisionMakingDelayResponse,
)
from .subject import Subject

NUM_EXPONENTS = 8
MAX_TRAJECTORIES = 3
MAX_RAYS = 2
"""Directions along which saddles with several unstable ones are left."""
MAX_STARTS = 8
"""Fixed points from which branches are followed."""

PARAMETER = "signed coherence (%)"

Decision = PerceptualDecisionMaking | PerceptualDecisionMakingDelayResponse
"""Tasks whose stimulus is a signed coherence."""


class Geometry:
    """The stages, each of which is asked of a subject."""

    def __init__(self, subject: Subject):
        self.subject, self.settings = subject, subject.settings.geometry

    def stages(self) -> dict[str, Stage | None]:
        """Return the stages by name; None for one that is switched off."""
        wanted: dict[str, tuple[bool, Stage]] = {
            "slow_curve": (self.settings.slow_curve, self.slow_curve),
            "branches": (self.settings.branches, self.branches),
            "fixed_point_graph": (self.settings.graph, self.graph),
            "lyapunov_spectrum": (self.settings.lyapunov, self.lyapunov),
        }
        return {name: stage if on else None for name, (on, stage) in wanted.items()}

    def slow_curve(self) -> SlowCurve:
        """Follow the slowest states along the readout of choice 1 minus that of choice 2."""
        return readout_curve(self.subject)

    def branches(self) -> Branches:
        """Continue the fixed points in signed coherence, over the coherences of the task."""
        task, network = decision_between_two(self.subject), self.subject.network
        (middle, slope), end = _evidence(task), max(task.coherences)
        at = coherence_of(task, self.subject.input)
        if end == 0 or at is None or abs(at) > end * (1 + 1e-9):
            raise SkippedError("the frozen input is not one of the task's stimuli.")
        at = float(np.clip(at, -end, end))  # rounding puts the strongest stimulus beyond itself

        def family(coherence: float) -> DiscreteMap:
            return network.at_input(middle + coherence * slope)

        starts, at = self._starts(family, at, end)
        size = float(np.sqrt(np.mean(np.square(self.subject.activity.flat_states))))
        return continue_fixed_points(
            family,
            starts[:MAX_STARTS],
            parameter=(-end, end),
            at=at,
            name=PARAMETER,
            method=PseudoArclength(
                first_step=0.025,
                max_step=0.05,
                min_step=1e-5,
                max_points=self.settings.max_points,
                max_branches=MAX_STARTS,
                state_scale=max(size, 1e-3),
            ),
            disconnected=Deflation(values=2, starts=8, rounds=1, max_steps=20),
        )

    def _starts(
        self, family: Callable[[float], DiscreteMap], at: float, end: float
    ) -> tuple[np.ndarray, float]:
        """Return fixed points at the frozen stimulus; where it has none, at one of the strongest.

        A network that holds no state without evidence may be driven to one by evidence.
        """
        known = np.asarray(self.subject.points.fixed.states)
        if len(known):
            return known, at
        states = self.subject.activity.flat_states
        found = {}
        for coherence in (-end, end):
            points = find_fixed_points(
                family(coherence), states, completeness=False, slow_points=False
            )
            found[coherence] = np.asarray(points.fixed.states)
        strongest = max(found, key=lambda coherence: len(found[coherence]))
        if not len(found[strongest]):
            raise SkippedError(
                "no fixed point was found to start from, neither at the frozen input nor at the "
                f"strongest stimuli, ±{end:g} %."
            )
        return found[strongest], strongest

    def graph(self) -> FixedPointGraph:
        """Follow the arms of the saddles."""
        check_linked(self.subject.points)
        return fixed_point_graph(self.subject.system, self.subject.points, rays=MAX_RAYS)

    def lyapunov(self) -> LyapunovSpectrum:
        """Measure the exponents from the last state of a trial of each answer."""
        trials = np.unique(np.asarray(self.subject.activity.choice), return_index=True)[1]
        starts = np.asarray(self.subject.activity.states, float)[trials[:MAX_TRAJECTORIES], -1]
        method = TangentQR(
            steps=self.settings.lyapunov_steps,
            transient=self.settings.lyapunov_steps // 4,
            num_exponents=min(NUM_EXPONENTS, self.subject.system.size),
        )
        return lyapunov_exponents(self.subject.system, starts, method=method)


def decision_between_two(subject: Subject) -> Decision:
    """Return the task, where it is a decision between two choices."""
    task = subject.task
    if isinstance(task, Decision) and len(task.responses) == 3:
        return task
    raise SkippedError("it needs a task with a coherence and two choices.")


@functools.lru_cache(maxsize=1)
def readout_curve(subject: Subject) -> SlowCurve:
    """Follow the slowest states along the readout of choice 1 minus that of choice 2."""
    states = subject.activity.flat_states
    axis = decision_axis(subject.network, decision_between_two(subject), states)
    return curve_along(subject, axis, states, subject.settings.geometry.slices)


def curve_along(subject: Subject, axis: np.ndarray, states: np.ndarray, slices: int) -> SlowCurve:
    """Follow the slowest states along an axis, as far as `states` are spread along it."""
    low, high = np.percentile(states @ axis, [1, 99])
    if not low < high:
        raise SkippedError("the activity does not vary along the axis of the slow curve.")
    return slow_curve(subject.system, axis, np.linspace(low, high, slices), states)


def slowest_states(curve: SlowCurve) -> np.ndarray:
    """Return the states of the slices that have one; raise SkippedError for fewer than three."""
    found = np.asarray(curve.outcomes) != "rejected"
    if found.sum() < 3:
        raise SkippedError("fewer than three slices of the slow curve have a slowest state.")
    return np.asarray(curve.states)[found]


def decision_axis(network: AbstractNetwork, task: AbstractTask, states: np.ndarray) -> np.ndarray:
    """Return the readout of choice 1 minus that of choice 2, `(state,)`.

    In the mean over `states`: where rates are read out, units that rest have no slope.
    """
    first = task.responses.index("choice 1")
    weights = slopes_of(network, states).mean(axis=0)
    axis = weights[first] - weights[first + 1]
    if not axis.any():
        raise SkippedError("the readout of the choice does not change with the state.")
    return axis


def _evidence(task: Decision) -> tuple[np.ndarray, np.ndarray]:
    """Return the stimulus without evidence, and how it changes with signed coherence."""
    middle = task.evidence_input(0.0)
    return middle, (task.evidence_input(100.0) - middle) / 100


def coherence_of(task: Decision, input: np.ndarray) -> float | None:
    """Return the signed coherence whose stimulus an input is, or None."""
    middle, slope = _evidence(task)
    coherence = float((input - middle) @ slope / (slope @ slope))
    return coherence if np.allclose(middle + coherence * slope, input, atol=1e-9) else None
