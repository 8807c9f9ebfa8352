"""The cycle that is born at a special point, as its normal form tells it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from ..._records import Record, array, setting
from ..._tables import Columns
from ..._types import Array, InvalidInputError

BORN_AT = ("Hopf", "Neimark–Sacker", "flip")


class EmergingCycle(Record):
    r"""The cycle that is born at a bifurcation, to leading order: $x_0 + \Re(m e^{i\varphi})$.

    Here $x_0$ is the fixed point (`center`), m is `mode`, and φ is the phase. To find the exact
    cycle, take the system with the parameter set to `parameter`, and give this record to
    `sx.find_cycles` in place of candidates.
    """

    center: Float[Array, " unit"] = array("fixed point around which the cycle runs, at `parameter`")
    mode: Complex[Array, " unit"] = array(
        "m, a multiple of the critical eigenvector: at phase φ, the state is center + Re(m exp(iφ))"
    )
    born_at: str = setting('"Hopf", "Neimark–Sacker" or "flip"')
    criticality: str = setting("criticality of the special point at which the cycle is born")
    parameter: float = setting("value of the parameter")
    name: str = setting("name of the parameter")
    period: float = setting("duration of one turn", units="ms")
    steps: int = setting(
        "number of steps of a cycle of a map; 0 for a flow, and for a closed curve of a map"
    )
    rotation: float = setting("turns per step of a map, or per tau of a flow")
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")

    @property
    def amplitude(self) -> Float[np.ndarray, " unit"]:
        """The range of each unit along the orbit: its largest minus its smallest value."""
        return 2 * np.abs(np.asarray(self.mode))

    def orbit(self, count: int) -> Float[np.ndarray, "phase unit"]:
        """Return `count` states of the orbit, at equally spaced phases."""
        turns = np.exp(2j * np.pi * np.arange(count) / count)
        return np.asarray(self.center) + (turns[:, None] * np.asarray(self.mode)).real

    def _table(self) -> Columns:
        return {}  # it is one cycle; its numbers are settings

    def summary(self) -> str:
        what = (
            f"a cycle of {self.steps} steps" if self.steps else f"a period of {self.period:.4g} ms"
        )
        if self.born_at == "Neimark–Sacker":
            what = f"a closed curve, {self.rotation:.4g} turns a step"
        return (
            f"EmergingCycle at {self.name} = {self.parameter:.6g}, born at a {self.criticality} "
            f"{self.born_at} point: {what}, amplitude up to {self.amplitude.max():.3g}"
        )


@dataclass(frozen=True)
class Birth:
    """A special point at which a cycle is born: its number, where it is, and its normal form.

    `angle` is ω (Hopf) or θ (Neimark–Sacker) of the critical mode; `mode`, `growth` and `cubic` are
    q, κ and c of `normal_forms`.
    """

    number: int
    born_at: str
    criticality: str
    parameter: float
    angle: float
    mode: np.ndarray
    growth: complex
    cubic: complex

    def __post_init__(self) -> None:
        if self.born_at not in BORN_AT:
            raise InvalidInputError(
                f"no cycle is born at special point {self.number}, a {self.born_at} point. Cycles "
                f"are born only at {', '.join(BORN_AT)} points."
            )
        decided = self.criticality in ("supercritical", "subcritical")
        if not decided or self.growth.real == 0 or not np.isfinite([self.growth, self.cubic]).all():
            raise InvalidInputError(
                f"the normal form of special point {self.number} does not tell what is born there "
                f"(its criticality: {self.criticality or 'unknown'}). Try sx.find_cycles from "
                "states near the point."
            )

    @property
    def side(self) -> float:
        """1 where the cycle exists above the special point, −1 where it exists below."""
        return -float(np.sign(self.growth.real * self.cubic.real))

    def cycle(
        self, parameter: float, center: np.ndarray, *, name: str, system: str, time_unit: float
    ) -> EmergingCycle:
        """Return the cycle at a parameter on its side, around the fixed point there."""
        delta, flips = parameter - self.parameter, self.born_at == "flip"
        square = -self.growth.real * delta / self.cubic.real
        turn = np.pi if flips else self.angle
        turn += self.growth.imag * delta + self.cubic.imag * square
        mode = self.mode * np.sqrt(square)
        return EmergingCycle(
            center=center,
            mode=mode if flips else 2 * mode,
            born_at=self.born_at,
            criticality=self.criticality,
            parameter=parameter,
            name=name,
            period=2 * np.pi / turn * time_unit,
            steps=2 if flips else 0,
            rotation=turn / (2 * np.pi),
            system=system,
            time_unit=time_unit,
        )
