"""Inputs to freeze: channels by their names, their means over trials, and an input in words."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from .._types import InvalidInputError, nearest, real_array

LISTED = 4
"""Of more channels of one kind that differ, the range is said."""


def mean_over(each: Float[np.ndarray, "trial channel"]) -> Float[np.ndarray, " channel"]:
    """Return the mean of each channel over trials.

    Channels whose means are alike within four standard errors have their common one, so that the
    evidence for either side cancels; each is rounded to the digits that so many trials tell.
    """
    result = np.zeros(each.shape[1])
    for alike in _alike(each):
        together = each[:, alike].mean(1)
        error = max(2 * float(_standard_error(together)), 1e-6)
        result[alike] = _shortest(float(together.mean()), error)
    return result


def place(channels: tuple[str, ...], name: str) -> int:
    """Return which channel has a name, as it is or with "_" for what is no letter or digit."""
    if name in channels:
        return channels.index(name)
    written = [re.sub(r"\W+", "_", channel) for channel in channels]
    if name not in written:
        raise InvalidInputError(f"no channel {name!r}: {nearest(name, channels)}")
    return written.index(name)


def _alike(each: Float[np.ndarray, "trial channel"]) -> Iterator[list[int]]:
    """Yield the groups of channels whose means over the trials may be one and the same."""
    means, errors = each.mean(0), _standard_error(each)
    group: list[int] = []
    for channel in map(int, np.argsort(means, kind="stable")):
        width = 4 * max(errors[[*group, channel]]) + 1e-6
        if group and means[channel] - means[group].mean() > width:
            yield group
            group = []
        group.append(channel)
    yield group


def _standard_error(each: np.ndarray) -> Any:
    return each.std(0) / np.sqrt(len(each))


def _shortest(value: float, error: float) -> float:
    """Return the number with the fewest decimals that is this near."""
    rounded = (round(value, digits) for digits in range(16))
    return next((r for r in rounded if abs(r - value) <= error), value) + 0.0  # no -0.0


def describe_input(channels: tuple[str, ...], values: Any) -> str:
    """Describe an input by the names of its channels: "fixation 1, both stimuli 0.5"."""
    given = real_array(values, "the input")
    if given.shape != (len(channels),):
        raise InvalidInputError(
            f"the input must have shape ({len(channels)},), one value for each channel, got "
            f"{given.shape}."
        )
    if not given.any():
        return "all inputs 0"
    groups = list(_groups(channels, given))
    silent = [words for words, is_zero in groups if is_zero]
    said = [words for words, is_zero in groups if len(silent) <= 2 or not is_zero]
    if len(silent) > 2:
        said.append("all else 0")
    return ("; " if any("," in words for words in said) else ", ").join(said)


def _groups(channels: tuple[str, ...], values: np.ndarray) -> Iterator[tuple[str, bool]]:
    """Yield what is said of channels that differ in their number alone, and whether they are 0."""
    start = 0
    for stem, group in itertools.groupby(channels, lambda name: re.sub(r" \d+$", "", name)):
        names = list(group)
        here = values[start : start + len(names)]
        start += len(names)
        label, comma, noun = stem.rpartition(", ")
        nouns = _plural(noun)
        if len(names) > 1 and (here == here[0]).all():
            many = "both" if len(names) == 2 else f"all {len(names)}"
            yield f"{label}{comma}{many} {nouns} {here[0]:.4g}", not here[0]
            continue
        if len(names) > LISTED and np.count_nonzero(here) > LISTED:
            what = f"{label}{comma}{len(names)} {nouns}"
            yield f"{what} between {here.min():.4g} and {here.max():.4g}", False
            continue
        for name, value in zip(names, here, strict=True):
            equals = " = " if name[-1].isdigit() else " "
            yield f"{name}{equals}{value:.4g}", not value


def _plural(noun: str) -> str:
    if noun.endswith("us"):
        return f"{noun[:-2]}i"
    if noun.endswith("s"):
        return noun
    return f"{noun}es" if noun.endswith("sh") else f"{noun}s"
