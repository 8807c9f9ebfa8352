"""The peer's side of the benchmark: one piece of work for every line that comes in."""

import contextlib
import io
import json
import sys
from collections.abc import Callable


def take_turns(work: Callable[[], dict[str, float]]) -> None:
    """Do the work once for each line of standard input and print what it returns as JSON."""
    for _ in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            result = work()
        print(json.dumps(result), flush=True)
