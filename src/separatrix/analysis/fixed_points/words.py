"""What users read of points, candidates and refusals: a sentence for each enumeration's member."""

import numpy as np
from jaxtyping import Shaped

from ...enclosure.krawczyk.contraction import LARGEST_RADIUS
from ...solvers.piecewise_linear import DESCENT_REASONS, WALK_REASONS, DescentOutcome, WalkOutcome
from ..completeness import MOST_VARIABLES
from ..point_table import Contradiction, Degeneracy, Evidence, Kind, Outcome, PointTable
from .evaluator import DENSE

Texts = Shaped[np.ndarray, " text"]

NOT_ASKED = "not asked for"
UNPROVED = "no proof was found"
INTERRUPTED = "the search was interrupted"
STOPPED = "; the search ended early: {}"
_NOT_TRIED = "not tried: {}"
TOO_LARGE = (
    f"too large: proofs need the Jacobian, which is not formed for more than {DENSE} units, or a "
    f"function written with at most {MOST_VARIABLES} variables between, as in U @ (V @ x)"
)
NO_BOX = "none was looked for in so many units"
ENDLESS = "a continuum of fixed points has no end that a search could come to"
ON_TRUST = "; all zeros of `residual`, that is, which is taken to be zero wherever the speed is"
_GIVE_DOMAIN = (
    "; a system with a domain=(lower, upper) that holds every fixed point is searched exhaustively "
    "there, such as domain=({}, {}), where the candidates and these points lie"
)
_FROM_DOMAIN = "; followed from the nearest state of the domain, which the candidate lies outside"
_IN_THEIR_SIZES = ", each unit in the power of two nearest to the size of its candidates"
_BOXES = "; boxes have each unit in the power of two nearest to the size of its candidates"

_OUTCOMES = {
    Outcome.NOT_FOLLOWED: "not followed",
    Outcome.ZERO: "the residual is at rounding level",
    Outcome.SPEED_MINIMUM: "a local minimum of the speed that is not zero",
    Outcome.RESIDUAL_MINIMUM: "the residual, which is not zero, decreases no further",
    Outcome.KINK: "no step decreases the speed: a kink, or rounding hides the way down",
    Outcome.JUMP: "the function jumps here, or may: the way to a zero is cut off",
    Outcome.OUT_OF_STEPS: "ran out of steps; give it more with LevenbergMarquardt(max_steps=…)",
    Outcome.NOT_FINITE: "the candidate, or the system on the way from it, is NaN or infinite",
    Outcome.RAN_AWAY: "left for infinity: more than 1e8 times as far as any candidate",
    Outcome.FADING: (
        "no zero within reach: the residual falls below rounding, and stays there as far as one "
        "looks"
    ),
    Outcome.UNSETTLED: (
        "the residual is at rounding level, but Newton's method does not close in on a zero"
    ),
    Outcome.TOO_LARGE: (
        "near a minimum of the speed; slow points of so large a system are not looked for"
    ),
    Outcome.NO_MINIMUM: "the descent of the speed ran out of steps, or stopped at a saddle of it",
    Outcome.ESCAPED: "the speed falls on far outside the domain: it led to no slow point",
    Outcome.MOVES: (
        "`residual` has other zeros than the speed: it is zero there, but the speed is "
        "{number:.3g}; everything is solved on the residual: give one that is zero exactly where "
        "the speed is, or leave `residual` out"
    ),
    Outcome.ELSEWHERE: "no fixed point: all of them are proved to lie elsewhere",
    Outcome.OUTSIDE_DOMAIN: (
        "left the domain: the residual is at rounding level outside {domain}, where no fixed "
        "point lies"
    ),
    Outcome.OUT_OF_TIME: "not finished: the time limit of {number:g} s was reached",
    Outcome.WALK_ZERO: "reached by region walk",
    Outcome.WALK_CYCLE: WALK_REASONS[WalkOutcome.CYCLE],
    Outcome.WALK_UNBOUNDED: WALK_REASONS[WalkOutcome.UNBOUNDED],
    Outcome.WALK_STEP_LIMIT: WALK_REASONS[WalkOutcome.STEP_LIMIT],
    Outcome.WALK_UNVERIFIED: WALK_REASONS[WalkOutcome.UNVERIFIED],
    Outcome.WALK_NOT_FINITE: WALK_REASONS[WalkOutcome.NOT_FINITE],
    Outcome.SLID_TO_ZERO: "slid into a fixed point, to which the region walk leads",
    Outcome.SPEED_MINIMUM_ON_KINKS: "a local minimum of the speed on {number} kinks",
    Outcome.SLIDE_ZERO: DESCENT_REASONS[DescentOutcome.ZERO],
    Outcome.SLIDE_UNVERIFIED: DESCENT_REASONS[DescentOutcome.UNVERIFIED],
    Outcome.SLIDE_STEP_LIMIT: DESCENT_REASONS[DescentOutcome.STEP_LIMIT],
    Outcome.SLIDE_SINGULAR: DESCENT_REASONS[DescentOutcome.SINGULAR],
    Outcome.SLOWER_ARE_KEPT: ("a slow point that is left out: only the {number} slowest are kept"),
}
_NUMBERS = ("number", "steps", "cycle", "point")  # what solvers call it
_EVIDENCE = {
    Evidence.UNIQUE: "exists within {error:.1e}, alone within {radius:.1e}",
    Evidence.EXISTS: "exists within {error:.1e}, not shown to be alone",
    Evidence.ALONE_AT_ORIGIN: (
        f"exists, alone within {LARGEST_RADIUS:.1e}: no ray from it holds another"
    ),
    Evidence.EXHAUSTION: (
        "exists within {error:.1e}, alone within {radius:.1e}, by exhaustive search"
    ),
    Evidence.ABSENCE: "no fixed point within {radius:.1e}",
    Evidence.REFUSED: "{cause}",
    Evidence.NO_ZERO_OF_STEP: "the residual has a zero there, the step has none",
    Evidence.NOTHING_OF_STEP: (
        "the residual has a zero there, but nothing is proved of the step itself: {cause}"
    ),
}


def outcome_reasons(table: PointTable, domain: object, in_sizes: bool) -> Texts:
    """Say of every candidate why it ended so.

    `domain` is the box outside of which states were rejected; `in_sizes` tells whether units are
    measured in powers of two.
    """
    on_continuum = np.append(table.degeneracy == Degeneracy.CONTINUUM, False)[table.reached]
    slow = np.append(table.kinds == Kind.SLOW, False)[table.reached] & in_sizes
    numbers, which = np.unique(table.numbers, return_inverse=True)
    point = np.where(on_continuum, table.reached + 1, 0)
    columns = table.outcomes, which.reshape(-1), point, 1 * table.clipped, 1 * slow
    shape = [int(column.max(initial=0)) + 1 for column in columns]
    keys, which = np.unique(np.ravel_multi_index(columns, shape), return_inverse=True)
    texts = []
    for outcome, number, point, clipped, at_slow in zip(
        *np.unravel_index(keys, shape), strict=True
    ):
        if point:
            text = _continuum(table.singular_values[point - 1])
        else:
            text = _outcome(Outcome(outcome), float(numbers[number]), domain)
        texts.append(text + _FROM_DOMAIN * int(clipped) + _IN_THEIR_SIZES * int(at_slow))
    return np.array(texts, str)[which.reshape(-1)]


def untried(asked: bool, stopped: str) -> str:
    """Say why nothing was tried, where it was `asked` for or not, or the search was `stopped`."""
    if not asked:
        return NOT_ASKED
    return _NOT_TRIED.format(stopped) if stopped else UNPROVED


def certificates(table: PointTable, untried: str, in_sizes: bool) -> Texts:
    """Say of every point what was proved, or why nothing was; `untried` where nothing was tried."""
    proved = table.proved & in_sizes
    texts = [_certificate(table, k) or untried for k in range(len(table))]
    suffixes = [_IN_THEIR_SIZES * bool(p) for p in proved]
    return np.array([text + suffix for text, suffix in zip(texts, suffixes, strict=True)], str)


def give_domain(states: np.ndarray) -> str:
    """Say that a domain makes an exhaustive search possible, and suggest where states lie."""
    ends = (states.min(axis=0), states.max(axis=0))
    return _GIVE_DOMAIN.format(*(f"[{', '.join(f'{x:.3g}' for x in end)}]" for end in ends))


def completeness(text: str, in_sizes: bool) -> str:
    """Say of boxes that they are measured in powers of two."""
    return text + _BOXES * (in_sizes and "box" in text)


def contradiction(found: Contradiction) -> str:
    """Say why zeros of the residual are no fixed points."""
    if isinstance(found.what, Outcome):
        return _outcome(found.what, found.number, "")
    return _EVIDENCE[found.what].format(cause=found.cause)


def _outcome(outcome: Outcome, number: float, domain: object) -> str:
    whole = int(number) if number.is_integer() else number
    return _OUTCOMES[outcome].format(domain=domain, **dict.fromkeys(_NUMBERS, whole))


def _certificate(table: PointTable, label: int) -> str:
    evidence, values = Evidence(table.evidence[label]), table.singular_values[label]
    if evidence is Evidence.UNTRIED:
        return ""
    if evidence is Evidence.CONTINUUM:
        return _continuum(values)
    text = _EVIDENCE[evidence].format(
        error=table.errors[label], radius=table.radii[label], cause=table.details[label]
    )
    degenerate = table.degeneracy[label] == Degeneracy.SINGULAR and evidence is Evidence.REFUSED
    if not degenerate:
        return text
    return f"degenerate (singular values {values[0]:.1e} to {values[-1]:.1e}): {text}"


def _continuum(singular_values: np.ndarray) -> str:
    least = [f"{value:.1e}" for value in singular_values[1:] if value != -1]
    evidence = f"smallest singular values {', '.join(least)}" if least else "others lie between"
    return (
        f"degenerate: a continuum of fixed points is likely ({evidence}); analyze it as a slow "
        "curve"
    )
