"""Fixed and slow points at the input that is held constant, over the activity."""

from collections import Counter
from collections.abc import Mapping

from ... import figures
from ...activity import Activity
from ...analysis import FixedPoints, FrozenInputs
from ..section import Figure, Rows, Section, Values
from ..story import Story
from ..words import brief, count, tally


def draw(story: Story) -> Figure:
    """Draw the points over the activity."""
    return figures.fixed_points(story.get(FixedPoints), story.get(Activity), story.plane)


def compare(stories: Mapping[str, Story]) -> Figure:
    """Draw the points of several runs over their activities."""
    return figures.compare_fixed_points(
        {
            name: (story.get(FixedPoints), story.get(Activity), story.plane)
            for name, story in stories.items()
        }
    )


def values(story: Story) -> Values:
    """Return the points, how many there are of each kind, and why candidates were rejected."""
    points = story.get(FixedPoints)
    return {"points": points, "kinds": story.kind_counts(), "rejections": story.rejections()}


def numbers(story: Story) -> Rows:
    """Return the inputs that were held constant, and what was found at them."""
    points = story.find(FixedPoints)
    return _inputs(story) + ([] if points is None else _points(story, points))


def _inputs(story: Story) -> Rows:
    """Return the main input in words, and what was found at each further one."""
    inputs = story.find(FrozenInputs)
    if inputs is None:
        return []
    told = [f"{name}: {words}" for name, words in zip(inputs.names, inputs.words, strict=True)]
    rows = [("input held constant", told[0])]
    for text, record in zip(told[1:], inputs.record_names[1:], strict=True):
        points = story.run.records.get(record)
        if isinstance(points, FixedPoints):
            found = count(len(points.fixed), "fixed point")
            kinds = Counter(map(str, points.fixed.stability)).most_common()
            each = ", ".join(f"{number} {kind}" for kind, number in kinds)
            found += f" ({each}), " if each else ", "
            rows.append((f"at the input {text}", found + count(len(points.slow), "slow point")))
    return rows


def _points(story: Story, points: FixedPoints) -> Rows:
    rows: Rows = []
    for kind, number in story.kind_counts().items():
        stability = story.stability_counts(kind)
        rows.append((f"{kind} points", f"{number} ({stability})" if number else "none"))
        unstable = story.unstable_counts(kind)
        if kind == "fixed" and max(unstable, default=0) > 1:
            told = [(str(k) if k >= 0 else "unknown", n) for k, n in unstable.items()]
            rows.append(("unstable directions of fixed points", tally(told, ", ")))
    rejections = story.rejections()
    number = sum(n for _, n in rejections)
    rejected = f"{len(points.outcomes)}, of which {number or 'none'} rejected"
    return [
        *rows,
        ("fixed points proved to exist", str(story.proved("fixed"))),
        ("slow points proved not to be fixed", str(story.proved("slow"))),
        ("are fixed points missing?", completeness(points)),
        ("candidates", rejected),
        *(("rejected", brief(tally([reason]))) for reason in rejections),
    ]


def completeness(points: FixedPoints) -> str:
    """Say on one line what is known of fixed points that were not found."""
    if points.complete:
        return "complete (proved)"
    known = []
    if points.index_sum is not None:
        known.append(f"index sum {points.index_sum}")
    if points.coverage is not None:
        known.append(f"coverage {points.coverage:.2f}")
    if points.index_sum not in (None, 1):
        return f"yes: {', '.join(known)}"
    if points.index_sum == 1:
        known[0] += " (consistent with a complete set, no proof)"
    if known:
        return f"not known: {', '.join(known)}"
    return brief(f"not known: {points.completeness or 'not examined'}")


SECTION = Section(
    "fixed_points",
    "Fixed and slow points",
    (FixedPoints, Activity),
    draw,
    values,
    numbers,
    applies=lambda story: story.has_plane,
    compare=compare,
)
