"""The topology of fixed points: the stable ones by name, and which of them each saddle links."""

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import NoReturn

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ..._records import Record, array, setting
from ..._types import Array, InvalidInputError, counted
from .isomorphism import isomorphic

ANY = "*"
"""Stands in the name of a saddle for a sign that differs between the stable points it links."""

SHAPES = {1: "segment", 2: "square", 3: "cube"}
"""The cube of so many bits, in words; of more it is a hypercube."""


@dataclass(frozen=True)
class Undecided:
    """An answer that is neither yes nor no, with the reason.

    This answer has no truth value: `if answer:` raises InvalidInputError.

    Examples
    --------
    >>> import separatrix as sx
    >>> answer = sx.records.Undecided("departures from point 3 do not settle")
    >>> answer is True, answer is False
    (False, False)
    """

    reason: str

    def __bool__(self) -> NoReturn:
        raise InvalidInputError(
            f"expected yes or no, but this is not decided: {self.reason}. Ask first: "
            "isinstance(answer, sx.records.Undecided); answer.reason says why."
        )


class FixedPointTopology(Record):
    """Fixed points, and where each path from an unstable point ends.

    The name of a stable point consists of the signs of its outputs, such as "+-+", with 0 for an
    output that is zero to rounding. If no outputs were given, the name is the index of the point.
    The name of a saddle is the pattern of the stable points that it links: "+*+" links "+++" and
    "+-+". If the saddle does not link all stable points that the pattern stands for, its name is
    the list of those that it links, such as "{++ +- --}", or "none".

    Two topologies are the same if their points can be matched one to one, such that matched points
    have the same number of unstable directions and lead to matched stable points. If stable points
    are named by the signs + and − in both topologies, matched stable points must also have the same
    signs. It does not matter where the points lie in state space, how many units the networks have,
    or what their architectures are. A topology describes only the points that were given: whether
    the system has other fixed points is for `find_fixed_points` to say.
    """

    names: Shaped[np.ndarray, " point"] = array(
        "name of the point: the signs of a stable point's outputs; for another point, the "
        "pattern of the stable points to which it leads"
    )
    n_unstable: Int[Array, " point"] = array(
        "number of unstable directions; −1 if it is unknown or if rounding errors may change it"
    )
    stability: Shaped[np.ndarray, " point"] = array("stability of the points")
    places: Int[Array, " point"] = array("indices of the fixed points among the given points")
    states: Float[Array, "point unit"] = array("the fixed points")
    attractors: Int[Array, " attractor"] = array(
        "indices of the stable points among the given points"
    )
    reach: Float[Array, "point attractor"] = array(
        "fraction of the departures (states near the point that were followed) that end at the "
        "attractor"
    )
    departures: Int[Array, " point"] = array(
        "number of departures: states near the point that were followed to see where they end"
    )
    seed: int = setting("seed of the generator that draws the random departures")
    linked: Bool[Array, "point attractor"] | None = array(
        "whether any path from the point is known to lead to the attractor, even if no "
        "departure ends there",
        default=None,
    )
    doubts: Shaped[np.ndarray, " point"] | None = array(
        "why the point may lead to more attractors than is known; empty if all of them are known",
        default=None,
    )
    most_steps: int = setting(
        "largest number of steps for which a departure was followed; 0 if unknown", default=0
    )

    @property
    def links(self) -> Bool[np.ndarray, "point attractor"]:
        """Whether paths from each point (row) end at each stable point (column).

        A stable point counts as leading to itself.
        """
        return np.asarray(self.reach) > 0 if self.linked is None else np.asarray(self.linked)

    @property
    def attractor_rows(self) -> Int[np.ndarray, " attractor"]:
        """For each stable point, its row in this record; −1 if a selection left this point out."""
        rows = {int(place): row for row, place in enumerate(np.asarray(self.places))}
        return np.array([rows.get(int(place), -1) for place in np.asarray(self.attractors)], int)

    @property
    def unsettled(self) -> Float[np.ndarray, " point"]:
        """For each point, the fraction of the paths followed from it that reached no stable point.

        The paths begin at states close to an unstable point, its departures. The fraction is 0 for
        a point from which no path was followed, such as a stable point.
        """
        departures = np.asarray(self.departures, float)
        arrived = np.round(np.asarray(self.reach, float) * departures[:, None]).sum(1)
        return (departures - arrived) / np.maximum(departures, 1)

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers of points with 0, 1, 2 … unstable directions."""
        return tuple(np.bincount(np.asarray(self.n_unstable)[self.n_unstable >= 0]).tolist())

    @property
    def euler_characteristic(self) -> int | None:
        r"""The sum of $(-1)^k$ over all points, with k the point's number of unstable directions.

        Suppose that states in some box never leave this box. Then the sum over all fixed points in
        the box is 1, and any other value shows that points are missing. For a map, this rule needs
        one more condition: no eigenvalue at any of the points is below −1. The value is None if the
        number of unstable directions of some point is not known.
        """
        if (np.asarray(self.n_unstable) < 0).any():
            return None
        return sum((-1) ** k * count for k, count in enumerate(self.counts))

    @property
    def cells(self) -> Counter[tuple[int, str]]:
        """The number of points for each pair (number of unstable directions, name)."""
        numbers = np.asarray(self.n_unstable).tolist()
        return Counter(zip(numbers, np.asarray(self.names).tolist(), strict=True))

    @property
    def _signs(self) -> list[str] | None:
        """The signs of each stable point; None where they are named by their places."""
        names = [str(self.names[row]) if row >= 0 else "cut" for row in self.attractor_rows]
        return names if set("".join(names)) <= set("+-") else None

    @property
    def undecided(self) -> str:
        """Why some point may have links that are not known; empty if all links are known.

        The text names the first such point with its reason, and counts the others.
        """
        reasons = np.asarray(self._reasons)
        if not len(rows := np.flatnonzero(reasons != "")):
            return ""
        more = f", and so of {len(rows) - 1} more" if len(rows) > 1 else ""
        return f"of point {self.places[rows[0]]}, {reasons[rows[0]]}{more}"

    @property
    def _reasons(self) -> Shaped[np.ndarray, " point"]:
        if self.doubts is not None:
            return np.asarray(self.doubts)
        earlier = "thin shares were not looked for, in an earlier version: work it out again"
        return np.where(np.asarray(self.n_unstable) > 1, earlier, "")

    @property
    def is_cube(self) -> bool | Undecided:
        """Whether the points form a cube, so that each of the n outputs stores a bit.

        The cube has $3^n$ points. Its $2^n$ vertices are the stable points. Every other point
        stands for an edge (k = 1), a face (k = 2), or a cell of higher dimension k, up to the whole
        cube (k = n). It has k unstable directions, and links the $2^k$ vertices of this edge, face
        or cell. The answer is True, False, or `Undecided` with the reason.
        """
        bits = self.bits
        if len(self) != 3**bits:  # of many outputs the cube has too many cells to list
            return Undecided(self.undecided) if -1 in self._unsure else False
        cube = Counter(
            (pattern.count(ANY), pattern) for pattern in map("".join, product("+-*", repeat=bits))
        )
        return _equal(self.cells, cube, self._unsure, self.undecided)

    @property
    def bits(self) -> int:
        """The number of outputs, if their signs (+ or −) name all stable points; 0 otherwise."""
        stable = np.asarray(self.names)[np.asarray(self.stability) == "stable"].tolist()
        return len(stable[0]) if stable and set("".join(stable)) <= set("+-") else 0

    @property
    def shape(self) -> str:
        """The name of a cube of `bits` dimensions: "segment", "square", "cube" or "hypercube".

        The property `is_cube` says whether the points form this shape. If `bits` is 0, the name is
        "cube".
        """
        return SHAPES.get(self.bits, "hypercube" if self.bits else "cube")

    def same_as(self, other: "FixedPointTopology") -> bool | Undecided:
        """Return whether two systems have the same topology of fixed points.

        The answer is True, False, or `Undecided` with the reason. It is `Undecided` if some point
        may have more links than are known, unless what is known already shows a difference.
        """
        reasons = {"the first": self.undecided, "the second": other.undecided}
        unknown = "; ".join(f"in {whose}, {why}" for whose, why in reasons.items() if why)
        signs = self._signs, other._signs
        if signs[0] is None or signs[1] is None:
            cells, signs = (_unnamed(self), _unnamed(other)), (None, None)
        else:
            cells = self.cells, other.cells
        answer = _equal(*cells, self._unsure | other._unsure, unknown)
        if answer is not True:
            return answer
        kinds = [np.asarray(topology.n_unstable).tolist() for topology in (self, other)]
        return isomorphic((self.links, kinds[0], signs[0]), (other.links, kinds[1], signs[1]))

    @property
    def _unsure(self) -> set[int]:
        """Of which numbers of unstable directions some point may link more than is known."""
        return set(np.asarray(self.n_unstable)[np.asarray(self._reasons) != ""].tolist())

    def difference(self, other: "FixedPointTopology") -> str:
        """Return, as text, the points that only one of two topologies has; empty if there are none.

        Points count as the same if they have the same number of unstable directions and the same
        name (`cells`).
        """
        parts = [
            f"{whose}: {', '.join(_cell_text(cell, count) for cell, count in sorted(more.items()))}"
            for whose, more in (
                ("only the first has", self.cells - other.cells),
                ("only the second has", other.cells - self.cells),
            )
            if more
        ]
        return "; ".join(parts)

    def table(self) -> str:
        """Return the topology as text, a line for each number of unstable directions."""
        lines = [f"{'unstable':>8} {'points':>7}  names"]
        for k, count in enumerate(self.counts):
            names = sorted(np.asarray(self.names)[np.asarray(self.n_unstable) == k].tolist())
            lines.append(f"{k:8} {count:7}  {' '.join(names)}")
        if (unknown := np.asarray(self.n_unstable) < 0).any():
            names = sorted(np.asarray(self.names)[unknown].tolist())
            lines.append(f"{'unknown':>8} {len(names):7}  {' '.join(names)}")
        if self.undecided:
            lines.append(f"not decided: {self.undecided}")
        return "\n".join(lines)

    def summary(self) -> str:
        counts = " + ".join(map(str, self.counts))
        answer = self.is_cube
        cube = f": the {self.shape} of {counted(self.bits, 'bit')}" if answer is True else ""
        cube = f"; a {self.shape} or not: undecided" if isinstance(answer, Undecided) else cube
        lost = int((self.unsettled > 0).sum())
        text = f"FixedPointTopology of {len(self)} fixed points, {counts}{cube}"
        if not len(self.attractors):
            return f"{text}; no point is known to be stable, so no departure was followed"
        within = f" within {self.most_steps} steps" if self.most_steps else ""
        return text + (
            f"; from {lost} of them some departures do not settle{within}" if lost else ""
        )


def _unnamed(topology: FixedPointTopology) -> Counter[tuple[int, str]]:
    """Count points by unstable directions and number of links, where places are no names."""
    numbers = np.asarray(topology.n_unstable).tolist()
    return Counter(zip(numbers, map(str, topology.links.sum(1).tolist()), strict=True))


def _equal(
    one: Counter[tuple[int, str]], other: Counter[tuple[int, str]], unsure: set[int], reason: str
) -> bool | Undecided:
    """Compare cells; of numbers of unstable directions that are unsure, their count alone."""
    for number in {number for number, _ in one | other}:
        mine, others = (
            Counter({name: n for (k, name), n in these.items() if k == number})
            for these in (one, other)
        )
        differ = mine.total() != others.total() if number in unsure else mine != others
        if differ and -1 not in unsure:
            return False
    return Undecided(reason) if unsure else True


def _cell_text(cell: tuple[int, str], count: int) -> str:
    number, name = cell
    many = f"{count} × " if count > 1 else ""
    return f"{many}{name} with {'an unknown number' if number < 0 else number} unstable"
