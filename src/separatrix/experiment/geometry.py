"""The geometry of a trained network's state space: what a run adds to its fixed points.

No stage can lose the run: one that has nothing to work on, or that fails, leaves a reason.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from .._records import Record
from .._types import InvalidInputError
from ..activity import Activity
from ..analysis import (
    Analyses,
    Branches,
    FixedPointGraph,
    FixedPoints,
    LyapunovSpectrum,
    SlowCurve,
    continue_fixed_points,
    fixed_point_graph,
    lyapunov_exponents,
    slow_curve,
)
from ..networks import AbstractNetwork
from ..solvers.continuation import Deflation, PseudoArclength
from ..solvers.tangent_qr import TangentQR
from ..systems import DiscreteMap
from ..tasks import AbstractTask, PerceptualDecisionMaking
from .settings import GeometrySettings

NUM_EXPONENTS = 8
MAX_TRAJECTORIES = 3
MAX_RAYS = 2
"""Directions along which saddles with several unstable ones are left."""
MAX_STARTS = 8
"""Fixed points from which branches are followed."""

PARAMETER = "signed coherence (%)"


class SkippedError(Exception):
    """An analysis has nothing to work on, for the reason given."""


class Geometry:
    """The stages, and what they work on: a network, its task, its activity and fixed points."""

    def __init__(
        self,
        settings: GeometrySettings,
        task: AbstractTask,
        network: AbstractNetwork,
        input: list[float],
        activity: Activity,
        points: FixedPoints,
    ):
        self.settings, self.task, self.network = settings, task, network
        self.input, self.activity, self.points = np.asarray(input, float), activity, points
        self.system = network.at_input(self.input)

    def records(self, announce: Callable[[str], None]) -> dict[str, Record]:
        """Return the result of every stage that is switched on, and what became of each."""
        stages: dict[str, tuple[bool, Callable[[], Record]]] = {
            "slow_curve": (self.settings.slow_curve, self.slow_curve),
            "branches": (self.settings.branches, self.branches),
            "fixed_point_graph": (self.settings.graph, self.graph),
            "lyapunov_spectrum": (self.settings.lyapunov, self.lyapunov),
        }
        done: dict[str, Record] = {}
        told: list[tuple[str, str, str]] = []
        for name, (wanted, stage) in stages.items():
            result: Any = ("skipped", "it was switched off in the settings.")
            if wanted:
                announce(name.replace("_", " "))
                result = _tried(stage)
            if isinstance(result, Record):
                done[name], result = result, ("done", "")
            told.append((name, *result))
        columns = [np.array(column, dtype=str) for column in zip(*told, strict=True)]
        return {**done, "analyses": Analyses(*columns)}

    def slow_curve(self) -> SlowCurve:
        """Follow the slowest states along the readout of choice 1 minus that of choice 2."""
        axis = decision_axis(self.network, self._decision())
        states = self.activity.flat_states
        low, high = np.percentile(states @ axis, [1, 99])
        if not low < high:
            raise SkippedError("the activity does not vary along the readout of the choice.")
        values = np.linspace(low, high, self.settings.slices)
        return slow_curve(self.system, axis, values, states)

    def branches(self) -> Branches:
        """Continue the fixed points in signed coherence, over the coherences of the task."""
        family = CoherenceFamily(self.network, self._decision())
        end = max(family.task.coherences)
        at = family.coherence_of(self.input)
        if end == 0 or at is None or abs(at) > end:
            raise SkippedError("the frozen input is none of the task's stimuli.")
        starts = np.asarray(self.points.fixed.states)[:MAX_STARTS]
        if not len(starts):
            raise SkippedError("no fixed point was found to start from.")
        size = float(np.sqrt(np.mean(np.square(self.activity.flat_states))))
        return continue_fixed_points(
            family,
            starts,
            parameter=(-end, end),
            at=at,
            name=PARAMETER,
            method=PseudoArclength(
                first_step=0.05,
                max_step=0.1,
                min_step=1e-5,
                max_points=self.settings.max_points,
                max_branches=MAX_STARTS,
                state_scale=max(size, 1e-3),
            ),
            disconnected=Deflation(values=2, starts=8, rounds=1, max_steps=20),
        )

    def graph(self) -> FixedPointGraph:
        """Follow the arms of the saddles."""
        if not len(self.points.fixed):
            raise SkippedError("no fixed point was found.")
        return fixed_point_graph(self.system, self.points, rays=MAX_RAYS)

    def lyapunov(self) -> LyapunovSpectrum:
        """Measure the exponents from the last state of a trial of each answer."""
        trials = np.unique(np.asarray(self.activity.choice), return_index=True)[1]
        starts = np.asarray(self.activity.states, float)[trials[:MAX_TRAJECTORIES], -1]
        method = TangentQR(
            steps=self.settings.lyapunov_steps,
            transient=self.settings.lyapunov_steps // 4,
            num_exponents=min(NUM_EXPONENTS, self.system.size),
        )
        return lyapunov_exponents(self.system, starts, method=method)

    def _decision(self) -> PerceptualDecisionMaking:
        """Return the task, where it is a decision between two choices."""
        if isinstance(self.task, PerceptualDecisionMaking) and self.task.num_choices == 2:
            return self.task
        raise SkippedError("it needs a task with a coherence and two choices.")


def _tried(stage: Callable[[], Record]) -> Record | tuple[str, str]:
    """Return the result of a stage, or its outcome and reason: nothing may lose the run."""
    try:
        return stage()
    except SkippedError as reason:
        return "skipped", str(reason)
    except InvalidInputError as error:
        return "failed", str(error)
    except Exception as error:  # the training before it may have taken hours
        return "failed", f"{type(error).__name__}: {error}"


def readout_weights(network: AbstractNetwork, state: np.ndarray) -> np.ndarray:
    """Return the derivative of the outputs with respect to the state, `(output, state)`."""
    return np.asarray(jax.jacfwd(network.readout)(np.asarray(state, np.float32)), float)


def decision_axis(network: AbstractNetwork, task: PerceptualDecisionMaking) -> np.ndarray:
    """Return the readout of choice 1 minus that of choice 2, `(state,)`."""
    first = task.responses.index("choice 1")
    weights = readout_weights(network, np.asarray(network.initial_state()))
    return weights[first] - weights[first + 1]


class CoherenceFamily:
    """The network at the stimulus of a signed coherence, positive for the first choice.

    The number may be a tracer: the network's arrays then are constants of the traced program.
    """

    def __init__(self, network: AbstractNetwork, task: PerceptualDecisionMaking):
        self.network, self.task = network, task
        self.middle = task.evidence_input(0.0)
        self.slope = (task.evidence_input(100.0) - self.middle) / 100

    def __call__(self, coherence: Any) -> DiscreteMap:
        u = self.middle + coherence * self.slope
        known = not isinstance(coherence, jax.core.Tracer)
        return DiscreteMap(
            lambda x: self.network.step(x, u),
            self.network.initial_state().shape[0],
            self.network.dt,
            residual=lambda x: self.network.residual(x, u),
            domain=self.network.domain(u) if known else None,
        )

    def coherence_of(self, input: np.ndarray) -> float | None:
        """Return the signed coherence whose stimulus an input is, or None."""
        coherence = float((input - self.middle) @ self.slope / (self.slope @ self.slope))
        there = self.middle + coherence * self.slope
        return coherence if np.allclose(there, input, atol=1e-9) else None
