"""Answers that several studies of one subject need."""

import functools
from collections.abc import Callable
from typing import TypeVar

from .subject import Subject

T = TypeVar("T")


def once(ask: Callable[[Subject], T]) -> Callable[[Subject], T]:
    """Ask a subject once, however many studies need the answer.

    The answer is kept with the subject, as `functools.cached_property` would keep it.
    """

    @functools.wraps(ask)
    def remembered(subject: Subject) -> T:
        name = f"{ask.__module__}.{ask.__name__}"
        if name not in vars(subject):
            vars(subject)[name] = ask(subject)
        answer: T = vars(subject)[name]
        return answer

    return remembered
