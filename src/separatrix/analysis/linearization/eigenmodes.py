"""The linear system at each of many points."""

import numpy as np
from jaxtyping import Complex, Float, Int, Shaped

from ..._checked import NotNegative, checked
from ..._parallel import one_blas_thread
from ..._records import Record, array, setting
from ..._tables import Columns, describe_mode, undecided
from ..._types import Array, counted
from ..._watch import Report, Stage, in_time, report_progress, watching
from ...systems import AbstractSystem, System
from ..checks import points_of
from ..fixed_points.points import FixedPoints
from ..kinks import on_kinks
from ..stability import STABLE_OTHERWISE, Disturbed, disturbed, judge, judge_slow, moved_by_errors
from .jacobians import jacobians
from .modes import Modes, decay_times, eigenmodes, oscillation_periods
from .non_normality import NonNormality, non_normality
from .selection import SelectionVectors, selection_vectors

_NEARLY_DEFECTIVE = 1e8  # condition beyond which a left vector keeps less than half of its digits


class Linearization(Record):
    r"""The linear systems $\delta x_{t+1} = J\,\delta x_t + B\,\delta u_t$ at a set of points.

    This is the equation of a map. That of a flow is
    $\tau\,\delta\dot x = J\,\delta x + B\,\delta u$.

    Modes are sorted by |μ| (map) or Re λ (flow), the largest first. At point p, `right[p, :, m]` is
    the direction r of mode m, and `left[p, m, :]` is its left eigenvector l. An input drives the
    mode by $l \cdot B\,\delta u$. Both vectors are normalized such that l · r = 1 and |r| = 1.
    """

    states: Float[Array, "point unit"] = array("the points")
    jacobians: Float[Array, "point unit source"] = array("dF/dx of a map, df/dx of a flow")
    input_jacobians: Float[Array, "point unit channel"] | None = array(
        "dF/du of a map, df/du of a flow; 0 for a channel where it is zero to rounding"
    )
    eigenvalues: Complex[Array, "point mode"] = array("μ of a map, λ of a flow, in units of 1/tau")
    right: Complex[Array, "point unit mode"] = array("right eigenvectors, one per column")
    left: Complex[Array, "point mode unit"] = array("left eigenvectors, one per row")
    time_constants: Float[Array, "point mode"] = array(
        "time constants of decay; negative if the mode grows, infinite if it neither decays nor "
        "grows",
        units="ms",
    )
    periods: Float[Array, "point mode"] = array(
        "periods of oscillation; infinite without oscillation", units="ms"
    )
    condition: Float[Array, " point"] = array(
        "condition number of the eigenvectors; infinite if the Jacobian is defective, NaN if it is "
        "not finite"
    )
    n_unstable: Int[Array, " point"] = array(
        "number of unstable directions; −1 if it is unknown or if rounding errors may change it"
    )
    stability: Shaped[np.ndarray, " point"] = array(
        '"stable", "saddle", "unstable", "marginal"; "kink": the function bends or jumps there; '
        '"unknown": the Jacobian is not finite, or the search stopped before this point; '
        '"otherwise stable": a slow point at which all modes decay but the one that is still'
    )
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")

    def _table(self) -> Columns:
        # There the first mode is still by definition, so the next one is shown.
        leading = range(len(self)), 1 * (np.asarray(self.stability) == STABLE_OTHERWISE)
        times = np.asarray(self.time_constants)[leading], np.asarray(self.periods)[leading]
        return {
            "point": range(len(self)),
            "stability": self.stability,
            "unstable": undecided(self.n_unstable),
            "leading eigenvalue": np.asarray(self.eigenvalues)[leading],
            "its mode": [
                describe_mode(float(t), float(p), self.time_units)
                for t, p in zip(*times, strict=True)
            ],
        }

    def summary(self) -> str:
        return (
            f"Linearization of a {self.system} of {counted(self.states.shape[1], 'unit')} "
            f"at {counted(len(self), 'point')}"
        )

    @property
    def mode_condition(self) -> Float[np.ndarray, "point mode"]:
        """|l| of each mode, 1/cos of the angle between l and r: how sensitive λ is to changes of J.

        To first order, a change of J by a matrix of norm ε moves the eigenvalue by at most |l| ε. A
        normal Jacobian has |l| = 1.
        """
        return np.linalg.norm(np.asarray(self.left), axis=2)

    @property
    def pairing_error(self) -> Float[np.ndarray, " point"]:
        """The largest |l_a · r_b − δ_ab| over all modes a and b of each point.

        It is at rounding level unless modes are nearly defective. Modes without a left vector are
        left out, and the value is NaN if no mode has one.
        """
        product = np.asarray(self.left) @ np.asarray(self.right)
        return np.fmax.reduce(np.abs(product - np.eye(product.shape[1])), (1, 2))

    @property
    def pairing(self) -> Shaped[np.ndarray, " point"]:
        """Whether l · r = 1 at each point: "paired", "nearly defective", "defective" or "unknown".

        At a nearly defective point (condition above 1e8) the modes are paired, too, but l · r = 1
        holds to fewer than half of the digits. At a defective point some right vectors are linearly
        dependent. The left vectors of their modes are NaN, because no l has l · r = 1 with them.
        The other modes are paired. At an unknown point all modes are NaN.
        """
        condition = np.asarray(self.condition)
        names = np.where(condition > _NEARLY_DEFECTIVE, "nearly defective", "paired")
        names = np.where(np.isinf(condition), "defective", names)
        return np.where(np.isnan(condition), "unknown", names)

    def non_normality(self) -> NonNormality:
        r"""Measure how far the Jacobians are from having orthogonal modes.

        The departure from normality is Henrici's $\sqrt{\|J\|_F^2 - \sum|\lambda|^2}$. Because of
        cancellation, a departure below about $10^{-8}\|J\|$ may be rounding error alone. The
        numerical abscissa (the largest eigenvalue of the symmetric part of J) limits how fast a
        displacement can grow at first in a flow. The largest gain, $\|J\|_2$, limits the growth in
        the first step of a map.

        The Kreiss constant is $\sup_{|z|>1} (|z|-1)\,\|(z-J)^{-1}\|$ for a map and
        $\sup_{\mathrm{Re} z>0} \mathrm{Re} z\,\|(z-J)^{-1}\|$ for a flow. The largest transient
        growth is at least as large: $\sup_t \|J^t\|$ for a map, $\sup_t \|e^{Jt}\|$ for a flow. The
        result `kreiss_bound` is a lower bound of the constant: the largest value of this expression
        at 24 points z, and at least 1. The bound holds (except for rounding) for defective
        Jacobians too.

        Returns
        -------
        NonNormality
            These measures for each point. They are NaN where the Jacobian is not finite. The bound
            on the Kreiss constant is infinite at an unstable point.

        References
        ----------
        Trefethen & Embree (2005) Spectra and Pseudospectra, chapters 14-18.

        Examples
        --------
        >>> import jax.numpy as jnp, numpy as np, separatrix as sx
        >>> J = jnp.array([[-1.0, 10.0], [0.0, -2.0]])
        >>> lin = sx.linearize(sx.Flow(lambda x: J @ x, size=2), np.zeros((1, 2)))
        >>> bool(lin.non_normality().kreiss_bound[0] > 1.5)
        True
        """
        return non_normality(
            np.asarray(self.jacobians),
            self._modes,
            (np.asarray(self.n_unstable) > 0) | np.isin(self.stability, ("saddle", "unstable")),
            self.system,
            self.time_unit,
        )

    def selection_vectors(
        self, num_modes: int = 1, readout: Array | None = None
    ) -> SelectionVectors:
        r"""Return the slowest modes, their selection vectors, and their alignment with the readout.

        The slowest mode is the one whose eigenvalue is nearest to 1 (map) or 0 (flow). Its
        selection vector is its left eigenvector l. In a step of a map, a small input δu moves the
        state along the right vector r by $(l \cdot \partial F/\partial u)\,\delta u$. In a flow,
        this is the speed of the movement per tau.

        Parameters
        ----------
        num_modes
            The number of modes to return for each point, the slowest first.
        readout
            The readout with which l and r are compared: weights `(output, unit)`, or the slopes of
            a nonlinear readout at each point `(point, output, unit)`. None means that l and r are
            not compared with a readout.

        Returns
        -------
        SelectionVectors
            The slowest modes of each point. The selection vector of a defective mode is NaN.

        Raises
        ------
        InvalidInputError
            If a point has fewer modes than `num_modes`, or the readout does not fit the number of
            units or points.

        References
        ----------
        Mante et al. (2013) Nature 503:78; Maheswaranathan et al. (2019) NeurIPS 32.

        Examples
        --------
        >>> import jax.numpy as jnp, numpy as np, separatrix as sx
        >>> W = jnp.array([[0.99, 0.0], [0.0, 0.2]])
        >>> system = sx.DiscreteMap(lambda x, u: W @ x + u, size=2, input=np.zeros(2))
        >>> modes = sx.linearize(system, np.zeros((1, 2))).selection_vectors()
        >>> modes.input_alignment[0, 0].tolist()
        [1.0, 0.0]
        """
        inputs = self.input_jacobians
        return selection_vectors(
            self._modes,
            np.asarray(self.time_constants),
            None if inputs is None else np.asarray(inputs),
            self.system,
            self.time_unit,
            num_modes,
            readout,
        )

    @property
    def _modes(self) -> Modes:
        fields = (self.eigenvalues, self.right, self.left, self.condition)
        return Modes(*(np.asarray(field) for field in fields))


@checked
def linearize(
    system: System,
    points: FixedPoints | Float[Array, "*point unit"],
    *,
    marginal_band: NotNegative = 1e-6,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> Linearization:
    r"""Linearize a system at fixed points, or at any other states.

    Each mode m has a time constant $\tau_m$ and a period. For a map, $\tau_m = -dt/\ln|\mu_m|$ and
    the period is $2\pi\,dt/|\arg\mu_m|$. For a flow, $\tau_m = -\tau/\mathrm{Re}\,\lambda_m$ and
    the period is $2\pi\,\tau/|\mathrm{Im}\,\lambda_m|$.

    Parameters
    ----------
    system
        A map or a flow.
    points
        What `find_fixed_points` returned, or states `(point, unit)`, or one state `(unit,)`. You
        may give any state, but the linear system describes the motion only where the speed is
        small.
    marginal_band
        Eigenvalues within this distance of the stability boundary are called marginal. For a flow
        the band is in units of the largest |λ|, so that the unit of time does not matter.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. After a stop, the
        points that were not reached have modes of NaN and the stability "unknown".

    Returns
    -------
    Linearization
        The linear systems, in float64. The number of unstable modes, `n_unstable`, is −1 where
        rounding errors may change this number; it does not depend on the band. At a slow point of a
        `FixedPoints` that is not on a kink, the gradient of the speed is zero, although the
        velocity is not. So the Jacobian of the velocity is singular: one mode has μ = 1 or λ = 0 by
        definition. This mode is left out of `n_unstable` and `stability`. If all others decay, the
        stability is "otherwise stable", and the printed table shows the next mode. `n_unstable` is
        −1 if another mode is marginal, too.

        Where the state or its Jacobian is not finite, the modes and `condition`, the condition
        number of the eigenvectors, are NaN, `n_unstable` is −1 and `stability` is "unknown". On a
        kink, the Jacobian differs from one side to the other. There, Jacobian and modes belong to
        the side that JAX chooses, `n_unstable` is −1 and `stability` is "kink".

    Raises
    ------
    InvalidInputError
        If the points are not numbers or do not have as many units as the system, if the band is
        negative, or if JAX cannot differentiate the system.

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626; Maheswaranathan et al. (2019) NeurIPS 32.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: 0.5 * x, size=2, dt=10.0)
    >>> lin = sx.linearize(system, np.zeros((1, 2)))
    >>> [round(float(t), 3) for t in lin.time_constants[0]]
    [14.427, 14.427]
    """
    found = points if isinstance(points, FixedPoints) else None
    states = points_of(system, points if found is None else found.states, takes_one=True)
    errors = None if found is None else np.asarray(found.error_bound)
    slow = [] if found is None else np.asarray(found.kind) == "slow"
    by_state, by_input = jacobians(system, states)
    on_kink = on_kinks(system.evaluate, states)
    if by_input is not None:
        by_input = _with_effect(system, states, errors, by_input, on_kink)
    with watching("modes", max_seconds, progress), one_blas_thread():
        modes, moved = _modes(system, states, errors, by_state)
    eigenvalues, right, left, condition = modes
    judged = judge(eigenvalues, system.kind, marginal_band, on_kink, *moved)
    rows = np.flatnonzero(slow)
    judged.n_unstable[rows], judged.names[rows], _ = judge_slow(
        eigenvalues[rows], system.kind, marginal_band, on_kink[rows]
    )
    return Linearization(
        states=states,
        jacobians=by_state,
        input_jacobians=by_input,
        eigenvalues=eigenvalues,
        right=right,
        left=left,
        time_constants=decay_times(eigenvalues, system.kind, system.time_unit),
        periods=oscillation_periods(eigenvalues, system.kind, system.time_unit),
        condition=condition,
        n_unstable=judged.n_unstable,
        stability=judged.names,
        system=system.kind,
        time_unit=system.time_unit,
    )


def _with_effect(
    system: AbstractSystem,
    states: np.ndarray,
    errors: np.ndarray | None,
    by_input: np.ndarray,
    on_kink: np.ndarray,
) -> np.ndarray:
    """Return dF/du with zeros for channels where errors of the state change it by its own size.

    An input that acts on a gate alone has no effect at a fixed point. Its derivative there is
    rounding, which has no direction.
    """
    _, moved = jacobians(system, moved_by_errors(np.random.default_rng(0), states, errors))
    change = np.linalg.norm(by_input - moved, axis=1)
    is_rounding = (np.linalg.norm(by_input, axis=1) <= change) & ~on_kink[:, None]
    return np.where(is_rounding[:, None], 0.0, by_input)


def _modes(
    system: AbstractSystem,
    states: np.ndarray,
    errors: np.ndarray | None,
    at: np.ndarray,
) -> tuple[Modes, Disturbed]:
    """Return the modes of Jacobians, and what errors make of them; NaN where time is over."""
    count, size = states.shape
    vectors = np.full((2, count, size, size), np.nan, complex)
    values, known = np.full((3, count, size), np.nan, complex), np.full((2, count), np.nan)
    for part in in_time(count, size):
        report_progress(Stage.LINEARIZE, part.start, count)
        found = eigenmodes(at[part], system.kind)
        level, spectra = disturbed(
            lambda x: jacobians(system, x)[0],
            states[part],
            system.kind,
            None if errors is None else errors[part],
        )
        values[:, part] = found.eigenvalues, *spectra
        vectors[:, part], known[:, part] = (found.right, found.left), (found.condition, level)
    return Modes(values[0], vectors[0], vectors[1], known[0]), (known[1], values[1:])
