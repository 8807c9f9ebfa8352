"""The tasks that settings can make, by name."""

import inspect
from collections.abc import Callable

from .. import tasks
from .neurogym import named_environment
from .task import AbstractTask


def _needs_nothing(task: type[AbstractTask]) -> bool:
    parameters = inspect.signature(task).parameters.values()
    return all(p.default is not inspect.Parameter.empty for p in parameters)


TASKS: dict[str, type[AbstractTask]] = {
    name: task
    for name, task in vars(tasks).items()
    if inspect.isclass(task) and issubclass(task, AbstractTask) and not inspect.isabstract(task)
    if _needs_nothing(task)
}
"""The tasks of the package that settings can make."""
TASK_MAKERS: dict[str, Callable[..., AbstractTask]] = {**TASKS, "neurogym": named_environment}
"""Tasks by name, and "neurogym" with the name of an environment."""
