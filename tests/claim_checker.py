"""What `tools/check_verdict.py` says of a verdict's claims, from the system and states alone."""

import contextlib
import functools
import importlib.util
import signal
from pathlib import Path

import equinox as eqx
import jax
import numpy as np

TOOL = Path(__file__).parents[1] / "tools" / "check_verdict.py"


@functools.cache
def checker():
    """Return the module of the tool."""
    spec = importlib.util.spec_from_file_location("check_verdict", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@eqx.filter_jit
def _evaluated(system, states):
    return jax.vmap(system.evaluate)(states)


def function_of(system):
    """Return the step or the field of many states in NumPy; few shapes are compiled."""

    def function(states):
        given = np.asarray(states, float)
        rows = 1 if len(given) == 1 else max(64, 1 << (len(given) - 1).bit_length())
        padded = np.zeros((rows, given.shape[1]))
        padded[: len(given)] = given
        with jax.enable_x64(True):
            return np.array(_evaluated(system, padded))[: len(given)]

    return function


class OutOfTimeError(Exception):
    """The checker has taken as long as it may."""


@contextlib.contextmanager
def limited(seconds):
    """Raise in what takes longer, again and again: libraries may lose an exception."""

    def stop(*_):
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_within(seconds, found, system, function=None):
    """Return the same as `check`, or "out of time" for each claim."""
    try:
        with limited(seconds):
            return check(found, system, function)
    except OutOfTimeError:
        return [(claim, "out of time", "") for claim in found.claims]


def check(found, system, function=None):
    """Return (claim, answer, reason) for each claim of a verdict on a system."""
    claims = [
        {"kind": c.kind, "numbers": c.numbers, "tolerance": c.tolerance, "known": c.known}
        for c in found.claims
    ]
    axis = np.asarray(found.axis)
    told = checker().check(
        system.kind,
        function_of(system) if function is None else function,
        np.asarray(found.states),
        found.duration if np.isfinite(found.duration) else None,
        claims,
        axis=axis if np.isfinite(axis).all() else None,
        time_unit=system.time_unit,
    )
    return [(claim, *answer) for claim, answer in zip(found.claims, told, strict=True)]


def refuted(found, system):
    """Return the claims that are false, or miss what is to be seen, with the reason."""
    return [row for row in check(found, system) if row[1] in ("false", "missed")]
