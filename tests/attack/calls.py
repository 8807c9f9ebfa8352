"""Wrong calls: every public function and class, with an odd value for one of its arguments.

    python tests/attack/calls.py --seed 0 --rounds 1 [--only find_fixed_points]

The example in a docstring gives a call that is right. A round repeats it five times, each time with
another argument replaced by an odd value. The call may work, or be refused by an error of this
package. Exit code 1 where anything else is raised.
"""

import argparse
import contextlib
import datetime
import doctest
import signal
import sys
import tempfile
import types
import warnings
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import jax
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

import separatrix as sx

SECONDS, CALLS = 10, 5
ODD = (
    None, True, 0, -1, 3, 2.5, 10**15, -(10**15), float("nan"), float("inf"), -0.0, 1e300, 1j, "",
    "abc", "a\0b", "x" * 5000, b"x", (), [], {}, [[1.0, 2.0], [3.0]], [None], {"a": 1}, {1, 2},
    object(), len, lambda *a: None, int, range(3), slice(2), ..., np.zeros(0), np.zeros((0, 3)),
    np.float64("nan"), np.array("abc"), np.array([None]), np.zeros((2, 2, 2, 2)), np.eye(3) * 1j,
    np.full((2, 2), np.nan), np.zeros((2, 2), "datetime64[s]"), np.array(["a", "b"]), np.True_,
    np.ma.masked_array([1.0, 2.0], [True, False]), np.iinfo(np.int64).max, datetime.date.min,
    jax.random.key(1), jax.numpy.zeros(3), jax.ShapeDtypeStruct((2,), np.float32), sx, sx.Record
    if hasattr(sx, "Record") else sx.records,
)  # fmt: skip


def public():
    """Yield the module, the name and the function or class of all that users call."""
    seen = set()
    modules = [sx, *(m for n in dir(sx) if isinstance(m := getattr(sx, n), types.ModuleType))]
    for module in modules:
        for name in dir(module):
            found = getattr(module, name)
            if name.startswith("_") or not callable(found) or id(found) in seen:
                continue
            is_error = isinstance(found, type) and issubclass(found, BaseException)
            if ">>> " in (found.__doc__ or "") and not is_error:
                seen.add(id(found))
                yield module, name, found


def call_of(module, name, found):
    """Return the arguments with which the example of a docstring calls it first; None: never."""
    calls = []

    def noted(*args, **kwargs):
        calls.append((args, kwargs))
        return found(*args, **kwargs)

    setattr(module, name, noted)
    try:
        test = doctest.DocTestParser().get_doctest(found.__doc__, {"sx": sx}, name, "", 0)
        for example in test.examples:
            if calls:
                break
            exec(compile(example.source, name, "single"), test.globs)
    except (AttributeError, ImportError, sx.InvalidInputError):  # called otherwise; a library lacks
        pass
    finally:
        setattr(module, name, found)
    return calls[0] if calls else None


def replaced(rng, args, kwargs):
    """Return the arguments of a call, one of them odd, and what was put where."""
    places = [*range(len(args)), *kwargs]
    if not places:
        return None
    place, odd = places[rng.integers(len(places))], ODD[rng.integers(len(ODD))]
    there = args[place] if isinstance(place, int) else kwargs[place]
    if callable(odd) and (place == "progress" or callable(there)):
        return None  # it is called, and may raise what it likes
    args, kwargs = list(args), dict(kwargs)
    (args if isinstance(place, int) else kwargs)[place] = odd
    return args, kwargs, f"{place}={odd!r:.40}"


def outcome(found, args, kwargs):
    signal.alarm(SECONDS)
    try:
        found(*args, **kwargs)
    except sx.SeparatrixError as error:
        return "clear" if len(str(error)) < 1000 else f"long error ({len(str(error))} letters)"
    except TimeoutError:
        return "at work"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:80]}".replace("\n", " ")
    finally:
        signal.alarm(0)
        plt.close("all")
    return "works"


def late(*_):
    raise TimeoutError


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    mpl.use("Agg")

    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, late)
    counts, raw, tried = Counter(), [], 0
    for number, (module, name, found) in enumerate(public()):
        if asked.only not in name:
            continue
        rng = np.random.default_rng([asked.seed, number])
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            call = call_of(module, name, found)
        tried += call is not None
        for _ in range(asked.rounds * CALLS if call else 0):
            if (changed := replaced(rng, *call)) is None:
                continue
            args, kwargs, what = changed
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                came = outcome(found, args, kwargs)
            counts[came if came in ("works", "clear", "at work") else "raw"] += 1
            if came not in ("works", "clear", "at work"):
                raw.append(f"{name}({what}): {came}")
    print(f"{tried} functions and classes; {dict(counts)}")
    print("\n".join(raw))
    return int(bool(raw))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):  # odd names of files
        sys.exit(main())
