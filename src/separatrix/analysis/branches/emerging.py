"""The cycle that is born at a special point, as its normal form tells it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Complex, Float

from ..._records import Record, array, setting
from ..._types import Array, InvalidInputError, is_number, is_whole

if TYPE_CHECKING:
    from .record import Branches

BORN_AT = ("Hopf", "Neimark–Sacker", "flip")
FIRST = 1e-3
"""How far beyond the special point, in parts of the range, a cycle is told of unless one asks."""


class EmergingCycle(Record):
    r"""The closed orbit near a special point, to leading order: $x_0 + \Re(m e^{i\varphi})$.

    Give it to `sx.find_cycles` in place of candidates, with the system at its `parameter`.
    """

    centre: Float[Array, " unit"] = array("fixed point that it goes around")
    mode: Complex[Array, " unit"] = array("m: twice the critical vector times the amplitude")
    born_at: str = setting('"Hopf", "Neimark–Sacker" or "flip"')
    criticality: str = setting("of the special point")
    parameter: float = setting("where it is")
    name: str = setting("name of the parameter")
    period: float = setting("of one turn", units="ms")
    steps: int = setting("steps of a cycle of a map; 0: of a flow, or on a torus of a map")
    rotation: float = setting("turns in a step of a map, or in a time unit of a flow")
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")

    @property
    def amplitude(self) -> Float[np.ndarray, " unit"]:
        """How far each unit swings, from its smallest to its largest value."""
        return 2 * np.abs(np.asarray(self.mode))

    def orbit(self, count: int) -> Float[np.ndarray, "phase unit"]:
        """Return states at equally spaced phases."""
        turns = np.exp(2j * np.pi * np.arange(count) / count)
        return np.asarray(self.centre) + (turns[:, None] * np.asarray(self.mode)).real

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


def emerging_cycle(
    branches: "Branches", special: int, parameter: float | None = None
) -> EmergingCycle:
    r"""Tell the cycle that is born at a special point from its normal form.

    At a distance δ of the parameter from a Hopf point the motion along the critical vector q is
    $\dot z = (i\omega + \kappa\delta) z + c\,z|z|^2$, so the cycle has

    .. math:: |z|^2 = -\frac{\Re(\kappa)\,\delta}{\Re c}, \qquad
              \frac{2\pi}{T} = \omega + \Im(\kappa)\,\delta + \Im(c)\,|z|^2,

    and runs along $x_0 + 2\Re(z q)$, with errors of order |z|². At a Neimark–Sacker point of a map
    it is a closed curve on which states turn by such an angle at every step; at a flip it is the
    pair of states $x_0 \pm z q$.

    Parameters
    ----------
    branches
        What `continue_fixed_points` returned.
    special
        Number of the special point.
    parameter
        Where the cycle is wanted, on the side of the special point on which it exists; None: a
        thousandth of the range away from it.

    Returns
    -------
    EmergingCycle
        A start for `find_cycles(system_of(start.parameter), start)`.

    Raises
    ------
    InvalidInputError
        When no cycle is born at that point, its normal form is degenerate, or the parameter lies
        on the side without a cycle.

    References
    ----------
    Kuznetsov (2004) Elements of Applied Bifurcation Theory, ch. 3 to 5.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> def system_of(a):
    ...     return sx.Flow(lambda x: -x + jnp.array([[a, -1.0], [1.0, a]]) @ jnp.tanh(x), size=2)
    >>> branches = sx.continue_fixed_points(system_of, np.zeros(2), (0.5, 1.5), disconnected=None)
    >>> start = branches.emerging_cycle(0, 1.01)
    >>> round(float(start.mode[0].real), 3)  # averaging gives 2 √((a − 1)/a)
    0.2
    >>> cycles = sx.find_cycles(system_of(start.parameter), start)
    >>> cycles.stability, bool(abs(cycles.period[0] - start.period) < 0.01)
    (array(['stable'], dtype='<U8'), True)
    """
    kind, form = _form(branches, special)
    there = float(branches.special_parameters[special])
    side = -np.sign(form["growth"].real * form["cubic"].real)
    if parameter is None:
        width = abs(branches.parameter_to - branches.parameter_from)
        parameter = there + side * FIRST * width
    if not is_number(parameter) or not side * (float(parameter) - there) > 0:
        way = "above" if side > 0 else "below"
        raise InvalidInputError(
            f"the cycle born at {branches.name} = {there:.10g} exists {way} that value, got "
            f"{parameter!r}: give one on that side, or none."
        )
    delta = float(parameter) - there
    square = -form["growth"].real * delta / form["cubic"].real
    turn = float(branches.special_angle[special]) if kind != "flip" else np.pi
    turn += form["growth"].imag * delta + form["cubic"].imag * square
    mode = np.asarray(branches.special_mode)[special] * np.sqrt(square)
    return EmergingCycle(
        centre=_centre(branches, special, float(parameter)),
        mode=mode if kind == "flip" else 2 * mode,
        born_at=kind,
        criticality=str(branches.special_criticality[special]),
        parameter=float(parameter),
        name=branches.name,
        period=2 * np.pi / turn * branches.time_unit,
        steps=2 if kind == "flip" else 0,
        rotation=turn / (2 * np.pi),
        system=branches.system,
        time_unit=branches.time_unit,
    )


def _form(branches: "Branches", special: int) -> tuple[str, dict[str, Any]]:
    """Return the type of a special point and the numbers of its normal form."""
    if not is_whole(special) or not 0 <= special < branches.n_special:
        raise InvalidInputError(
            f"there is no special point {special!r}: they are numbered 0 to "
            f"{branches.n_special - 1}."
        )
    kind, criticality = (
        str(branches.special_type[special]),
        str(branches.special_criticality[special]),
    )
    if kind not in BORN_AT:
        raise InvalidInputError(
            f"no cycle is born at special point {special}, a {kind}: only at {', '.join(BORN_AT)} "
            "points."
        )
    if branches.special_growth is None or branches.special_cubic is None:
        raise InvalidInputError(
            "these branches come from a version that kept no normal forms: follow them again with "
            "sx.continue_fixed_points."
        )
    form = {
        "growth": complex(branches.special_growth[special]),
        "cubic": complex(branches.special_cubic[special]),
    }
    decided = criticality in ("supercritical", "subcritical")
    if not decided or form["growth"].real == 0 or not np.isfinite(list(form.values())).all():
        raise InvalidInputError(
            f"the normal form of special point {special} does not tell what is born there "
            f"({criticality or 'unknown'}): try sx.find_cycles from states near it."
        )
    return kind, form


def _centre(branches: "Branches", special: int, parameter: float) -> np.ndarray:
    """Return the fixed point at a parameter near the special point, on its branch."""
    place = np.asarray(branches.special_states)[special]
    around = branches.of_branch(int(branches.special_branch[special])).states_at(parameter)
    if not len(around):
        return place
    return around[np.linalg.norm(around - place, axis=1).argmin()]
