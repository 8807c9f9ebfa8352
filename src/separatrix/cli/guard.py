"""Messages of a command that is stopped, by the user, by a setting or by the machine."""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from typing import Any

import typer
from rich.console import Console

from .._files import reason
from .._stopping import exit_code, stop_noticed
from .._types import InvalidInputError, SeparatrixError

errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def settle_in() -> None:
    """Write what a terminal of ASCII cannot show as escapes, and figures without windows."""
    os.environ["MPLBACKEND"] = "agg"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what the user can mend into a line or two and exit code 2.

    Ctrl-C has exit code 130, SIGTERM 143, SIGHUP 129. What fails after the training, when there is
    a network to go on from, has exit code 1. When whoever read the output has gone away (`| head`),
    typer ends the command without a word. Whatever else comes is a mistake of this package and
    keeps its traceback: so does an OSError that is not the operating system's, which has no number.
    """

    @functools.wraps(command)
    def run_guarded(*args: Any, **kwargs: Any) -> None:
        try:
            _keep_compiled_programs()
            command(*args, **kwargs)
        except KeyboardInterrupt as stopped:
            stop_noticed()
            notes = " ".join(_notes(stopped)) or "Nothing was written."
            errors.print(f"separatrix: {str(stopped) or 'interrupted'}. {notes}")
            raise typer.Exit(exit_code()) from None
        except SeparatrixError as error:
            raise _refused(error, str(error)) from None
        except OSError as error:
            if error.errno is None or isinstance(error, BrokenPipeError):
                raise
            raise _refused(error, os_error(error)) from None
        except (RuntimeError, AssertionError) as error:  # as JAX is without a device
            if isinstance(error.__cause__, KeyboardInterrupt):  # in a class that is being made
                stop_noticed()
                errors.print("separatrix: interrupted. Nothing was written.")
                raise typer.Exit(exit_code()) from None
            if (lacking := _no_device()) is None:
                raise
            raise _refused(lacking, str(lacking)) from None

    return run_guarded


def _no_device() -> InvalidInputError | None:
    """Return why JAX has no device to compute on; None if it has one."""
    import jax

    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:
        asked = os.environ.get("JAX_PLATFORMS", "")
        said = str(error).strip().partition("\n")[0]
        return InvalidInputError(
            f"JAX finds no device: JAX_PLATFORMS is {asked!r}; unset it, or set it to cpu. {said}"
        )
    return None


def _refused(error: Exception, text: str) -> typer.Exit:
    """Print what the user can mend, and return the exit from the command."""
    errors.print(f"separatrix: {' '.join([text, *getattr(error, '__notes__', [])])}")
    late = hasattr(error, "kept") and not hasattr(error, "training")
    return typer.Exit(1 if late else 2)


def _notes(stopped: BaseException) -> list[str]:
    """Return what stands after Ctrl-C; of a second one, what the first has left."""
    noted: BaseException | None = stopped
    while noted is not None:
        if notes := getattr(noted, "__notes__", []):
            return notes
        noted = noted.__context__
    return []


@contextlib.contextmanager
def noting(note: str, *, of_refusals: bool = True) -> Iterator[None]:
    """Add to whatever stops the block what is on the disk by then.

    With `of_refusals=False` not where what the user gave is refused.
    """
    try:
        yield
    except BaseException as stopped:
        is_refusal = isinstance(stopped, InvalidInputError) and stopped.__cause__ is None
        if of_refusals or not is_refusal:
            stopped.add_note(note)
        raise


def _keep_compiled_programs() -> None:
    from .._cache import enable_compilation_cache

    try:
        enable_compilation_cache()
    except InvalidInputError as error:
        errors.print(f"separatrix: no compilation cache: {error}")


def os_error(error: OSError) -> str:
    """Describe what the operating system has refused, and the remedy."""
    places = [
        os.fsdecode(f) for f in (error.filename, error.filename2) if isinstance(f, str | bytes)
    ]
    return f"cannot read or write {' or '.join(places)}".rstrip() + f": {reason(error)}"
