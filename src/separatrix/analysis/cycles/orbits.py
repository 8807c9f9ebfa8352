"""Record of a set of cycles."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Shaped

from ..._records import Record, array, setting
from ..._types import Array, counted
from .found import CIRCLE, LED, OPEN


class Cycles(Record):
    r"""Closed orbits, each with its minimal period and its Floquet multipliers.

    Closed curves round which a map's states go without closing, the invariant circles, are among
    them: `kind` says what each is. The `length` of a circle is 0, its `period` is the mean time
    once round, and its states are places on it, equally spaced in phase. Its multipliers are the
    factors by which distances change once round. The one along the circle is 1.

    The multipliers of a cycle are the eigenvalues of the derivative of the motion once around the
    cycle. In a flow, the multiplier along the orbit is 1, so the distance of the computed value
    from 1 shows the accuracy. For each number of steps in `complete_lengths`, it is proved that the
    search found every cycle of this length. The system may have more cycles of other lengths. In a
    selection of cycles, `complete_lengths` has only the lengths of which all cycles are selected.
    """

    states: Float[Array, "cycle phase unit"] = array(
        "states of the cycle: one per step of a map, equally spaced in time for a flow, and in "
        "phase for an invariant circle; NaN beyond the last one"
    )
    length: Int[Array, " cycle"] = array(
        "number of states of the cycle: for a map, the minimal number of steps, and 0 for an "
        "invariant circle, which no step closes; for a flow, the number of states that are kept"
    )
    period: Float[Array, " cycle"] = array(
        "minimal period; for an invariant circle, the mean time once round", units="ms"
    )
    period_error: Float[Array, " cycle"] = array(
        "error of the period due to the integrator's step; 0 for a map", units="ms"
    )
    multipliers: Complex[Array, "cycle multiplier"] = array(
        "Floquet multipliers, largest first; for an invariant circle, the moduli once round"
    )
    stability: Shaped[np.ndarray, " cycle"] = array('"stable", "saddle", "unstable", "marginal"')
    n_unstable: Int[Array, " cycle"] = array(
        "number of multipliers outside the unit circle; −1 if it is not known"
    )
    error_bound: Float[Array, " cycle"] = array(
        "length of the last Newton correction: an estimate of the distance to the cycle; for an "
        "invariant circle, the median distance of earlier states from the curve of later ones"
    )
    exact: Bool[Array, " cycle"] = array(
        "whether the system is linear around each state of the cycle, in a region that is "
        "larger than the error of the state"
    )
    hits: Int[Array, " cycle"] = array(
        "number of starts that led to the cycle; 0 if enumeration found it"
    )
    reached: Int[Array, " start"] = array("index of the cycle to which each start led; −1 if none")
    reasons: Shaped[np.ndarray, " start"] = array("how the search from each start ended")
    complete_lengths: Int[Array, " complete"] = array(
        "numbers of steps for which it is proved that every cycle is listed, because the search "
        "solved every sequence of linear pieces"
    )
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")
    method: str = setting('"shooting"; "piecewise linear" for some maps in older files')
    led: Shaped[np.ndarray, " start"] | None = array(
        'what each start led to, such as "a cycle" or "an invariant circle"; None in older files',
        default=None,
    )
    turn: Float[Array, " start"] | None = array(
        "mean time once round an invariant circle, or a locked cycle of a map; "
        "NaN for all other starts",
        units="ms",
        default=None,
    )
    kind: Shaped[np.ndarray, " cycle"] | None = array(
        'what each is: "cycle"; "locked p/q" if a map\'s closes after p turns, in q steps; or '
        '"invariant circle"; None in older files',
        default=None,
    )
    once_round: Float[Array, " cycle"] | None = array(
        "mean time in which states go round once: the period, or, if it is locked p/q, the period "
        "divided by p; None in older files",
        units="ms",
        default=None,
    )

    def _as_part_of(self, whole: "Cycles") -> "Cycles":
        lengths = np.asarray(whole.complete_lengths)
        kept = [self._of_length(n) == whole._of_length(n) for n in lengths.tolist()]
        return dataclasses.replace(self, complete_lengths=lengths[np.array(kept, bool)])

    def _of_length(self, number: int) -> set[bytes]:
        """Return the cycles with a number of states, as sets can hold them."""
        states = np.asarray(self.states)[np.asarray(self.length) == number]
        return {cycle[:number].tobytes() for cycle in states}

    @property
    def amplitude(self) -> Float[np.ndarray, "cycle unit"]:
        """The range of each unit on each cycle: its largest minus its smallest stored value."""
        states = np.asarray(self.states)
        if not len(states):
            return np.zeros((0, states.shape[2]))
        return np.nanmax(states, axis=1) - np.nanmin(states, axis=1)

    def orbit(self, cycle: int) -> Float[np.ndarray, "phase unit"]:
        """Return the states of one cycle, without the rows of NaN that fill up `states`."""
        states = np.asarray(self.states)[cycle]
        return states[: int(self.length[cycle]) or np.isfinite(states).all(1).sum()]

    def summary(self) -> str:
        kinds, counts = np.unique(np.asarray(self.stability, str), return_counts=True)
        named_counts = ", ".join(f"{n} {kind}" for kind, n in zip(kinds, counts, strict=True))
        return (
            f"{counted(len(self), 'cycle' if np.any(self.length) or not len(self) else CIRCLE)} "
            f"of a {self.system} of "
            f"{counted(self.states.shape[2], 'unit')}"
            + (f" ({named_counts})" if named_counts else "")
            + f" from {counted(len(self.reached), 'start')}"
            + self._uncommon()
            + self._completeness()
        )

    def _uncommon(self) -> str:
        """Return how many starts led to motion that does not close, in words."""
        led = np.asarray([] if self.led is None else self.led, str)
        counts = {LED[kind]: int((led == LED[kind]).sum()) for kind in OPEN}
        named_counts = ", ".join(f"{n} to {kind}" for kind, n in counts.items() if n)
        return f", which led {named_counts}" if named_counts else ""

    def _completeness(self) -> str:
        """Return of which numbers of steps no cycle is missing, in words."""
        proved = [int(length) for length in self.complete_lengths]
        if not proved:
            return ""
        whole = len(proved) > 2 and proved == [*range(proved[0], proved[-1] + 1)]
        lengths = f"{proved[0]} to {proved[-1]}" if whole else " and ".join(map(str, proved))
        return f"; of {lengths} {'step' if proved == [1] else 'steps'} no other (proved)"
