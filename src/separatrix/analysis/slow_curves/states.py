"""A slow curve, with what moves along it and what brings states back to it."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ..._checked import Milliseconds, checked
from ..._records import Record, array, setting
from ..._tables import Columns
from ..._types import Array, counted


class SlowCurve(Record):
    r"""The slowest state on each of many slices, the hyperplanes $a \cdot x = v$ of an axis a.

    There is one slice for each value v. For each slice, `outcomes` is "minimum", "fixed" (the speed
    is at rounding level), or "rejected". `reasons` says what is known about the minimum, or why the
    slice was rejected. A rejected slice has NaN as its state. Where `joined` is false, the curve
    jumps from the slice before to this slice: its slowest state is not the state that was reached
    from the slice before. For the first slice, `joined` is always false.
    """

    values: Float[Array, " slice"] = array("position of the slice along the axis")
    states: Float[Array, "slice unit"] = array("slowest state on the slice")
    speed: Float[Array, " slice"] = array(
        "norm of F(x) − x (per step) or of f(x) (per time constant)"
    )
    drift: Float[Array, " slice"] = array(
        "change of the position along the axis per step of a map, or per tau of a flow"
    )
    tangents: Float[Array, "slice unit"] = array(
        "derivative of the curve's state with respect to the position along the axis"
    )
    transverse_time: Float[Array, " slice"] = array(
        "slowest time constant of the return to the curve; negative if a direction across it grows",
        units="ms",
    )
    transverse_eigenvalue: Float[Array, " slice"] = array(
        "eigenvalue of the slowest mode across the curve: |μ| of a map, Re λ of a flow"
    )
    outcomes: Shaped[np.ndarray, " slice"] = array(
        'kind of the slowest state: "minimum" (of the speed), "fixed" (a fixed point) or '
        '"rejected" (none was found)'
    )
    reasons: Shaped[np.ndarray, " slice"] = array(
        "what is known of the slowest state, or why there is none"
    )
    joined: Bool[Array, " slice"] = array(
        "whether the curve continues without a jump from the previous slice to this slice"
    )
    crossing_values: Float[Array, " crossing"] = array(
        "positions along the axis of the isolated fixed points on the curve"
    )
    crossings: Float[Array, "crossing unit"] = array("isolated fixed points on the curve")
    crossing_stability: Shaped[np.ndarray, " crossing"] = array("stability of these fixed points")
    crossing_certified: Bool[Array, " crossing"] = array(
        "whether these fixed points are proved to exist"
    )
    axis: Float[Array, " unit"] = array("the axis to which the slices are perpendicular")
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")
    axis_name: str = setting("what the axis stands for; empty if that is not known", default="")
    crossing_n_unstable: Int[Array, " crossing"] | None = array(
        "number of unstable directions of these fixed points; −1 if it is not known", default=None
    )

    @property
    def times(self) -> Float[np.ndarray, " slice"]:
        """For each slice, the time in ms in which its drift would cross the range of `values`."""
        with np.errstate(divide="ignore"):
            return np.ptp(np.asarray(self.values)) / np.abs(self.drift) * self.time_unit

    @checked
    def flat(self, duration: Milliseconds) -> list[tuple[float, float]]:
        """Return the stretches `(from, to)` of the axis where `times` is at least a duration in ms.

        Everywhere on such a stretch, the drift would need at least `duration` to cross the range of
        all `values`. If states beside the stretch return to it in a much shorter time
        (`transverse_time`, above 0), it acts as a line attractor for this duration. A stretch ends
        where the curve jumps.
        """
        values = np.asarray(self.values)
        flat = np.asarray(self.times) >= duration
        stretches: list[tuple[float, float]] = []
        first = None
        for k in range(len(values)):
            if first is not None and not (flat[k] and self.joined[k]):
                stretches.append((float(values[first]), float(values[k - 1])))
                first = None
            if flat[k] and first is None:
                first = k
        if first is not None:
            stretches.append((float(values[first]), float(values[-1])))
        return [(a, b) for a, b in stretches if b > a]

    def passage_time(self) -> float:
        r"""Return how long the drift d takes from the first to the last of `values`, in ms.

        This time is $\int dv/|d(v)|$, by Simpson's rule. It is infinite if a fixed point lies on
        the way, and NaN if a slice was rejected or there is only one slice.
        """
        from scipy.integrate import simpson

        drift = np.asarray(self.drift)
        if len(self.crossing_values) or (np.asarray(self.outcomes) == "fixed").any():
            return float("inf")
        if len(drift) < 2 or np.isnan(drift).any():
            return float("nan")
        slowness = self.time_unit / np.abs(drift)
        return float(simpson(slowness, x=np.asarray(self.values)))

    def _table(self) -> Columns:
        return {name: values for name, values in super()._table().items() if name != "reasons"}

    def summary(self) -> str:
        outcomes = np.asarray(self.outcomes)
        counts = {name: int((outcomes == name).sum()) for name in ("minimum", "fixed", "rejected")}
        said = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
        return (
            f"SlowCurve of a {self.system} of {counted(self.states.shape[1], 'unit')}: "
            f"{counted(len(self), 'slice')} ({said}), "
            f"{counted(len(self.crossing_values), 'isolated fixed point')} on it"
        )
