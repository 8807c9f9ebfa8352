"""The second process of a run: draws what is known while the first one goes on analysing.

`cli.drawing` starts it, and asks it once.
"""

import pickle
import sys

from .sections import write_figures


def main() -> None:
    """Read one request, draw, and write the names of the figures that are complete."""
    try:
        run, directory = pickle.load(sys.stdin.buffer)
    except EOFError:  # nothing was asked
        return
    paths = write_figures(run, directory)
    sys.stdout.write("\n".join(sorted({path.stem for path in paths})))
