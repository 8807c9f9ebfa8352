r"""A box that holds every fixed point of a system, where there is one, and how it is known.

The velocity $v(x) = F(x) - x$ of a map, or the field of a flow, is evaluated over all of space in
interval arithmetic, in a form that keeps the unit's own state apart (see `attraction`). A unit
whose velocity is negative wherever $x_i > u_i$ and positive wherever $x_i < l_i$ cannot be at rest
outside $[l_i, u_i]$. What is so bounded bounds other units in turn: an LSTM's outputs first, then
its cells, since with bounded outputs its forget gates stay below 1.

Then the velocity points inward on every face of some slightly larger box. (A bound found in a later
round rests on those of earlier rounds, and v is continuous: choose the excess of the last round
first, and those of earlier rounds small enough for it.) So v can be deformed into $p - x$ without a
zero on the boundary, which is what the index theorem asks for; that a map sends the box into
itself is not needed.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from jaxtyping import Bool, Float

from ...enclosure.interval import Enclosed, EnclosureError, Interval
from ...systems import AbstractSystem
from . import texts
from .attraction import attraction

_ROUNDS = 8  # of bounds that rest on earlier bounds; a stack of eight layers needs as many
_Corners = tuple[np.ndarray, np.ndarray]
Known = tuple[Float[np.ndarray, "point unit"], Float[np.ndarray, " point"]]

_FARTHEST = 1e307  # beyond which a bound is none: `nan_to_num` makes 1.8e308 of infinity
_MOST_REORDERED = 512  # units whose slopes are looked at
_EXCESS = 1e-6  # of the larger box over which the velocity must be continuous


@dataclass(frozen=True)
class Domain:
    """The box [lower, upper] that holds every fixed point; infinite where no bound is known.

    Attributes
    ----------
    lower, upper
        Bounds of each unit, `(unit,)`.
    inward
        Whether the velocity, or its components in an order that changes no sign of a determinant,
        is proved to point inward on every face of a slightly larger box, and to be Lipschitz there:
        the hypotheses of the index theorem.
    evidence
        How the box is known, or why there is none.
    obstacle
        Why `inward` is not proved; empty where it is.
    given
        Whether the box rests on the word of the system's `domain`, or holds the fixed points of a
        part of space.
    positive
        Whether that part is the states that are nowhere negative, which nobody has asked for.
    """

    lower: Float[np.ndarray, " unit"]
    upper: Float[np.ndarray, " unit"]
    inward: bool
    evidence: str
    obstacle: str
    given: bool = False
    positive: bool = False

    @classmethod
    def unknown(cls, size: int, reason: str) -> "Domain":
        """Return that no bounds are known, and why."""
        return cls(np.full(size, -np.inf), np.full(size, np.inf), False, reason, reason)

    @property
    def bounded(self) -> bool:
        """Whether there is a box."""
        return bool(np.isfinite(self.lower).all() and np.isfinite(self.upper).all())

    def around(self, states: Float[np.ndarray, "state unit"]) -> "Domain":
        """Return this box, cut off where it has no end: by half their range beyond the states."""
        if self.bounded or not len(states):
            return self
        first, last = states.min(axis=0), states.max(axis=0)
        lower = np.where(np.isfinite(self.lower), self.lower, first - (last - first) / 2)
        upper = np.where(np.isfinite(self.upper), self.upper, last + (last - first) / 2)
        return replace(self, lower=lower, upper=upper)

    def excludes(self, states: Float[np.ndarray, "state unit"]) -> Bool[np.ndarray, " state"]:
        """Return which states lie outside by more than rounding, and so are no fixed points.

        Where a gate saturates, a state far outside may have a velocity at rounding level.
        """
        ends = np.abs([self.lower, self.upper])
        slack = _EXCESS * (1 + np.where(np.isfinite(ends), ends, 0.0).max(axis=0))
        return np.any((states < self.lower - slack) | (states > self.upper + slack), axis=1)

    def __str__(self) -> str:
        """Write the box as [-1, 1]^16 where all its sides are alike, to four digits."""
        return texts.box(self.lower, self.upper) if self.bounded else "no box"


def find_domain(
    system: AbstractSystem, known: Known | None = None
) -> tuple[Domain, Enclosed | None]:
    r"""Find the box that holds all fixed points of a system, and prove it where possible.

    Parameters
    ----------
    system
        A map or a flow that computes in float64.
    known
        States of proved fixed points and their error bounds: a domain that the system was given is
        dropped when one of them lies outside.

    Returns
    -------
    Domain
        The proved box; where there is none, the one that is proved within the system's own
        `domain`, or this itself. A system without one whose velocity points inward on a box of
        states that are nowhere negative has that box, if all points known are so, too.
    Enclosed
        The velocity, traced for intervals, by which it is proved; None where it cannot be.

    Examples
    --------
    >>> import jax, jax.numpy as jnp, separatrix as sx
    >>> def step(h):  # a GRU that someone wrote by hand
    ...     z = jax.nn.sigmoid(jnp.roll(h, 1))
    ...     return (1 - z) * jnp.tanh(2 * h) + z * h
    >>> print(find_domain(sx.DiscreteMap(step, 3))[0])
    [-1, 1]^3
    """
    velocity = None
    try:
        velocity = Enclosed(system.velocity, (system.size,))
        domain = _proved(velocity)
        domain = domain if domain.bounded else _reordered(system, velocity, domain)
    except EnclosureError as refusal:
        domain = Domain.unknown(system.size, texts.NOT_ENCLOSED.format(refusal))
    if not domain.bounded and system.domain is not None:
        domain = _with_given(domain, velocity, system, known)
    elif not domain.bounded:
        domain = _of_positive(domain, velocity, known)
    return domain, velocity


def _proved(velocity: Enclosed, lowest: Any = -np.inf, highest: Any = np.inf) -> Domain:
    """Bound the units within a part of space in rounds, each over the box of the round before."""
    (size,) = velocity.shape
    lowest, highest = _spread(lowest, size), _spread(highest, size)
    lower, upper = lowest, highest
    for _ in range(_ROUNDS):
        with np.errstate(all="ignore"):
            execution = velocity.execute(Interval(lower[None], upper[None]))
            rest_from, rest_to, decays = attraction(execution)
        old = (lower, upper)
        lower = np.where(rest_from > -_FARTHEST, np.maximum(lower, rest_from), lower)
        upper = np.where(rest_to < _FARTHEST, np.minimum(upper, rest_to), upper)
        if (lower > upper).any():
            return Domain.unknown(size, texts.NO_STATES)
        bounded = np.isfinite(lower).all() and np.isfinite(upper).all()
        inside = bool(((lower > lowest) & (upper < highest)).all())
        if inside or (np.array_equal(old[0], lower) and np.array_equal(old[1], upper)):
            break
    if not bounded:
        why = texts.unbounded(~(np.isfinite(lower) & np.isfinite(upper)), decays)
        return Domain(lower, upper, False, why, why)
    rough = _not_lipschitz(velocity, (lower, upper), (lowest, highest)) if inside else texts.AT_END
    return Domain(lower, upper, not rough, texts.PROVED_BOX, rough)


def _not_lipschitz(velocity: Enclosed, box: _Corners, part: _Corners) -> str:
    """Return why the velocity is not shown to be Lipschitz around the box, or nothing."""
    lower, upper = box
    excess = _EXCESS * (1 + np.maximum(np.abs(lower), np.abs(upper)))
    lower, upper = np.maximum(lower - excess, part[0]), np.minimum(upper + excess, part[1])
    result = velocity.steepness(Interval(lower[None], upper[None]))
    if result.refusals[0]:
        return texts.REFUSED.format(result.refusals[0])
    if not np.isfinite(result.slopes.magnitude()).all():
        return texts.STEEP
    return ""


def _reordered(system: AbstractSystem, velocity: Enclosed, domain: Domain) -> Domain:
    """Find the box by the components of the velocity in another order, or return the domain.

    Such that each falls with its own unit, or rises, as in equations of second order.
    """
    size, (low, high) = system.size, np.array([domain.lower, domain.upper])[:, None]
    with np.errstate(all="ignore"):
        execution = velocity.execute(Interval(low, high))
        if size > _MOST_REORDERED or attraction(execution)[2].all():
            return domain
        near = Interval(np.clip(low, -1, 1), np.clip(high, -1, 1))  # what is constant tells enough
        slopes = velocity.slopes(near).slopes
    falls, rises = (slopes.upper[0] < 0).T, (slopes.lower[0] > 0).T  # (unit, component)
    varies = (slopes.upper[0] > slopes.lower[0]).T
    # As few as can be change their places.
    costs = np.where(falls | rises, 1 - np.eye(size) + varies, 3 * size)
    units, order = scipy.optimize.linear_sum_assignment(costs)
    if not (falls | rises)[units, order].all():
        return domain
    signs = np.where(falls[units, order], 1.0, -1.0)
    found = _proved(Enclosed(lambda x: signs * system.velocity(x)[order], (size,)))
    if not found.bounded:
        return domain
    if np.linalg.det(np.eye(size)[order]) * signs.prod() < 0:
        return replace(found, inward=False, obstacle=texts.REVERSED)
    return found


def _with_given(
    proved: Domain, velocity: Enclosed | None, system: AbstractSystem, known: Known | None
) -> Domain:
    """Take the box that the system brings along, if it does, and what is proved within it."""
    lowest, highest = (_spread(end, system.size) for end in system.domain)
    lower, upper = np.maximum(proved.lower, lowest), np.minimum(proved.upper, highest)
    outside = (lower > upper).any()
    if known is not None and len(known[0]):
        states, errors = known[0], known[1][:, None]
        outside |= ((states + errors < lower) | (states - errors > upper)).any()
    if outside:
        return replace(proved, evidence=texts.GIVEN_IS_WRONG)
    within = _proved_within(proved, velocity, lowest, highest)
    if within.bounded:
        return replace(within, evidence=texts.GIVEN_BOX, given=True)
    evidence = texts.GIVEN_BOX
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        evidence = texts.GIVEN_WITHOUT_END.format(within.evidence)
    return Domain(lower, upper, False, evidence, within.obstacle, given=True)


def _of_positive(domain: Domain, velocity: Enclosed | None, known: Known | None) -> Domain:
    """Take the box of what is nowhere negative, where the velocity points inward, or none.

    Not where a fixed point is known outside it.
    """
    if known is not None and (known[0] + known[1][:, None] < 0).any():
        return domain
    found = _proved_within(domain, velocity, 0.0, np.inf)
    if not found.inward:
        return domain
    return replace(found, evidence=texts.POSITIVE_BOX, given=True, positive=True)


def _proved_within(domain: Domain, velocity: Enclosed | None, lowest: Any, highest: Any) -> Domain:
    """Bound the units within a part of space, if the velocity can be enclosed there."""
    if velocity is None:
        return domain
    try:
        return _proved(velocity, lowest, highest)
    except EnclosureError as refusal:
        return Domain.unknown(velocity.shape[0], texts.NOT_ENCLOSED.format(refusal))


def _spread(end: Any, size: int) -> np.ndarray:
    return np.broadcast_to(np.asarray(end, float), (size,))
