"""What is said of the inputs that were held constant."""

from collections import Counter

from ..analysis import FixedPoints, FrozenInputs
from .story import Story, count


def input_numbers(story: Story) -> list[tuple[str, str]]:
    """Return the main input in words, and what was found at each further one."""
    inputs = story.find(FrozenInputs)
    if inputs is None:
        return []
    said = [f"{name}: {words}" for name, words in zip(inputs.names, inputs.words, strict=True)]
    rows = [("input held constant", said[0])]
    for text, record in zip(said[1:], inputs.record_names[1:], strict=True):
        points = story.run.records.get(record)
        if isinstance(points, FixedPoints):
            found = count(len(points.fixed), "fixed point")
            kinds = Counter(map(str, points.fixed.stability)).most_common()
            each = ", ".join(f"{number} {kind}" for kind, number in kinds)
            found += f" ({each}), " if each else ", "
            rows.append((f"at the input {text}", found + count(len(points.slow), "slow point")))
    return rows
