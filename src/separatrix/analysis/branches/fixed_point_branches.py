"""Branches of fixed points: from starts to all that is connected to them, and beyond."""

from functools import partial

import numpy as np
from jaxtyping import Float

from ..._checked import Finite, NotNegative, checked
from ..._parallel import one_blas_thread
from ..._types import Array
from ..._watch import Report, is_over, watching
from ...solvers.continuation import Deflation, PseudoArclength
from ..checks import starts_of
from ..derivatives import derivatives_of
from ..fixed_points.points import FixedPoints
from .atlas import Atlas
from .diagram import Branches
from .family import Family
from .models import SystemOf
from .starts import (
    checked_range,
    checked_system,
    corrected_start,
    disconnected_points,
    enclosing_box,
)
from .units import measured_units

DEFLATION = Deflation()
OFF_CENTER = 0.0371


@checked
def continue_fixed_points(
    system_of: SystemOf,
    start: Float[Array, " unit"] | Float[Array, "point unit"] | FixedPoints,
    parameter: tuple[Finite, Finite],
    *,
    at: Finite | None = None,
    name: str = "parameter",
    method: PseudoArclength | None = None,
    switch: bool = True,
    disconnected: Deflation | None = DEFLATION,
    marginal_band: NotNegative = 1e-6,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> Branches:
    r"""Follow fixed points while an input, a context, a gain or any other number changes.

    The zeros of $F(x, p) - x$ (a map) or $f(x, p)$ (a flow) form curves. These curves are followed
    by pseudo-arclength, through folds, in both directions and to both ends of the range.

    Where the stability changes, Newton's method on an extended system finds the special point.
    Special points are folds, branch points (pitchfork, transcritical), flips and Neimark–Sacker
    points of maps, and Hopf points of flows. The coefficient of the normal form says what happens
    at the point. At pitchforks, flips, Neimark–Sacker and Hopf points, something new is born: two
    fixed points, a 2-cycle or an oscillation. At a supercritical point it is stable, and exists
    where the old fixed point is unstable. At a subcritical point it is unstable, and exists where
    the old fixed point is stable. (This holds if no other mode is unstable.) If several modes cross
    the stability boundary together, or if the stability changes at a kink of the function, the
    special point is only enclosed: its parameter is known within `special_error`.

    At branch points the crossing branch is followed too. Then deflation looks, at a few values of
    the parameter, for fixed points that are on none of these branches, and their branches are
    followed as well. To follow the oscillations that are born at Hopf points, use
    `continue_cycles`.

    Parameters
    ----------
    system_of
        A function that takes the value of the parameter and returns a map or a flow, always with
        the same number of units. JAX traces the function with this value as an argument, so new
        values need no compilation: write it with `jax.numpy`, or let the input depend on the
        value, as in `lambda u: network.at_input([1.0, u])`.
    start
        A fixed point `(unit,)`, several fixed points `(point, unit)`, or what `find_fixed_points`
        returned. A state that is only near a fixed point is moved to it by Newton's method.
    parameter
        The range of the parameter, `(from, to)`.
    at
        The value of the parameter at which `start` is a fixed point. None means the first end of
        the range.
    name
        The name of the parameter in texts and figures.
    method
        The method, with its step lengths and bounds. None means `sx.solvers.PseudoArclength()`.
    switch
        Whether to follow the branches that cross at branch points.
    disconnected
        The method that looks for branches that are not connected to the others. None means that no
        such search is made.
    marginal_band
        Eigenvalues within this distance of the stability boundary are called marginal. For a flow
        the band is in units of the largest |λ| at the point, so that the unit of time does not
        matter.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. After a stop, branches
        end where they are, and `remarks` says so.

    Returns
    -------
    Branches
        The branches, in float64. `endings` says for each branch why it ends in either direction.
        For example, the branch reached the end of the range or of the domain, closed on itself, or
        reached a bound of `method`, such as the largest state or the number of points.

    Raises
    ------
    InvalidInputError
        If a start is not a fixed point at the starting parameter, or if this parameter lies outside
        the range. If `system_of` does not return a system, or returns one that computes in float32.
        If JAX cannot trace `system_of`, as when it makes numbers of NumPy of the parameter.

    References
    ----------
    Kuznetsov (2004) Elements of Applied Bifurcation Theory, ch. 5 and 10; Govaerts (2000) Numerical
    Methods for Bifurcations of Dynamical Equilibria; Farrell et al. (2015) SIAM J. Sci. Comput.
    37:A2026.

    Examples
    --------
    A unit that excites itself, $x_{t+1} = \tanh(w x_t)$. Define how it depends on w, solve from the
    fixed point at 0, and analyze: the origin loses its stability at w = 1, where two stable
    states are born.

    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> unit = lambda w: sx.DiscreteMap(lambda x: jnp.tanh(w * x), size=1)
    >>> branches = sx.continue_fixed_points(unit, np.zeros(1), parameter=(0.5, 2.0), name="w")
    >>> print(branches.describe())  # doctest: +ELLIPSIS
    Branches of a map of 1 unit in w from 0.5 to 2: 2 branches, ... points, 1 special point
      supercritical pitchfork at w = 1
    >>> np.sort(branches.states_at(2.0)[:, 0]).round(6)
    array([-0.957504,  0.      ,  0.957504])
    """
    first, last, value = checked_range(parameter, at, name)
    method = method or PseudoArclength()
    sample = checked_system(system_of, value)
    states = starts_of(sample, start.fixed.states if isinstance(start, FixedPoints) else start)
    family = Family(system_of, sample, (first, last))
    ends = [checked_system(system_of, p) for p in (first, last, value)]
    box = enclosing_box(ends)
    quiet = partial(np.errstate, over="ignore", invalid="ignore", divide="ignore")
    bounds = (min(first, last), max(first, last))
    with one_blas_thread(), derivatives_of(sample), quiet():
        scale = method.state_scale
        given = None if scale is None else np.full(sample.size, scale)
        family.measure(measured_units(family, states[0], value) if given is None else given)
    atlas = Atlas(family, bounds, method, box, marginal_band)
    watched = watching("branches", max_seconds, progress)
    with watched, one_blas_thread(), derivatives_of(sample), quiet():
        for k, state in enumerate(states):
            point = corrected_start(family, state, value, name)
            atlas.add(point, "start" if len(states) == 1 else f"start {k}")
        if switch:
            atlas.follow_crossings()
        if disconnected is not None:
            _look_for_more(atlas, disconnected, switch)
        return atlas.record(sample, name, (first, last))


def _look_for_more(atlas: Atlas, search: Deflation, switch: bool) -> None:
    """Follow what deflation finds at a few values of the parameter, until they have no more."""
    low, high = atlas.bounds
    # not at the middle of the range or at round parts of it, where special points like to lie
    inner = (np.arange(search.values) + 0.5 + OFF_CENTER) / search.values
    for value in low + (high - low) * inner:
        if is_over():
            break
        known = atlas.states_at(value)
        found = disconnected_points(atlas.family, search, known, float(value), atlas.box)
        for point in found:
            if not atlas.leaves(point):
                atlas.add(point, f"deflation at {value:g}")
            if switch:
                atlas.follow_crossings()
