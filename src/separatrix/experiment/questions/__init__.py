"""What an experiment may ask of its network, beyond what every run asks.

A question is a function of a `Subject` that returns a record, which is written into the results
under the question's name; `analysis.questions = ["its name"]` asks it. Each module declares its
own, here or, if one paper alone asks it, in `classics.questions`. The first line of a docstring
says what is done, "Needs …" what it has to work on. The science is in the library, where a user
finds it too; here are the questions only.
"""

import functools
from collections.abc import Callable, Sequence

from ..._checked import Named
from ..._names import modules_of
from ..._records import Record
from ..._types import InvalidInputError
from ...plan import Stage
from ...tasks import PerceptualDecisionMaking
from ..subject import Subject


@functools.cache
def all_questions() -> dict[str, Callable[[Subject], Record]]:
    """Return the questions by name: those that modules of two packages declare in `QUESTIONS`.

    They are looked for when they are first asked for, because these modules import this one.
    """
    return {
        name: question
        for module in modules_of("experiment.questions", "classics.questions")
        for name, question in sorted(module.QUESTIONS.items())
    }


def check_questions(names: Sequence[str]) -> None:
    """Raise InvalidInputError for a name that no question has, or one that is given twice."""
    for name in names:
        Named(tuple(all_questions()))(name, "question")
    if len(set(names)) < len(names):
        raise InvalidInputError("a question is asked twice.")


def question_stages(subject: Subject) -> dict[str, Stage | None]:
    """Return the questions that the settings ask for, as stages."""
    names = dict.fromkeys((*_of_every_run(subject), *subject.settings.questions))
    return {name: functools.partial(all_questions()[name], subject) for name in names}


def _of_every_run(subject: Subject) -> tuple[str, ...]:
    """Return the questions that need not be asked for: behavior, where nothing else tells it.

    A psychometric does, of a decision between two choices, and the performance by rule.
    """
    task = subject.task
    told = isinstance(task, PerceptualDecisionMaking) and task.num_choices == 2
    told |= "rule_performance" in subject.settings.questions
    return () if told else ("performance",)
