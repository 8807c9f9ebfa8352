"""Numbers in words, and the templates that use them: every text of a report is one.

A template writes `{{ fraction | percent }}`, `{{ 3 | count("point") }}` for "3 points",
`{{ x | number(".2g") }}`, `{{ time | duration("ms") }}`, and `{{ counts | tally }}` for "2 × this;
1 × that". It may break its lines anywhere: a break is a space, and no space stays before a comma.
"""

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._tables import describe_duration

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def count(number: int, noun: str, plural: str = "") -> str:
    """Write "no points", "1 point", "2 points"."""
    return f"{number or 'no'} {noun if number == 1 else plural or noun + 's'}"


def percent(fraction: float) -> str:
    """Write a fraction as a percentage with one decimal."""
    return f"{100 * fraction:.1f} %"


def number(value: float, form: str = "g") -> str:
    """Write a number in one of Python's formats, with a minus sign for a hyphen."""
    return format(value, form).replace("-", "−")


def duration(time: float, units: str) -> str:
    """Write a duration in ms or steps with three digits: "12.3 ms", "4.56 s", "107 steps"."""
    return describe_duration(time, units) if math.isfinite(time) else "an infinite time"


def time_constant(time: float, units: str) -> str:
    """Write a time constant, and whether it is of decay or of growth."""
    if math.isnan(time):
        return "–"
    if math.isinf(time):
        return "infinite"
    return f"{describe_duration(abs(time), units)} ({'growth' if time < 0 else 'decay'})"


def tally(counts: Iterable[tuple[str, int]], between: str = "; ") -> str:
    """Write "2 × this; 1 × that"."""
    return between.join(f"{n} × {what}" for what, n in counts)


def sentence(text: str) -> str:
    """Write a text with a capital first and a full stop last."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


_FILTERS: tuple[Callable[..., str], ...] = (count, percent, number, duration, tally, sentence)


@functools.cache
def templates() -> "Environment":
    """Return the templates of reports, and those of sections on single papers."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(f"separatrix.{home}", ".") for home in ("report", "classics")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {write.__name__: write for write in _FILTERS}
    return environment


def paragraph(template: str, values: Mapping[str, Any]) -> "Markup":
    """Fill a template and return its text on one line, as HTML."""
    from markupsafe import Markup

    text = re.sub(r"[ \n]+", " ", templates().get_template(template).render(values))
    return Markup(re.sub(r" (?=[,;.:)])|(?<=\() ", "", text).strip())
