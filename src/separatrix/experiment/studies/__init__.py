"""What single experiments ask of their network, beyond what every run asks.

A study is a function of a `Subject` that returns a record, which is written into the results under
the study's name; `analysis.studies = ["its name"]` asks for it. The science is in the library,
where a user finds it too; here are the questions only.
"""

import functools
from collections.abc import Callable, Sequence

from ..._records import Record
from ..._types import InvalidInputError, nearest
from ..stages import Stage
from ..subject import Subject

STUDIES: dict[str, Callable[[Subject], Record]] = {}


def check_studies(names: Sequence[str], source: str) -> None:
    """Raise InvalidInputError for a name that no study has, or one that is given twice."""
    for name in names:
        if name not in STUDIES:
            raise InvalidInputError(
                f"unknown study {name!r} in analysis.studies in {source}: {nearest(name, STUDIES)}"
            )
    if len(set(names)) < len(names):
        raise InvalidInputError(f"analysis.studies in {source} names a study twice.")


def study_stages(subject: Subject) -> dict[str, Stage | None]:
    """Return the studies that the settings ask for, as stages."""
    return {name: functools.partial(STUDIES[name], subject) for name in subject.settings.studies}
