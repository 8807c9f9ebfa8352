"""Finding the stable points that get but a thin share of what leaves a saddle.

Two departures from one saddle that end at different stable points have a boundary between them.
What starts on it is carried to another saddle, in general to one with a single unstable direction,
whose two arms end where its two sides do. Where they do not, something lies between. So each
boundary is followed: states between the two departures are followed until the two sides are close;
both are carried on while they stay close; and so forth, until they pass such a saddle
(Skufca et al. 2006). As the two sides are found anew on the way, shares far below rounding at the
departure are found. Whether that was enough is a matter of topology (`closure.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
import scipy
from jaxtyping import Bool, Float, Int

from ..._parallel import chunks
from ..boundaries.settling import Follower
from .closure import close

_PARTS = 8  # of a bracket, in one halving
_HALVINGS = 8
_ROUNDS = 40  # of halving and going on
_WIDE = 1e-3  # of the distance to the nearest other point: up to here both sides go on together
_PASSES = 0.05  # of the same: so near to a saddle its boundary has been found
_MOST = 128  # brackets of one saddle
_LONGEST_PATH = 1024  # steps
_PATHS = 8  # pairs kept at once: memory
_CIRCLE = 32  # departures around a circle
_TILTS = (1e-3, -1e-3, 1e-8, -1e-8)  # off the plane of two modes, which may be invariant


@dataclass(frozen=True)
class Fan:
    """Departures from one saddle: its row, and unit vectors on an ellipsoid around it.

    `axes` spans the unstable subspace; the columns are as long as the ellipsoid is wide.
    """

    row: int
    center: Float[np.ndarray, " unit"]
    axes: Float[np.ndarray, "unit mode"]
    vectors: Float[np.ndarray, "departure mode"]

    @property
    def states(self) -> Float[np.ndarray, "departure unit"]:
        """Starts of the departures."""
        return self.center + self.vectors @ self.axes.T

    @property
    def order(self) -> int:
        """How many unstable directions the saddle has."""
        return self.axes.shape[1]

    def around(self) -> list["Fan"]:
        """Return departures around circles near the planes of each two modes.

        Slow modes have thin shares: none of some hundred random directions is close to one.
        """
        angles = 2 * np.pi * (np.arange(_CIRCLE) + 0.37) / _CIRCLE
        circles = []
        for pair, tilt in product(combinations(range(self.order), 2), _TILTS):
            vectors = np.full((_CIRCLE, self.order), tilt)
            vectors[:, pair] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
            circles.append(Fan(self.row, self.center, self.axes, vectors))
        return circles


@dataclass
class Brackets:
    """Pairs of states on what leaves one saddle, with different ends; all are rows of points."""

    origin: Int[np.ndarray, " pair"]
    states: Float[np.ndarray, "pair side unit"]
    ends: Int[np.ndarray, "pair side"]

    def __getitem__(self, which: np.ndarray | slice) -> "Brackets":
        return Brackets(self.origin[which], self.states[which], self.ends[which])

    def __len__(self) -> int:
        return len(self.origin)


def _neighbors(fan: Fan, ends: np.ndarray, pairs: np.ndarray) -> Brackets:
    """Return those pairs of departures that settle at different stable points."""
    pairs = pairs[ends[pairs[:, 0]] != ends[pairs[:, 1]]]
    return Brackets(np.full(len(pairs), fan.row), fan.states[pairs], ends[pairs])


def _on_circle(ends: np.ndarray, order: np.ndarray) -> np.ndarray:
    settled = order[ends[order] >= 0]
    return np.stack([settled, np.roll(settled, -1)], axis=1)


def _on_sphere(ends: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return, for every two ends, the departures to them that are nearest to each other."""
    apart, pairs = scipy.spatial.distance.cdist(vectors, vectors), [np.zeros((0, 2), int)]
    for one, other in combinations(np.unique(ends[ends >= 0]), 2):
        here, there = np.flatnonzero(ends == one), np.flatnonzero(ends == other)
        i, j = divmod(int(apart[np.ix_(here, there)].argmin()), len(there))
        pairs.append(np.array([[here[i], there[j]]]))
    return np.concatenate(pairs)


def _joined(brackets: Sequence[Brackets]) -> Brackets:
    names = ("origin", "states", "ends")
    return Brackets(*(np.concatenate([getattr(b, name) for b in brackets]) for name in names))


def decide(
    follower: Follower,
    fans: Sequence[Fan],
    ends: Sequence[Int[np.ndarray, "_"]],
    linked: Bool[np.ndarray, "point end"],
) -> dict[int, str]:
    """Add to `linked` what lies between departures, and say where more may be linked, and why.

    `linked` has a row and a column for each point.
    """
    landscape = follower.landscape
    shares = _Shares(follower, linked, np.zeros_like(linked))
    for place in np.flatnonzero((landscape.n_unstable < 0) | (landscape.stability == "marginal")):
        kind = landscape.stability[place]
        shares.doubts[int(place)] = f"it is {kind}: linearization cannot tell what leaves it"
    for fan, there in zip(fans, ends, strict=True):
        shares.note(fan.row, there)
    flat = [
        _neighbors(fan, there, _on_circle(there, np.argsort(np.arctan2(*fan.vectors.T))))
        for fan, there in zip(fans, ends, strict=True)
        if fan.order == 2
    ]
    if flat:
        shares.follow(_joined(flat))
    for order in sorted({fan.order for fan in fans if fan.order > 2}):
        some = [(fan, there) for fan, there in zip(fans, ends, strict=True) if fan.order == order]
        shares.follow_around([(fan, there) for fan, there in some if not shares.known(fan.row)])
        for row in (fan.row for fan, _ in some):
            if not shares.known(row):
                shares.doubts.setdefault(row, _OPEN.format(order - 1))
    return shares.doubts


_OPEN = (
    "the saddles with {} unstable directions that lead to no other stable points do not enclose "
    "what leaves it, so some of it may be missing"
)
_NO_SADDLE = (
    "what lies between its ways to points {} and {} leads to no saddle that links these two: "
    "search for more fixed points"
)


@dataclass
class _Shares:
    """Links that are known so far.

    `crossed` has the saddles whose boundaries lie between those of a point an odd number of times.
    """

    follower: Follower
    linked: Bool[np.ndarray, "point end"]
    crossed: Bool[np.ndarray, "point part"]
    doubts: dict[int, str] = field(default_factory=dict)

    def note(self, row: int, ends: np.ndarray) -> None:
        """Note where departures from a point have ended; without stable points none is missed."""
        self.linked[row, ends[ends >= 0]] = True
        if (lost := int((ends < 0).sum())) and self.follower.landscape.attractors.any():
            doubt = f"{lost} of {len(ends)} departures from it do not settle at a stable point"
            self.doubts.setdefault(row, doubt)

    def known(self, row: int) -> bool:
        """Whether all links are known of a saddle with more than two unstable directions."""
        everything = self.linked[row, self.follower.landscape.attractors].all()
        return close(row, self.follower.landscape.n_unstable, self.linked, self.crossed) or bool(
            everything
        )

    def follow_around(self, fans: Sequence[tuple[Fan, np.ndarray]]) -> None:
        """Follow more departures from saddles, and all boundaries between neighbors."""
        brackets = []
        for fan, ends in fans:
            brackets.append(_neighbors(fan, ends, _on_sphere(ends, fan.vectors)))
            circles = fan.around()
            starts = np.concatenate([circle.states for circle in circles])
            there = self.follower.follow(starts, quickly=True).reached.reshape(len(circles), -1)
            self.note(fan.row, there.ravel())
            order = np.arange(_CIRCLE)
            for circle, reached in zip(circles, there, strict=True):
                brackets.append(_neighbors(circle, reached, _on_circle(reached, order)))
        if brackets:
            self.follow(_joined(brackets))

    def follow(self, brackets: Brackets) -> None:
        """Follow boundaries to the saddles that they lead to."""
        landscape = self.follower.landscape
        for _ in range(_ROUNDS):
            for _ in range(_HALVINGS):
                brackets = self._halved(brackets)
            brackets = self._carried(brackets)
            done = [
                row
                for row in np.unique(brackets.origin)
                if landscape.n_unstable[row] > 2 and self.known(int(row))
            ]
            brackets = brackets[~np.isin(brackets.origin, done)]
            if not len(brackets):
                return
        for origin, sides in zip(brackets.origin, brackets.ends, strict=True):
            doubt = _NO_SADDLE.format(*landscape.label[sides])
            self.doubts.setdefault(int(origin), doubt)

    def _halved(self, brackets: Brackets) -> Brackets:
        """Follow states between the sides, and return all neighbors among them with other ends."""
        if not len(brackets):
            return brackets
        # not at the middle: there lies a symmetric saddle itself
        share = ((np.arange(1, _PARTS) + 0.137) / _PARTS)[:, None]
        a, b = brackets.states[:, :1], brackets.states[:, 1:]
        states = np.concatenate([a, a + share * (b - a), b], axis=1)
        between = states[:, 1:-1].reshape(-1, states.shape[2])
        reached = self.follower.follow(between, quickly=True).reached.reshape(len(a), -1)
        ends = np.concatenate([brackets.ends[:, :1], reached, brackets.ends[:, 1:]], axis=1)
        kept = []
        for k, origin in enumerate(brackets.origin):
            self.note(int(origin), ends[k])
            settled = np.flatnonzero(ends[k] >= 0)
            changes = np.flatnonzero(np.diff(ends[k, settled]))
            kept += [(k, settled[[c, c + 1]]) for c in changes]
        pair = np.array([k for k, _ in kept])
        sides = np.array([both for _, both in kept])
        new = Brackets(
            brackets.origin[pair], states[pair[:, None], sides], ends[pair[:, None], sides]
        )
        return self._not_too_many(new)

    def _not_too_many(self, brackets: Brackets) -> Brackets:
        """Keep some of each saddle's; one with more than two directions is judged by its links."""
        keep = np.ones(len(brackets), bool)
        for origin in np.unique(brackets.origin):
            of = np.flatnonzero(brackets.origin == origin)
            if len(of) <= _MOST:
                continue
            keep[of] = False
            keep[of[np.linspace(0, len(of) - 1, _MOST).astype(int)]] = True
            if self.follower.landscape.n_unstable[origin] == 2:
                doubt = f"more than {_MOST} boundaries divide what leaves it"
                self.doubts.setdefault(int(origin), doubt)
        return brackets[keep]

    def _carried(self, brackets: Brackets) -> Brackets:
        """Carry both sides on while they are close; leave out those that pass a saddle between."""
        if not len(brackets):
            return brackets
        follower, landscape = self.follower, self.follower.landscape
        both = brackets.states.reshape(-1, brackets.states.shape[2])
        steps = min(follower.steps(both), _LONGEST_PATH)
        states, found = brackets.states.copy(), np.zeros(len(brackets), bool)
        for part in chunks(len(brackets), _PATHS):
            some = brackets[part]
            path = follower.path(some.states.reshape(-1, both.shape[1]), steps)
            path = path.reshape(len(path), len(some), 2, -1)
            gap = np.linalg.norm(path[:, :, 0] - path[:, :, 1], axis=2)
            wide = ~(gap <= _WIDE * landscape.separation[some.origin])
            last = np.maximum(np.where(wide.any(0), wide.argmax(0), len(path)) - 1, 0)
            states[part] = path[last, np.arange(len(some))]
            for gate in np.flatnonzero(landscape.gates):
                between = self.linked[gate, some.ends].all(1) & (self.linked[gate].sum() == 2)
                away = np.linalg.norm(path - landscape.states[gate], axis=3).max(2)
                near = (
                    np.nanmin(away, axis=0, initial=np.inf) <= _PASSES * landscape.separation[gate]
                )
                new = between & near & ~found[part]
                np.logical_xor.at(self.crossed[:, gate], some.origin[new], True)
                found[part] |= new
        return Brackets(brackets.origin, states, brackets.ends)[~found]
