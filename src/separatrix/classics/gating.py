"""Which inputs a slow mode integrates, and which it is blind to."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from jaxtyping import Bool, Complex, Float

from .._checked import FINITE, Natural, checked
from .._records import Record, array, setting
from .._types import Array, InvalidInputError
from ..analysis import Linearization


class InputGating(Record):
    r"""The slowest mode at each point of a line attractor, compared with the directions of inputs.

    Input $m$ has the pattern $e_m$ over the channels. It pushes the state in the direction $B e_m$,
    where $B = \partial F/\partial u$. When all other modes have decayed, what is left of the push
    is $(l \cdot B e_m)\,r$, where l is the selection vector and r the right vector of the slowest
    mode. Both vectors are normalized so that $l \cdot r = 1$ and $|r| = 1$. If an axis was given,
    the sign of r is such that r points along the axis, not against it.
    """

    states: Float[Array, "point unit"] = array("the points")
    positions: Float[Array, " point"] = array(
        "a · x: position along the axis a; NaN if no axis was given"
    )
    selection: Complex[Array, "point unit"] = array("l: the selection vector")
    direction: Complex[Array, "point unit"] = array("r: the direction of the slowest mode")
    eigenvalues: Complex[Array, " point"] = array(
        "eigenvalue of the slowest mode: μ of a map, λ of a flow"
    )
    time_constants: Float[Array, " point"] = array(
        "time constant of decay of the slowest mode", units="ms"
    )
    next_time_constants: Float[Array, " point"] = array(
        "time constant of the slowest mode among all others; negative if this mode grows",
        units="ms",
    )
    input_directions: Float[Array, "point source unit"] = array(
        "B e: direction in which an input pushes the state"
    )
    overlap: Float[Array, "point source"] = array(
        "|cos| of the angle between l and B e; NaN if the input has no effect (to rounding)"
    )
    drive: Complex[Array, "point source"] = array("l · B e: movement along r per unit of input")
    axis_alignment: Float[Array, " point"] = array("|cos| of the angle between r and the axis")
    selection_axis_alignment: Float[Array, " point"] = array(
        "|cos| of the angle between l and the axis"
    )
    sources: tuple[str, ...] = setting("names of the inputs")
    relevant: int = setting("index of the input that the trial's context makes relevant")
    system: str = setting('"map" or "flow"')
    time_unit: float = setting(
        "dt of a map, tau of a flow; NaN if unknown", units="ms", default=float("nan")
    )

    @property
    def ratio(self) -> Float[np.ndarray, " point"]:
        """The `overlap` of the relevant input, divided by the largest `overlap` of the others."""
        overlap = np.asarray(self.overlap)
        others = np.delete(overlap, self.relevant, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return overlap[:, self.relevant] / others.max(1)

    @property
    def median_ratio(self) -> float:
        """The median of `ratio` over the points at which it is known; NaN without such points."""
        known = self.ratio[~np.isnan(self.ratio)]
        return float(np.median(known)) if len(known) else float("nan")

    @property
    def is_real(self) -> Bool[np.ndarray, " point"]:
        """Whether the slowest mode at each point is real. (A complex mode rotates in a plane.)"""
        return np.abs(np.imag(np.asarray(self.eigenvalues))) <= 1e-12

    @property
    def chance_overlap(self) -> float:
        """The chance level of `overlap`: 1/√n, the root mean square |cos| of random directions.

        Here n is the number of units.
        """
        return float(self.states.shape[1] ** -0.5)

    def summary(self) -> str:
        median = np.median(np.asarray(self.overlap), axis=0) if len(self) else []
        parts = ", ".join(f"{n} {v:.3f}" for n, v in zip(self.sources, median, strict=False))
        return (
            f"InputGating at {len(self)} points: median overlap of the selection vector with "
            f"{parts or 'nothing'}; {self.sources[self.relevant]} counts, ratio "
            f"{self.median_ratio:.3g}"
        )


@checked
def input_gating(
    linearization: Linearization,
    inputs: Annotated[Float[Array, "source channel"] | Sequence[Sequence[float]], FINITE],
    *,
    relevant: Natural = 0,
    axis: Annotated[Float[Array, " unit"] | Sequence[float], FINITE] | None = None,
    sources: Sequence[str] | None = None,
) -> InputGating:
    r"""Compare the selection vector at each point with the directions of several inputs.

    The selection vector l is the left eigenvector of the slowest mode, the mode whose eigenvalue is
    nearest to μ = 1 (map) or to λ = 0 (flow). So $l \cdot \delta$ says how much of a push δ this
    mode keeps. Input m has the pattern $e_m$ over the channels and pushes the state in the
    direction $B e_m$, with $B = \partial F/\partial u$. The overlap is the |cos| of the angle
    between l and $B e_m$, $|l \cdot B e_m| / (|l|\,|B e_m|)$. Suppose that two inputs push the
    state equally far, but only the input that counts in the context has a large overlap. Then the
    selection vector gates the inputs: the other input is not integrated.

    Parameters
    ----------
    linearization
        The linearization of a system with an input, at points of a line attractor: the states of a
        slow curve, or slow and fixed points.
    inputs
        The pattern $e_m$ of each input over the channels, such as +½ on the channel of one choice
        and −½ on the channel of the other choice.
    relevant
        The index of the input that counts in this context.
    axis
        An axis of the state space, such as the readout of choice 1 minus the readout of choice 2.
        The slowest modes are oriented along it, and the positions of the points and the angles of
        the modes to it are reported.
    sources
        The names of the inputs.

    Returns
    -------
    InputGating
        The selection vectors of the slowest modes, and their overlaps with the inputs.

    Raises
    ------
    InvalidInputError
        If the system has no inputs, or if the arguments do not fit the system or one another.

    References
    ----------
    Mante, Sussillo, Shenoy & Newsome (2013) Nature 503:78.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> W = jnp.array([[1.0, 0.5], [0.0, 0.5]])
    >>> system = sx.DiscreteMap(lambda x, u: W @ x + u, size=2, input=np.zeros(2))
    >>> lin = sx.linearize(system, np.zeros((1, 2)))
    >>> gating = sx.classics.input_gating(lin, [[1.0, 0.0], [0.5, -0.5]])  # l = (1, 1)
    >>> abs(gating.drive[0]).round(12).tolist()
    [1.0, 0.0]
    """
    patterns = _checked_inputs(linearization, inputs)
    count = len(patterns)
    if relevant >= count:
        raise InvalidInputError(f"relevant must be below {count}, got {relevant}.")
    names = tuple(sources) if sources is not None else tuple(f"input {k + 1}" for k in range(count))
    if len(names) != count:
        raise InvalidInputError(f"expected a name for each of {count} inputs, got {names!r:.60}.")
    a = _checked_axis(axis, linearization.states.shape[1])
    modes = linearization.selection_vectors(1)
    left, right = np.asarray(modes.selection)[:, 0], np.asarray(modes.directions)[:, 0]
    if a is not None:
        sign = np.where(right.real @ a < 0, -1.0, 1.0)[:, None]
        left, right = sign * left, sign * right
    pushes = _pushes(np.asarray(linearization.input_jacobians), patterns)
    unknown = np.full(len(left), np.nan)
    return InputGating(
        states=np.asarray(linearization.states),
        positions=unknown if a is None else np.asarray(linearization.states) @ a,
        selection=left,
        direction=right,
        eigenvalues=np.asarray(modes.eigenvalues)[:, 0],
        time_constants=np.asarray(modes.time_constants)[:, 0],
        next_time_constants=_next_times(linearization, np.asarray(modes.mode)[:, 0]),
        input_directions=pushes,
        overlap=_cosine(left[:, None], pushes),
        drive=np.einsum("pu,pmu->pm", left, pushes),
        axis_alignment=unknown if a is None else _cosine(right, a),
        selection_axis_alignment=unknown if a is None else _cosine(left, a),
        sources=names,
        relevant=relevant,
        system=linearization.system,
        time_unit=linearization.time_unit,
    )


def _pushes(by_input: np.ndarray, patterns: np.ndarray) -> np.ndarray:
    """Return B e; zero where the effects of the channels cancel to rounding."""
    pushes = np.einsum("puc,mc->pmu", by_input, patterns)
    sizes = np.einsum("pc,mc->pm", np.linalg.norm(by_input, axis=1), np.abs(patterns))
    is_rounding = np.linalg.norm(pushes, axis=2) <= 8 * np.finfo(float).eps * sizes
    return np.where(is_rounding[:, :, None], 0.0, pushes)


def _checked_inputs(linearization: Linearization, inputs: Any) -> np.ndarray:
    if linearization.input_jacobians is None:
        raise InvalidInputError(
            "the system has no input: linearize one whose input is frozen in, such as "
            "network.at_input(u) or DiscreteMap(step, size, input=u)."
        )
    channels = linearization.input_jacobians.shape[2]
    patterns = np.asarray(inputs)
    if patterns.shape[1] != channels or len(patterns) < 2:
        raise InvalidInputError(
            f"inputs must have shape (source, {channels}), at least two rows with one value for "
            f"each channel, got {patterns.shape}."
        )
    return patterns


def _checked_axis(axis: Any, size: int) -> np.ndarray | None:
    if axis is None:
        return None
    a = np.asarray(axis)
    if a.shape != (size,) or not a.any():
        raise InvalidInputError(
            f"axis must be a vector of {size} units, not zero; got shape {a.shape}."
        )
    return a


def _next_times(linearization: Linearization, slowest: np.ndarray) -> np.ndarray:
    """Return the longest time constant that is not the slowest mode's; growth comes first."""
    times = np.array(linearization.time_constants, float)
    rows = np.arange(len(times))
    pair = np.asarray(linearization.eigenvalues)
    own = pair[rows, slowest]
    times[(pair == own[:, None]) | (pair == own.conj()[:, None])] = np.nan
    growing = np.where(times < 0, times, np.nan)
    result = np.full(len(times), np.nan)
    for row in rows:
        if np.isfinite(growing[row]).any():
            result[row] = np.nanmax(growing[row])
        elif not np.isnan(times[row]).all():
            result[row] = np.nanmax(times[row])
    return result


def _cosine(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return |v · w| / (|v| |w|) along the last axis; NaN where one of them is zero."""
    lengths = np.linalg.norm(vectors, axis=-1) * np.linalg.norm(others, axis=-1)
    with np.errstate(invalid="ignore"):
        product = np.abs((vectors * others).sum(-1))
        return np.minimum(product / np.where(lengths > 0, lengths, np.nan), 1.0)
