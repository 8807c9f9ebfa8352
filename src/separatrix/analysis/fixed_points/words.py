"""Texts about points, candidates and refusals: a sentence for each enumeration's member."""

import numpy as np
from jaxtyping import Shaped

from ...solvers.endings import Ending
from ..completeness import MOST_VARIABLES
from ..point_table import Evidence, PointTable
from .evaluator import DENSE

Texts = Shaped[np.ndarray, " text"]

NOT_ASKED = "not asked for"
NOT_LOOKED_FOR = (
    "points that no candidate led to were not looked for, as certify or completeness is False"
)
UNPROVED = "no proof was found"
STOPPED = "; the search ended early: {}"
_NOT_TRIED = "not tried: {}"
TOO_LARGE = (
    f"too large: proofs need the Jacobian, which is not formed for more than {DENSE} units, or a "
    f"function written with at most {MOST_VARIABLES} variables between, as in U @ (V @ x)"
)
NOTHING_OF_STEP = "the residual has a zero there, but nothing is proved of the step itself: {}"
ENDLESS = "a continuum of fixed points has no end that a search could come to"
ON_TRUST = "; all zeros of `residual`, that is, which is taken to be zero wherever the speed is"
_GIVE_DOMAIN = (
    "; a system with a domain=(lower, upper) that holds every fixed point is searched exhaustively "
    "there, such as domain=({}, {}), around the candidates and these points"
)
_FROM_DOMAIN = "; followed from the nearest state of the domain, which the candidate lies outside"

_EVIDENCE = {
    Evidence.UNIQUE: "exists within {error:.1e}, alone within {radius:.1e}",
    Evidence.EXISTS: "exists within {error:.1e}, not shown to be alone",
    Evidence.EXHAUSTION: (
        "exists within {error:.1e}, alone within {radius:.1e}, by exhaustive search"
    ),
    Evidence.ABSENCE: "no fixed point within {radius:.1e}",
    Evidence.REFUSED: "{cause}",
}


def outcome_reasons(table: PointTable, domain: object) -> Texts:
    """Return why each candidate ended so; outside of the box `domain` states were rejected."""
    on_continuum = np.append(table.evidence == Evidence.CONTINUUM, False)[table.reached]
    numbers, which = np.unique(table.numbers, return_inverse=True)
    point = np.where(on_continuum, table.reached + 1, 0)
    columns = table.outcomes, which.reshape(-1), point, 1 * table.clipped
    shape = [int(column.max(initial=0)) + 1 for column in columns]
    keys, which = np.unique(np.ravel_multi_index(columns, shape), return_inverse=True)
    texts = []
    for outcome, number, point, clipped in zip(*np.unravel_index(keys, shape), strict=True):
        if point:
            text = _continuum(table.singular_values[point - 1])
        else:
            text = Ending(outcome).describe(float(numbers[number]), domain)
        texts.append(text + _FROM_DOMAIN * int(clipped))
    return np.array(texts, str)[which.reshape(-1)]


def untried(asked: bool, stopped: str) -> str:
    """Return why there is no proof: not `asked` for, `stopped` before, or none found."""
    if not asked:
        return NOT_ASKED
    return _NOT_TRIED.format(stopped) if stopped else UNPROVED


def certificates(table: PointTable, untried: str) -> Texts:
    """Return what was proved of each point, or why nothing was; `untried` where nothing was."""
    return np.array([_certificate(table, k) or untried for k in range(len(table))], str)


def give_domain(states: np.ndarray) -> str:
    """Suggest a domain for an exhaustive search: the range of the states `(state, unit)`."""
    wide = 0.1 * float(np.ptp(states, axis=0).max(initial=0.0)) or 1.0
    wide = np.maximum(wide, 0.01 * np.abs(states).max(0))  # beyond what rounding takes away
    ends = (states.min(axis=0) - wide, states.max(axis=0) + wide)
    return _GIVE_DOMAIN.format(*(f"[{', '.join(f'{x:.3g}' for x in end)}]" for end in ends))


def _certificate(table: PointTable, label: int) -> str:
    evidence, values = Evidence(table.evidence[label]), table.singular_values[label]
    if evidence is Evidence.UNTRIED:
        return ""
    if evidence is Evidence.CONTINUUM:
        return _continuum(values)
    text = _EVIDENCE[evidence].format(
        error=table.errors[label], radius=table.radii[label], cause=table.details[label]
    )
    if evidence is not Evidence.REFUSED or values[0] < 0:
        return text
    return f"degenerate (singular values {values[0]:.1e} to {values[-1]:.1e}): {text}"


def _continuum(singular_values: np.ndarray) -> str:
    least = [f"{value:.1e}" for value in singular_values[1:] if value != -1]
    evidence = f"smallest singular values {', '.join(least)}" if least else "others lie between"
    return (
        f"degenerate: a continuum of fixed points is likely ({evidence}); analyze it as a slow "
        "curve"
    )
