"""A branch of cycles, their stability and what happens to them."""

import numpy as np
from jaxtyping import Complex, Float, Int, Shaped

from ..._records import Record, array, setting
from ..._types import Array, counted


class CycleBranch(Record):
    """The cycles of a flow along one branch, as a parameter changes, in order of `arclength`.

    The state at which a cycle is taken to begin (phase 0) is arbitrary. It is chosen such that the
    states of equal phase move along the orbit as little as possible from one cycle to the next.
    """

    states: Float[Array, "point phase unit"] = array("states of the cycles, equally spaced in time")
    parameters: Float[Array, " point"] = array("value of the parameter")
    period: Float[Array, " point"] = array("period of the cycle", units="ms")
    arclength: Float[Array, " point"] = array(
        "arclength along the branch; the parameter counts in units of its range, the period by "
        "its logarithm, and each unit in units of its range on the first cycle, as the root "
        "mean square over all states"
    )
    multipliers: Complex[Array, "point multiplier"] = array(
        "Floquet multipliers: first the one along the orbit, then the others, the largest first"
    )
    n_unstable: Int[Array, " point"] = array(
        "number of multipliers outside the unit circle; −1 if it is not known"
    )
    stability: Shaped[np.ndarray, " point"] = array('"stable", "saddle", "unstable", "marginal"')
    special_type: Shaped[np.ndarray, " special"] = array(
        '"fold", "flip" (the period doubles), "Neimark–Sacker" (a torus) or "branch point"'
    )
    special_parameters: Float[Array, " special"] = array(
        "value of the parameter at the special point"
    )
    special_period: Float[Array, " special"] = array(
        "period of the cycle at the special point", units="ms"
    )
    special_states: Float[Array, "special phase unit"] = array(
        "states of the cycle at the special point"
    )
    special_angle: Float[Array, " special"] = array("angle of the critical multiplier, in radians")
    special_error: Float[Array, " special"] = array(
        "change of the special point's parameter when the integrator's steps are halved"
    )
    endings: Shaped[np.ndarray, " end"] = array(
        "why the branch ends at its first point and at its last point"
    )
    time_unit: float = setting("tau of the flow", units="ms")
    name: str = setting("name of the parameter")
    parameter_from: float = setting("one end of the parameter's range")
    parameter_to: float = setting("other end of the parameter's range")

    @property
    def amplitude(self) -> Float[np.ndarray, "point unit"]:
        """The range of each unit on each cycle: its largest minus its smallest stored value."""
        return np.ptp(np.asarray(self.states), axis=1)

    def special(self, kind: str) -> Float[np.ndarray, " special"]:
        """Return the parameter values at the special points of one type, in ascending order."""
        return np.sort(np.asarray(self.special_parameters)[np.asarray(self.special_type) == kind])

    def summary(self) -> str:
        low, high = np.min(self.parameters), np.max(self.parameters)
        return (
            f"CycleBranch of a flow of {counted(self.states.shape[2], 'unit')} in {self.name}, "
            f"{low:.6g} to {high:.6g}: {counted(len(self), 'cycle')}, period "
            f"{np.min(self.period):.4g} to {np.max(self.period):.4g} ms, "
            f"{counted(len(self.special_type), 'special point')}"
        )

    def describe(self) -> str:
        """Return the summary, a line for every special point, and how the branch ends."""
        # adding 0 makes −0 positive
        places = np.round(np.asarray(self.special_parameters), 12) + 0.0
        special = zip(self.special_type, places, self.special_period, strict=True)
        lines = [f"  {kind} at {self.name} = {p:.8g}, period {t:.5g} ms" for kind, p, t in special]
        first, last = (str(end) for end in self.endings)
        ends = f"  ends: {first}" if first == last else f"  ends: {first}; {last}"
        return "\n".join([self.summary(), *lines, ends])
