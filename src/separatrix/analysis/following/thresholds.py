"""All thresholds by which it is decided where states end, and what holds them.

`AT` is the one object that the code reads, and docs/reference/verdict.md shows `table()`. Sizes of
blocks and of arrays, which decide no word, are not among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..lyapunov import SURE

_TRIED = "yes"
_BY_PATH = "no: states would be followed differently"
_BY_GAPS = "no: other states would be put between or beside the settled ones"
_BY_DECODER = "no: another decoder would be fitted"
_BESIDE = "no: the number that decides stands beside it"
_NO_WORD = "no: it decides whether a number is given"


def _at(value: Any, unit: str, words: str, reason: str, tried: str = _BY_PATH) -> Any:
    """Return a field with its unit, the words that it decides, its reason, and if it is tried.

    A verdict tries half and twice the value where what was followed tells the words then.
    """
    metadata = {"unit": unit, "words": words, "reason": reason, "tried": tried}
    return field(default=value, metadata=metadata)


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of the ends of states, and of the words of a verdict."""

    # How far states are followed
    most_steps: int = _at(50_000, "steps", "unknown", "a verdict takes seconds")
    few_steps: int = _at(2_000, "steps", "unknown", "fewer steps do not show a slow approach")
    durations: float = _at(20.0, "T", "unknown", "what comes later is beside the task")
    further: float = _at(64.0, "20 T", "unknown", "a flow may need few, long steps")
    untimed: float = _at(1e9, "first steps", "unknown", "without T, a flow is limited by steps")
    hardly: float = _at(
        10.0, "distance to a stable point", "point, unknown", "slow beside an approach of one mode"
    )
    more_folds: tuple[float, ...] = _at(
        (8.0, 32.0), "time constants", "point, unknown", "e⁻⁸ of a distance is left, and nothing"
    )
    # Sizes and errors
    rounding: float = _at(1e-9, "size", "all ends of maps", "many roundings add up to less")
    integration: float = _at(1e-5, "size", "all ends of flows", "errors of the integrator are less")
    tells: float = _at(100.0, "errors", "all ends", "such a distance is known within a hundredth")
    same_point: float = _at(1e-6, "size", "point, points", "a search finds a point far better")
    infinite: float = _at(1e8, "size", "infinity", "no model of activity comes back from there")
    least_size: float = _at(1e-4, "units", "infinity", "trials may all begin at 0, or nearly")
    stuck_grown: float = _at(10.0, "first size", "infinity", "what blows up has grown before")
    stuck_largest: float = _at(0.99, "largest size", "infinity", "what blows up is largest now")
    # Points
    clearly: float = _at(0.1, "distance to others", "point", "another point is not meant")
    folds: tuple[float, ...] = _at(
        (1.0, 1.5, 2.0, 3.0, 5.0, 8.0),
        "time constants",
        "point",
        "an e-fold shows the slowest mode",
    )
    within: float = _at(0.2, "fall", "point", "other modes and long steps bend the fall")
    nearer: float = _at(0.6, "distance before", "point", "what goes round comes nearer for a while")
    turned: float = _at(3.0, "time constants", "point", "a mode that hardly turns is seen to decay")
    sparse: float = _at(2.0, "stretch", "point", "places may lie far apart, but not this far")
    candidates: int = _at(32, "states", "point, points", "a search takes a part of a second")
    search_steps: int = _at(40, "steps", "point", "what comes to a point is near it already")
    vain: int = _at(2, "searches", "point", "points are found by one of the first, or by the last")
    slowed: float = _at(0.5, "mean speed", "point", "what comes to a point slows down")
    # Rest
    rest_steps: int = _at(256, "steps", "continuum, point", "slow motion shows in so many")
    aside: float = _at(1e-3, "E₀", "continuum, point", "beside the state, within its surroundings")
    rest_blocks: int = _at(4, "256 steps", "continuum, point", "what comes back does so in these")
    neutral: float = _at(1e-5, "largest rate", "continuum", "the error of a Jacobian at rest")
    aside_within: float = _at(
        2.0, "distance aside", "continuum", "half to twice is where it was put"
    )
    aside_moves: float = _at(1e-3, "distance aside", "continuum", "what is put aside rests, too")
    comes_back: float = _at(0.01, "distance aside", "point", "far less than was put between")
    # Closed curves
    miss: float = _at(0.01, "diameter", "curve", "a turn that misses by more does not close")
    near: float = _at(0.05, "diameter", "curve", "the turns that are compared")
    may_fall: float = _at(0.8, "correlation", "curve, unknown", "misses that fall swing a little")
    flat: float = _at(0.1, "e-folds", "curve, unknown", "less is chance")
    many: int = _at(12, "turns", "curve, unknown", "fewer may come near by chance")
    close: float = _at(1e-3, "diameter", "curve, unknown", "a second frequency misses by more")
    fall_turns: tuple[int, ...] = _at((4, 8), "turns", "curve", "two rules, short and long")
    fall_straight: tuple[float, ...] = _at(
        (0.98, 0.9), "correlation", "curve", "few turns have to fall more evenly than many"
    )
    fall_times: tuple[float, ...] = _at((3.0, 10.0), "times", "curve", "more than chance makes")
    turns: int = _at(5, "turns", "curve", "so many are near, and give the period")
    settled: float = _at(1e-4, "diameter", "the period", "before, the period still changes")
    compared: int = _at(40, "turns", "curve", "more turns tell no more")
    loops: int = _at(16, "times", "curve", "a curve comes near its end so often before it closes")
    beside_end: float = _at(0.1, "diameter", "curve", "other crossings belong to another loop")
    extent: float = _at(1e-4, "largest extent", "curve", "units that hardly move count for less")
    between: float = _at(0.25, "distance of neighbors", "curve", "other cycles may lie between")
    cycle_steps: int = _at(8, "steps", "curve", "a turn that nearly closes needs few")
    first_tried: int = _at(12, "states", "curve", "so many are tried before the others")
    whole_turn: float = _at(1.1, "period", "curve", "a turn on a known curve, and a little more")
    family: int = _at(5, "curves", "family", "fewer are separate curves")
    beside_curve: float = _at(0.2, "diameter", "family", "separate curves lie farther apart")
    each_its_own: float = _at(0.75, "states", "family", "several states share an attracting curve")
    several: float = _at(3.0, "curves, states", "family, line, ring", "two are not several", _TRIED)
    period: float = _at(0.01, "period", "cycle", "so well are periods known", _TRIED)
    smooth: float = _at(2.2, "radians", "turn", "a step of a cycle is less than half a turn")
    around: float = _at(0.1, "largest radius", "turn", "what passes its center does not go round")
    # Invariant circles
    circle_share: float = _at(0.98, "states", "curve", "a few lie between far neighbors")
    circle_near: float = _at(0.9, "states", "curve", "more steps may tell of so many")
    gap: float = _at(1 / 16, "turn", "curve", "a spline tells nothing across a wider gap")
    begun: float = _at(0.75, "turn", "curve", "what goes straight on makes half a turn")
    run_on: int = _at(4, "states", "curve", "the others are compared with their curves")
    longest: int = _at(16_384, "steps", "curve", "about a second")
    recent: int = _at(4096, "steps", "curve, bounded", "turns of most maps take far fewer")
    # Bounded motion
    crossings: int = _at(6, "crossings", "bounded", "less does not come back")
    change: float = _at(0.4, "e-folds", "bounded", "a spiral changes its size by more")
    shift: float = _at(0.8, "size", "bounded", "what drifts moves on by more")
    trend: float = _at(0.02, "e-folds", "bounded", "a smaller trend is none")
    steady: float = _at(0.7, "R²", "bounded", "chaos changes its size, but not steadily")
    straight: float = _at(0.98, "R²", "bounded, spread time", "a straight line with small swings")
    grown: float = _at(0.05, "e-folds", "unknown", "less is not said to grow")
    exponent_states: int = _at(4, "states", "bounded, curve", "the exponents are those of one set")
    exponent_steps: int = _at(4000, "steps", "bounded, curve", "a fraction of a second")
    sure: float = _at(
        SURE, "standard errors", "bounded, curve, chaos", "chance exceeds them in 0.3 %", _BESIDE
    )
    # What holds states over T
    most_states: int = _at(512, "states", "all words", "shares are then known within 4 %")
    exceptions: float = _at(0.05, "states", "all words", "a few states may do otherwise", _TRIED)
    most: float = _at(0.5, "states", "unknown, family", "most means more than half")
    together: float = _at(
        1e-3, "E₀", "line, ring, surface, still, slow path", "no set is left", _TRIED
    )
    left_to_go: float = _at(
        0.05, "distance to another end", "point, points", "three e-folds", _TRIED
    )
    still: float = _at(0.05, "E", "line, ring, surface", "little beside the set", _TRIED)
    approximately_still: float = _at(
        0.15,
        "E",
        "line, ring, surface, still, slow path",
        "a trained network drifts a little",
        _TRIED,
    )
    attracting: float = _at(
        0.5, "distance aside", "line, ring, surface", "it falls, and not by chance", _TRIED
    )
    piece: float = _at(0.1, "E", "line, ring", "a shorter piece is a point", _TRIED)
    branching: float = _at(
        0.1, "landmarks", "line, ring, surface", "ends and noise make branches", _TRIED
    )
    loop_states: float = _at(4.0, "landmarks", "ring", "a smaller loop is a detour", _TRIED)
    loop: float = _at(0.25, "landmarks", "ring", "a loop beside a line is shorter", _TRIED)
    gap_states: int = _at(
        128, "states", "line, ring, surface", "some thousand new states", _BY_GAPS
    )
    landmarks: int = _at(48, "states", "line, ring, surface", "so many draw the set", _BY_GAPS)
    one_place: float = _at(0.01, "E", "line, ring, surface", "rest of the motion", _BY_GAPS)
    thin: float = _at(
        0.1, "largest extent", "line, ring, surface", "a set is not thinner", _BY_GAPS
    )
    instants: int = _at(128, "steps", "line, ring, surface", "differences may swing", _BY_GAPS)
    slower: float = _at(5.0, "times", "ghost, passes", "speeds on a cycle differ by less", _TRIED)
    away_from_points: float = _at(
        0.1, "diameter of the path", "ghost, passes", "nearer is at it", _TRIED
    )
    shortest_passage: float = _at(0.25, "π / √(μ a)", "ghost", "it passes by the minimum", _TRIED)
    longest_passage: float = _at(2.0, "π / √(μ a)", "ghost", "something else is slow", _TRIED)
    most_moved: float = _at(10.0, "E", "drift, moved", "a larger number says no more", _NO_WORD)
    # Along the axis
    kept: float = _at(0.5, "1", "kept", "more is left than lost", _BESIDE)
    much: float = _at(0.01, "size", "kept", "the tolerance of the numbers", _NO_WORD)
    changed: float = _at(0.01, "e-folds", "spread time", "less is the tolerance", _NO_WORD)
    amplified: float = _at(1.2, "spread", "grow", "less is not said", _BESIDE)
    ordered: float = _at(0.9, "rank correlation", "shrink", "nearly one order", _BESIDE)
    noise_slows: float = _at(3.0, "times", "slower", "noise alone makes 2.5", _BESIDE)
    # Decoded labels
    components: int = _at(20, "components", "decoded", "more are noise", _BY_DECODER)
    classes: int = _at(10, "values", "decoded", "more are an order", _BY_DECODER)
    resolution: float = _at(0.05, "deviation", "decoded", "less is lost in any noise", _BY_DECODER)
    folds_of_labels: int = _at(5, "groups", "decoded", "a fifth is tested", _BY_DECODER)
    shuffles: int = _at(20, "shuffles", "decoded", "the largest is exceeded in 5 %", _BY_DECODER)
    ridge: float = _at(1e-3, "variance", "decoded", "far below the noise", _BY_DECODER)
    least_variance: float = _at(0.01, "variance", "decoded", "of the first component", _BY_DECODER)
    one_sided: float = _at(1.645, "deviations", "decoded", "5 % exceed it", _BY_DECODER)


AT = Thresholds()


def tried() -> Iterator[tuple[str, Thresholds]]:
    """Yield what a verdict tries: one value halved, or doubled, and the same in words."""
    for one in fields(AT):
        for factor in (0.5, 2.0) if one.metadata["tried"] == _TRIED else ():
            changed: Any = {one.name: factor * getattr(AT, one.name)}
            text = f"{changed[one.name]:g} instead of {one.default:g}"
            yield f"{text} for “{one.name.replace('_', ' ')}”", replace(AT, **changed)


def table() -> str:
    """Return all thresholds as a table in Markdown."""
    rows = [("threshold", "value", "unit", "decides", "reason", "tried"), ("---",) * 6]
    for one in fields(AT):
        values = one.default if isinstance(one.default, tuple) else (one.default,)
        rows.append(
            (f"`{one.name}`", ", ".join(map("{:,g}".format, values)), *one.metadata.values())
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
