"""A live progress bar with loss and accuracy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .._watch import progress_bar


@contextmanager
def training_bar(steps: int) -> Iterator[Callable[[int, float, float], None]]:
    """Show a bar on standard error; see `progress_bar`."""
    texts = (
        "step {task.completed}/{task.total}",
        "loss {task.fields[loss]}  accuracy {task.fields[accuracy]}",
    )
    with progress_bar("training", *texts, total=steps, loss="–", accuracy="–") as update:

        def report(done: int, loss: float, accuracy: float) -> None:
            update(completed=done, loss=f"{loss:.4f}", accuracy=f"{accuracy:.3f}")

        yield report
