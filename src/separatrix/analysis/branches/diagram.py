"""Branches of fixed points, their stability and their special points."""

from typing import ClassVar

import numpy as np
from jaxtyping import Complex, Float, Int, Shaped

from ..._records import Record, array, setting
from ..._tables import Columns
from ..._types import Array, InvalidInputError, counted, is_number, is_whole
from .between import states_between
from .emerging import Birth, EmergingCycle
from .special import SEVERAL

Text = np.ndarray

MOST = 20
"""Special points that a summary lists."""
FIRST = 1e-3
"""How far beyond the special point, in parts of the range, a cycle is given by default."""


class Branches(Record):
    """Curves of fixed points as a parameter changes, with their stability and special points.

    Points are ordered by branch, and along a branch by `arclength`. The `special_…` arrays list
    each special point once. If two branches cross there, `special_branch` and `special_other` name
    both.
    """

    states: Float[Array, "point unit"] = array("fixed points")
    parameters: Float[Array, " point"] = array("value of the parameter")
    branch: Int[Array, " point"] = array("number of the branch to which the point belongs")
    arclength: Float[Array, " point"] = array(
        "arclength along the branch; the parameter counts in units of its range, and each unit "
        "in units of its typical size (`state_scale`), as the root mean square over units"
    )
    n_unstable: Int[Array, " point"] = array(
        "number of unstable directions; −1 if it is unknown or if rounding errors may change it"
    )
    stability: Shaped[Text, " point"] = array(
        '"stable", "saddle", "unstable", "marginal" or "kink" (the function bends or jumps there)'
    )
    largest_eigenvalue: Float[Array, " point"] = array(
        "largest |μ| of a map, largest Re λ of a flow"
    )
    special_type: Shaped[Text, " special"] = array(
        'type of the special point, such as "fold" or "Hopf"; `Branches.types` has all types'
    )
    special_parameters: Float[Array, " special"] = array(
        "value of the parameter at the special point"
    )
    special_states: Float[Array, "special unit"] = array("state at the special point")
    special_criticality: Shaped[Text, " special"] = array(
        '"supercritical" or "subcritical"; "degenerate" or "strong resonance" if neither can be '
        "decided; empty if the type has no criticality or it is unknown"
    )
    special_coefficient: Float[Array, " special"] = array(
        "coefficient of the normal form that decides the criticality; of a fold or a transcritical "
        "point, the quadratic coefficient"
    )
    special_angle: Float[Array, " special"] = array(
        "for a Hopf point, ω of the critical mode in 1/tau; for a Neimark–Sacker point, its θ "
        "per step; 0 for other types"
    )
    special_error: Float[Array, " special"] = array(
        "estimated error of the parameter of the special point"
    )
    special_branch: Int[Array, " special"] = array(
        "number of the branch on which the special point was found"
    )
    special_other: Int[Array, " special"] = array(
        "number of the other branch that crosses at the special point; −1 if none is known"
    )
    origin: Shaped[Text, " branch"] = array("how the branch was found")
    endings: Shaped[Text, "branch end"] = array(
        "why the branch ends at its first point and at its last point"
    )
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")
    name: str = setting("name of the parameter")
    parameter_from: float = setting("one end of the parameter's range")
    parameter_to: float = setting("other end of the parameter's range")
    marginal_band: float = setting(
        "a mode whose distance to the stability boundary is smaller than this is called marginal; "
        "for a flow, in units of the largest |λ|"
    )
    remarks: tuple[str, ...] = setting("limits of the search that were reached", default=())
    special_mode: Complex[Array, "special unit"] | None = array(
        "critical right eigenvector q, |q| = 1, of Hopf, Neimark–Sacker and flip points; NaN for "
        "other types",
        default=None,
    )
    special_growth: Complex[Array, " special"] | None = array(
        "κ: derivative of the critical eigenvalue with respect to the parameter; for a map, "
        "divided by the eigenvalue",
        default=None,
    )
    special_cubic: Complex[Array, " special"] | None = array(
        "c of the normal form ż = (iω + κδ)z + cz|z|² or z ↦ μz(1 + κδ + c|z|²), where δ is the "
        "parameter minus its value at the special point",
        default=None,
    )

    types: ClassVar[tuple[str, ...]] = (
        "fold",
        "pitchfork",
        "transcritical",
        "branch point",
        "flip",
        "Neimark–Sacker",
        "Hopf",
        SEVERAL,
        "border collision",
    )
    """Every type of special point. At "several modes", several modes cross the stability boundary
    within the error. A "branch point" is a crossing of branches that is not simple. At a "border
    collision", the stability changes at a kink of a piecewise smooth system."""

    @property
    def n_branches(self) -> int:
        """The number of branches."""
        return len(self.origin)

    @property
    def n_special(self) -> int:
        """The number of special points."""
        return len(self.special_type)

    @property
    def special_names(self) -> list[str]:
        """The name of each special point, with its criticality if known: "subcritical Hopf" ….

        Several modes may cross the stability boundary at parameters that are closer together than
        their error. The name then gives this error, as in "several modes within ± 3e-10".
        """
        each = zip(self.special_type, self.special_criticality, self.special_error, strict=True)
        return [_named(str(kind), str(why), float(error)) for kind, why, error in each]

    def of_branch(self, number: int) -> "Branches":
        """Return the points of one branch; raises InvalidInputError if there is no such branch."""
        if not 0 <= number < self.n_branches:
            raise InvalidInputError(
                f"there is no branch {number}: they are numbered 0 to {self.n_branches - 1}."
            )
        return self.filter(np.asarray(self.branch) == number)

    def special(self, kind: str) -> Float[np.ndarray, " special"]:
        """Return the values of the parameter at the special points of one type, in ascending order.

        The argument `kind` is one of `types`, such as "Hopf". Raises InvalidInputError for an
        unknown type.
        """
        if kind not in self.types:
            raise InvalidInputError(
                f"no special point is called {kind!r}; the types are {', '.join(self.types)}."
            )
        return np.sort(np.asarray(self.special_parameters)[np.asarray(self.special_type) == kind])

    def emerging_cycle(self, special: int, parameter: float | None = None) -> EmergingCycle:
        r"""Return the cycle that is born at a special point, as its normal form predicts it.

        Near a Hopf point, states move as $x_0 + 2\Re(z q)$ around the fixed point $x_0$. The vector
        q is the critical eigenvector (`special_mode`). If the parameter is at a distance δ from its
        value at the Hopf point, z obeys $\dot z = (i\omega + \kappa\delta) z + c\,z|z|^2$. The
        coefficients are `special_angle` (ω), `special_growth` (κ) and `special_cubic` (c). On the
        cycle, |z| is constant. The cycle therefore has the amplitude |z| and the period T (in tau)
        with

        .. math:: |z|^2 = -\frac{\Re(\kappa)\,\delta}{\Re c}, \qquad
                  \frac{2\pi}{T} = \omega + \Im(\kappa)\,\delta + \Im(c)\,|z|^2.

        The predicted states have errors of order |z|². At a Neimark–Sacker point of a map, the
        cycle is a closed curve with the same |z|. At every step, states turn on this curve by the
        angle $\theta + \Im(\kappa)\,\delta + \Im(c)\,|z|^2$, where θ is `special_angle`. At a flip,
        z is a real number with the same |z|, and the cycle is the pair of states $x_0 \pm z q$.

        Parameters
        ----------
        special
            The index of the special point in the `special_…` arrays, from 0.
        parameter
            The value of the parameter, on the side of the special point where the cycle exists.
            None means the value on this side whose distance from the special point is a thousandth
            of the parameter's range (from `parameter_from` to `parameter_to`).

        Returns
        -------
        EmergingCycle
            A start for `find_cycles(system_of(start.parameter), start)`.

        Raises
        ------
        InvalidInputError
            If there is no such special point, if no cycle is born there, if its normal form is
            degenerate or unknown, or if `parameter` is not on the side where the cycle exists.

        References
        ----------
        Kuznetsov (2004) Elements of Applied Bifurcation Theory, ch. 3 to 5.

        Examples
        --------
        >>> import jax.numpy as jnp, numpy as np, separatrix as sx
        >>> def system_of(a):
        ...     W = jnp.array([[a, -1.0], [1.0, a]])
        ...     return sx.Flow(lambda x: -x + W @ jnp.tanh(x), size=2)
        >>> branches = sx.continue_fixed_points(system_of, np.zeros(2), (0.5, 1.5))
        >>> start = branches.emerging_cycle(0, 1.01)
        >>> round(float(start.mode[0].real), 3)  # averaging gives 2 √((a − 1)/a)
        0.2
        >>> cycles = sx.find_cycles(system_of(start.parameter), start)
        >>> cycles.stability.tolist(), bool(abs(cycles.period[0] - start.period) < 0.01)
        (['stable'], True)
        """
        birth = self._birth(special)
        there = birth.parameter
        if parameter is None:
            width = abs(self.parameter_to - self.parameter_from)
            parameter = there + birth.side * FIRST * width
        if not is_number(parameter) or not birth.side * (float(parameter) - there) > 0:
            way = "above" if birth.side > 0 else "below"
            raise InvalidInputError(
                f"the cycle born at {self.name} = {there:.10g} exists {way} that value, got "
                f"{parameter!r}: give a value on that side, or leave it out."
            )
        at, place = float(parameter), np.asarray(self.special_states)[special]
        around = self.of_branch(int(self.special_branch[special])).states_at(at)
        nearest = np.linalg.norm(around - place, axis=1)
        return birth.cycle(
            at,
            around[nearest.argmin()] if len(around) else place,
            name=self.name,
            system=self.system,
            time_unit=self.time_unit,
        )

    def _birth(self, special: int) -> Birth:
        if not is_whole(special) or not 0 <= special < self.n_special:
            raise InvalidInputError(
                f"there is no special point {special!r}: they are numbered 0 to "
                f"{self.n_special - 1}."
            )
        kept = (self.special_mode, self.special_growth, self.special_cubic)
        if any(numbers is None for numbers in kept):
            raise InvalidInputError(
                "these branches come from a version that kept no normal forms: follow them again "
                "with sx.continue_fixed_points."
            )
        mode, growth, cubic = (np.asarray(numbers)[special] for numbers in kept)
        return Birth(
            number=int(special),
            born_at=str(self.special_type[special]),
            criticality=str(self.special_criticality[special]),
            parameter=float(self.special_parameters[special]),
            angle=float(self.special_angle[special]),
            mode=mode,
            growth=complex(growth),
            cubic=complex(cubic),
        )

    def states_at(self, parameter: float) -> Float[np.ndarray, "point unit"]:
        """Return the fixed points of all branches at one value of the parameter.

        Between two points of a branch, the state is interpolated by a cubic polynomial in the
        arclength, so it is not exact. For exact fixed points, give the states to
        `find_fixed_points` as candidates.
        """
        return states_between(
            np.asarray(self.parameters),
            np.asarray(self.arclength),
            np.asarray(self.states),
            np.asarray(self.branch),
            float(parameter),
        )

    def summary(self) -> str:
        ends = f"from {self.parameter_from:g} to {self.parameter_to:g}"
        size = self.states.shape[1]
        return (
            f"Branches of a {self.system} of {counted(size, 'unit')} in {self.name} {ends}: "
            f"{counted(self.n_branches, 'branch', 'branches')}, {counted(len(self), 'point')}, "
            f"{counted(self.n_special, 'special point')}"
        )

    def _table(self) -> Columns:
        """Return the branches, not the thousands of points."""
        on = [np.asarray(self.branch) == k for k in range(self.n_branches)]
        values, stability = np.asarray(self.parameters), np.asarray(self.stability)
        return {
            "branch": range(self.n_branches),
            "points": [int(here.sum()) for here in on],
            f"lowest {self.name}": [values[here].min(initial=np.inf) for here in on],
            f"highest {self.name}": [values[here].max(initial=-np.inf) for here in on],
            "stability": [", ".join(dict.fromkeys(map(str, stability[here]))) for here in on],
            "begins": self.origin,
            "ends": [" / ".join(map(str, ends)) for ends in np.asarray(self.endings)],
        }

    def _closing(self) -> str:
        return "\n".join(line.strip() for line in self.describe().split("\n")[1:])

    def describe(self) -> str:
        """Return the summary, a line for each special point (at most 20), and the `remarks`."""
        lines = [self.summary()]
        order = np.argsort(np.asarray(self.special_parameters), kind="stable")
        for k in order[:MOST]:
            # adding 0 makes −0 positive
            value = round(float(self.special_parameters[k]), 12) + 0.0
            lines.append(f"  {self.special_names[k]} at {self.name} = {value:.10g}")
        if len(order) > MOST:
            lines.append(f"  and {len(order) - MOST} more")
        return "\n".join([*lines, *(f"  {remark}" for remark in self.remarks)])


def _named(kind: str, criticality: str, error: float) -> str:
    if kind == SEVERAL:
        return f"{kind} within ± {error:.1g}"
    if criticality in ("", "supercritical", "subcritical", "degenerate"):
        return f"{criticality} {kind}".strip()
    return f"{kind} ({criticality})"
