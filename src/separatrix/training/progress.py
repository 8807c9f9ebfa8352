"""A live progress bar with loss and accuracy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def no_report() -> Iterator[Callable[[int, float, float], None]]:
    """Report nothing."""
    yield lambda done, loss, accuracy: None


@contextmanager
def progress_bar(steps: int) -> Iterator[Callable[[int, float, float], None]]:
    """Show a bar on standard error, in a terminal or a notebook; a log gets its last line only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("training"),
        BarColumn(),
        TextColumn("step {task.completed}/{task.total}"),
        TextColumn("loss {task.fields[loss]}  accuracy {task.fields[accuracy]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        row = bar.add_task("training", total=steps, loss="–", accuracy="–")

        def report(done: int, loss: float, accuracy: float) -> None:
            bar.update(row, completed=done, loss=f"{loss:.4f}", accuracy=f"{accuracy:.3f}")

        yield report
