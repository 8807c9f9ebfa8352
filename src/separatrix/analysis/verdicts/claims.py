"""The claims that a verdict consists of; what their words mean is in docs/reference/verdict.md."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


class Known(StrEnum):
    """How a claim is known."""

    PROVED = "proved"
    SOLVED = "solved"
    WATCHED = "watched"


class Kind(StrEnum):
    """Subject of a claim."""

    END = "end"
    HELD = "held"
    DRIFT = "drift"
    MOVED = "moved"
    ORDER = "order"
    SPREAD = "spread"
    KEPT = "kept"
    SPREAD_TIME = "spread time"
    DECODED = "decoded"
    PASSES = "passes"
    NO_FIXED_POINT = "no fixed point"


class Held(StrEnum):
    """Kind of what holds states, in the order in which it is tested."""

    UNKNOWN = "unknown"
    CYCLE = "cycle"
    POINT = "point"
    POINTS = "points"
    LINE = "line"
    RING = "ring"
    SURFACE = "surface"
    STILL = "still"
    GHOST = "ghost"
    RECURRENT = "recurrent"
    DIVERGING = "diverging"
    SLOW_PATH = "slow path"
    MIXTURE = "mixture"
    UNSTABLE = "unstable point"
    MOVING = "moving"


@dataclass(frozen=True)
class Claim:
    """One thing that a verdict says.

    Attributes
    ----------
    kind
        "end", "held", "drift", "moved", "order", "spread", "kept", "spread time", "decoded",
        "passes" or "no fixed point".
    numbers
        What the claim states: a dictionary from names to numbers or words.
    tolerance
        The tolerance within which the numbers hold. It is relative to the numbers themselves, or to
        a scale that the page docs/reference/verdict.md names.
    known
        "proved", "solved" or "watched".
    """

    kind: str
    numbers: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 0.0
    known: str = Known.WATCHED


@runtime_checkable
class Judged(Protocol):
    """The part of a `Verdict` that sentences are made from."""

    held: str
    duration: float
    axis_name: str
    input: str
    since: str
    system: str
    changes: str
    defects: str

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims."""

    @property
    def time_units(self) -> str:
        """The unit of times."""

    def claim(self, kind: str) -> Claim | None:
        """Return the first claim of a kind."""

    def is_held_by(self, claimed: str) -> str:
        """Return whether a word is true."""


def numbers_of(claims: Iterable[Claim], kind: Kind) -> list[dict[str, Any]]:
    """Return the numbers of the claims of a kind."""
    return [claim.numbers for claim in claims if claim.kind == kind]


def to_json(claims: Iterable[Claim]) -> str:
    """Write claims as text, for a file."""
    rows = [[c.kind, c.numbers, c.tolerance, c.known] for c in claims]
    return json.dumps(rows, default=lambda of_numpy: of_numpy.tolist())


def from_json(text: str) -> tuple[Claim, ...]:
    """Read claims from text."""
    return tuple(Claim(*row) for row in json.loads(text or "[]"))
