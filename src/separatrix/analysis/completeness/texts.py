"""Texts about completeness: the evidence for or against it, and what hinders a proof."""

import numpy as np

NOT_CERTIFIED = "a fixed point is not certified"
NOT_ADDED = "the exhaustive search found {} more, which were not to be added"
MAY_BE_ONE = "two fixed points are nearer than their error bounds: they may be one"
SUM_IS_NOT_ONE = "the set is complete, but the sum of its indices is not 1"
BEYOND_DOMAIN = "a certified point lies outside the domain that holds all of them"
CONTRADICTED = (
    "two proofs contradict each other ({}): one of Separatrix's rules is wrong, please report it "
    "with this function"
)

NO_INDEX = "that needs the Jacobian, and there are too many units"
UNCERTIFIED = "{} of {} fixed points are not certified"
WITHOUT_INDEX = "fixed point {}: {}"
NEARER_THAN_ERRORS = "two fixed points are nearer than their error bounds"
DEGENERATE = "its Jacobian is not shown to be non-singular"
NO_ZERO = "the residual has a zero there, the step has none"

PROVED_BOX = "proved by interval arithmetic over all states"
NOT_ENCLOSED = "the step cannot be enclosed: {}"
REFUSED = "the step is {}"
STEEP = "the slopes of the step are not bounded in the box"
NO_STATES = "there is none that may be a fixed point"
AT_END = "the velocity is not shown to point inward at the ends of the domain"
REVERSED = "the velocity points inward in another order of its components, which turns the signs"
POSITIVE_BOX = "which holds every fixed point that is nowhere negative"
AMONG_POSITIVE = (
    "complete among states that are nowhere negative: {}; where others have no meaning, "
    "domain=(0, np.inf) tells the system so"
)
GIVEN_BOX = "in the domain that the system was given"
GIVEN_WITHOUT_END = "the domain that the system was given has no end, and {}"
BEYOND_BOX = "a fixed point lies outside the box"
GIVEN_IS_WRONG = "the domain that the system was given does not hold every fixed point"


def unbounded(without: np.ndarray, decays: np.ndarray) -> str:
    """Describe how many units have no bound, and why the first of them has none."""
    unit, count = int(np.flatnonzero(without)[0]), int(without.sum())
    which = f"unit {unit}"
    if count > 1:
        which = f"{count} of {len(without)} units (first unit {unit})"
    if decays[unit]:
        return f"what drives {which} is not bounded"
    return f"{which} {'is' if count == 1 else 'are'} not shown to be driven back from far away"


def searched(where: str, boxes: int, reason: str) -> str:
    """Describe an exhaustive search, and why it ended without success, if it did."""
    done = f"interval branch and prune {where} examined {boxes:,} boxes"
    return f"{done} without success: {reason}" if reason else done


def solved(pieces: int, reason: str) -> str:
    """Describe how many linear pieces were solved, and why that proves nothing, if it does not."""
    done = f"{pieces:,} linear pieces of the system were solved"
    if pieces == 1:
        done = "the 1 linear piece of the system was solved"
    return f"{done} without success: {reason}" if reason else done


def variables(count: int) -> str:
    """Name the latent variables of a system."""
    return f"of the {count} variable{'s' * (count > 1)} that the system depends on"


def box(lower: np.ndarray, upper: np.ndarray) -> str:
    """Write a box as [-1, 1]^16 where all its sides are alike, to four digits."""
    sides = np.array([lower, upper])
    unit = 10.0 ** np.floor(np.log10(np.abs(sides).max() or 1.0))  # of any size
    low, high = (sides / unit).round(9) * unit + 0.0  # no −0
    if np.ptp(low) == 0 and np.ptp(high) == 0:
        return f"[{low[0]:.4g}, {high[0]:.4g}]^{len(lower)}"
    return f"a box in [{low.min():.4g}, {high.max():.4g}]^{len(lower)}"
