r"""Exhaustive search of a box for the zeros of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checked import Count, Natural, Positive, checked
from .._watch import Stage, is_over, report_progress, why_over
from ..enclosure.branch_and_prune.frontier import Exhaustion, Limits, refused, search_box
from ..enclosure.branch_and_prune.known import known_zeros
from ..enclosure.branch_and_prune.unbounded import (
    HomogeneousProgram,
    homogenize,
    search_unbounded,
)
from ..enclosure.errors import EnclosureError
from ..enclosure.interval.arithmetic import Array
from ..enclosure.krawczyk.context import enclose_residual

_UNBOUNDED = (
    "the domain is unbounded and the function not piecewise linear: "
    "give a box that holds every zero"
)


def why_to_end(boxes: int) -> str:
    """Report the number of boxes so far; return the reason to end the search, or ""."""
    report_progress(Stage.EXHAUST, boxes, None)
    return why_over() if is_over() else ""


@checked
@dataclass(frozen=True)
class BranchAndPrune:
    r"""Proof by subdivision that a box holds no zeros except those that were found.

    The box is cut into sub-boxes, and the interval Newton operator shrinks each of them. A sub-box
    is done if nothing is left of it: then it holds no zero. It is also done if it lies in a cube
    around a zero that is proved to be the only zero in this cube.

    Parameters
    ----------
    max_boxes
        The maximum number of boxes to examine before the search gives up.
    min_width
        A sub-box is left unresolved if its longest side is at most `min_width` times its size. The
        size is the largest absolute coordinate of the sub-box, but at least s. Here s is 1, or
        the largest absolute coordinate of the whole box if this is below 1.
    max_unresolved
        The maximum number of unresolved sub-boxes before the search gives up. An isolated zero
        with a singular Jacobian leaves only a few sub-boxes unresolved. A continuum of zeros leaves
        so many that the search gives up.

    Raises
    ------
    InvalidInputError
        If `max_boxes` is not a positive whole number, if `max_unresolved` is not a whole number of
        0 or more, or if `min_width` is not positive.

    Examples
    --------
    The proof that $x = \tanh 2x$ has exactly three solutions takes more than five boxes.

    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> few, states = sx.solvers.BranchAndPrune(max_boxes=5), np.linspace(-1, 1, 11)[:, None]
    >>> sx.find_fixed_points(system, states, exhaustion=few).complete
    False
    >>> sx.find_fixed_points(system, states).complete
    True
    """

    max_boxes: Count = 200_000
    min_width: Positive = 2.0**-30
    max_unresolved: Natural = 64

    @property
    def limits(self) -> Limits:
        """The options, as the search of a box takes them."""
        return Limits(self.max_boxes, self.min_width, self.max_unresolved, why_to_end)

    def search(
        self,
        residual: Callable[[Any], Any],
        lower: ArrayLike,
        upper: ArrayLike,
        known_states: ArrayLike | None = None,
        known_radii: ArrayLike | None = None,
        known_error_bounds: ArrayLike | None = None,
    ) -> Exhaustion:
        r"""Find and prove every zero of ``residual`` in a closed box.

        Parameters
        ----------
        residual
            Any JAX function g from (n,) to (n,), computing in float64.
        lower, upper
            The lower and the upper end of the box in each coordinate (n,), or one number for all
            coordinates. Ends may be infinite if the function is piecewise linear.
        known_states, known_radii, known_error_bounds
            What ``certify_zeros`` returned for zeros that are proved already. These are the states
            (point, n) near the zeros, the radii (point,) within which each zero is the only one,
            and the largest distances (point,) between states and zeros (0 if not given). A state
            with the radius 0 is ignored, because its zero is not proved.

        Returns
        -------
        Exhaustion: the zeros that are not among the known ones (``states``), and whether it is
        proved that the box holds no further zeros (``complete``). If interval arithmetic cannot
        bound the function, nothing is searched, ``complete`` is False, and ``reason`` says why.

        Raises
        ------
        ValueError
            If the box is empty, or the residual does not return a vector of its argument's length.

        Examples
        --------
        >>> import jax.numpy as jnp
        >>> found = BranchAndPrune().search(lambda x: jnp.tanh(2.0 * x) - x, [-1.0], [1.0])
        >>> found.complete, np.sort(found.states[:, 0]).round(6) + 0.0
        (True, array([-0.957504,  0.      ,  0.957504]))

        References
        ----------
        Hansen & Walster 2004, Global Optimization Using Interval Analysis, ch. 11. Neumaier 1990,
        Interval Methods for Systems of Equations, ch. 5.
        """
        low, high = _corners(lower, upper, known_states)
        size = len(low)
        known = known_zeros(size, known_states, known_radii, known_error_bounds)
        try:
            enclosed = enclose_residual(residual, size)
            if np.isfinite(low).all() and np.isfinite(high).all():
                return search_box(self.limits, enclosed, low, high, known)
            program = homogenize(enclosed.program)
            if program is None:
                return refused(size, _UNBOUNDED)
            afar = HomogeneousProgram(program, (size,))
            return search_unbounded(self.limits, enclosed, afar, low, high, known)
        except EnclosureError as refusal:
            return refused(size, str(refusal))


def _corners(lower: ArrayLike, upper: ArrayLike, states: ArrayLike | None) -> tuple[Array, Array]:
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    size = np.broadcast_shapes(low.shape, high.shape)
    if len(size) > 1 or (size == () and states is None):
        raise ValueError(
            f"expected a box with corners of shape (n,), got {low.shape}, {high.shape}"
        )
    if size == ():
        size = np.asarray(states).shape[-1:]
    if not np.all(low <= high):
        raise ValueError("expected a box with lower <= upper in every coordinate")
    return np.broadcast_to(low, size).copy(), np.broadcast_to(high, size).copy()
