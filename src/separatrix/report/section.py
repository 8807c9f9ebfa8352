"""What a section of a report is: a figure of the run, its words, and its key numbers."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._records import Record
from ..analysis import Analyses
from .story import Story
from .words import paragraph

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Figure
else:
    Figure = Any  # matplotlib is imported when the first figure is drawn

Rows = list[tuple[str, str]]
Values = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Section:
    """A section; its words are the template `sections/<name>.html`.

    The template is given `story`, `missing` and, where the section is shown, its `values`. Where
    something is `missing` it gives the reason, or nothing: then the section is left out. There it
    is given `found`, the first of the records that are needed, or None, and `reason`, why the
    analysis that makes them gave no result.
    """

    name: str
    """Its anchor in the page, and the name of its template and of its figure's file."""
    title: str
    needs: tuple[type[Record], ...]
    draw: Callable[[Story], Figure]
    values: Callable[[Story], Values] = lambda story: {}
    """What its words speak of."""
    numbers: Callable[[Story], Rows] = lambda story: []
    """Its rows of the key numbers, as (what, value); asked also where it is not shown."""
    applies: Callable[[Story], bool] = lambda story: True
    """Whether the figure can be drawn of the records."""
    compare: Callable[[Mapping[str, Story]], Figure] | None = None
    """Draws several runs in one picture; none: each has its own picture beside the others."""
    analyses: tuple[str, ...] = ()
    """The analyses of a run that make what it needs, by the names of their records."""

    def is_shown_in(self, story: Story) -> bool:
        """Whether the run has what the figure needs."""
        return story.has(*self.needs) and self.applies(story)

    def caption(self, story: Story) -> str:
        """Return the words below the figure, as HTML."""
        return self._words(story, missing=False, **self.values(story))

    def missing(self, story: Story) -> str:
        """Return why the section is not shown, as HTML; nothing where nobody asked for it."""
        outcomes = story.find(Analyses)
        reasons = [] if outcomes is None else map(outcomes.why_not, self.analyses)
        reason = next(filter(None, reasons), "")
        return self._words(story, missing=True, found=story.find(self.needs[0]), reason=reason)

    def _words(self, story: Story, **values: Any) -> str:
        return paragraph(f"sections/{self.name}.html", {"story": story, **values})
