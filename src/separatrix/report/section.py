"""What a section of a report is: a figure of the run, and its words."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..store import Run
from .text_filters import paragraph
from .view import has_plane

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Figure
else:
    Figure = Any  # matplotlib is imported when the first figure is drawn

Values = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Section:
    """A section; its words are the template `sections/<name>.html`.

    The template is given `run`, `missing` and, where the section is shown, its `values`. Where
    something is `missing` it gives the reason, or nothing: then the section is left out. There it
    is given `found`, the first of the records that are needed, or None, and `reason`, why the
    analysis that makes them gave no result.
    """

    name: str
    """Its anchor in the page, and the name of its template and of its figure's file."""
    title: str
    needs: tuple[str, ...]
    """The names of the records without which it is not shown."""
    draw: Callable[[Run], Figure]
    values: Callable[[Run], Values] = lambda run: {}
    """The values that its words speak of."""
    applies: Callable[[Run], bool] = lambda run: True
    """Whether the figure can be drawn of the records."""
    folded: bool = False
    """Whether the page shows its title alone until it is asked for."""
    of_any: bool = False
    """Whether it may be of any system, not of an experiment alone."""
    script: Callable[[Run], str] = lambda run: ""
    """The line of Python that draws it from the saved file, where `records` are its records."""
    compare: Callable[[Mapping[str, Run]], Figure] | None = None
    """Draws several runs in one picture; none: each has its own picture beside the others."""

    def is_shown_in(self, run: Run) -> bool:
        """Return whether the run has what the figure needs."""
        return all(map(run.find, self.needs)) and self.applies(run)

    def caption(self, run: Run) -> str:
        """Return the words below the figure, as HTML."""
        return self._words(run, missing=False, **self.values(run))

    def missing(self, run: Run) -> str:
        """Return why the section is not shown, as HTML; nothing where nobody asked for it."""
        outcomes, needs = run.find("analyses"), self.needs or (self.name,)
        reasons = [] if outcomes is None else map(outcomes.why_not, needs)
        reason = next(filter(None, reasons), "")
        return self._words(
            run, missing=True, found=run.find(needs[0]), reason=reason, has_plane=has_plane(run)
        )

    def _words(self, run: Run, **values: Any) -> str:
        return paragraph(f"sections/{self.name}.html", {"run": run, **values})


def in_the_plane(figure: str, *records: str) -> Callable[[Run], str]:
    """Return the script of a figure that is drawn from records in the plane of the activity."""
    given = [*(f'records["{name}"]' for name in records), 'records["principal_components"][:2]']
    return lambda run: f"sx.figures.{figure}({', '.join(given)})"
