"""The graph of fixed points: from each saddle to where the arms of its unstable manifold end."""

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.linalg import qr

from ..._checked import Natural, checked
from ..._parallel import one_blas_thread
from ..._records import Record, array, setting
from ..._types import Array, counted
from ..._watch import Report, watching
from ...systems import AbstractSystem, System
from ..fixed_points.evaluator import Evaluator
from ..fixed_points.points import FixedPoints
from ..linearization import eigenmodes
from .landscape import Landscape, survey
from .paths import sampled_paths
from .settling import Follower

_DEPARTURE = 1e-4  # of the distance to the nearest other point: the arm is straight to 1e−8 of it


class FixedPointGraph(Record):
    """Fixed points, and where the arms of the unstable manifolds of the saddles end.

    A saddle with one unstable direction has two arms: arm +1 leaves along the right eigenvector of
    this direction, and arm −1 leaves against it. The sign of the eigenvector is chosen such that
    its entry of largest absolute value is positive. From a point with more unstable directions, a
    few paths (rays) are followed if `fixed_point_graph` was called with `rays` above 0. Each arm or
    ray is an edge of the graph. `source` and `target` are indices among the points that were given.

    `normals[k]` is the left eigenvector of the unstable direction of saddle `saddles[k]`, with
    length 1. It is normal to the stable manifold of the saddle, which is the local separatrix, and
    points to the side of arm +1.
    """

    source: Int[Array, " edge"] = array(
        "index, among the given points, of the fixed point that the arm or ray leaves"
    )
    arm: Int[Array, " edge"] = array(
        "for an arm, +1 along the right unstable eigenvector and −1 against it; for a ray from "
        "a point with several unstable directions, the number of its direction, counted from 1, "
        "with the sign"
    )
    target: Int[Array, " edge"] = array(
        "index, among the given points, of the attractor where the arm or ray ends; −1 if it "
        "ends at none, or was not followed to its end"
    )
    reasons: Shaped[np.ndarray, " edge"] = array("how the arm or ray ended")
    times: Float[Array, " edge"] = array(
        "time for which the arm or ray was followed: until it settled, or until it was given up",
        units="ms",
    )
    paths: Float[Array, "edge sample unit"] = array(
        "states along the arm or ray, in order, spaced by how far the state moves and not by "
        "time; if the path never settles, only its beginning is given, such as a few turns of a "
        "cycle"
    )
    saddles: Int[Array, " saddle"] = array(
        "indices, among the given points, of the saddles with one unstable direction"
    )
    normals: Float[Array, "saddle unit"] = array(
        "unit normal of the local separatrix at each of these saddles"
    )
    growth: Float[Array, " saddle"] = array(
        "unstable eigenvalue of each of these saddles: μ of a map, λ of a flow"
    )
    states: Float[Array, "point unit"] = array("the fixed points")
    places: Int[Array, " point"] = array("indices of the fixed points among the given points")
    stability: Shaped[np.ndarray, " point"] = array("stability of the fixed points")
    roles: Shaped[np.ndarray, " point"] = array(
        "role of the point, in words: an attractor, a saddle with the way in which its paths "
        "are followed, or a point with the reason why none are followed from it"
    )
    departure: float = setting(
        "distance from the fixed point at which its arms and rays begin, relative to the "
        "distance to the nearest other point"
    )
    step: float = setting(
        "duration of a step: dt of a map, or a tenth of the shortest time constant of a flow at "
        "the points",
        units="ms",
    )
    n_unstable: Int[Array, " point"] | None = array(
        "number of unstable directions; −1 if it is not known", default=None
    )
    system: str = setting('"map" or "flow"; empty if unknown', default="")
    time_unit: float = setting(
        "dt of a map, tau of a flow; NaN if unknown", units="ms", default=float("nan")
    )

    @property
    def most_steps(self) -> int:
        """The number of steps for which the longest path, an arm or a ray, was followed."""
        return round(float(np.max(self.times, initial=0.0)) / self.step)

    def summary(self) -> str:
        ends = int((np.asarray(self.target) >= 0).sum())
        saddles, points = len(self.saddles), len(self.states)
        rays = len(self) - 2 * saddles
        arms = f"{2 * saddles} arms of {saddles} saddle{'s' * (saddles != 1)}" if saddles else ""
        sampled = f"{rays} rays of points with several unstable directions" if rays else ""
        followed = " and ".join(part for part in (arms, sampled) if part)
        return f"FixedPointGraph of {points} fixed point{'s' * (points != 1)}: " + (
            f"{followed}, {ends} of {len(self)} end at a stable point within {self.most_steps} "
            "steps"
            if followed
            else "no paths to follow"
        )


@checked
def fixed_point_graph(
    system: System,
    points: FixedPoints | Float[Array, "point unit"],
    *,
    rays: Natural = 0,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> FixedPointGraph:
    r"""Follow both arms of the unstable manifold of every saddle that has one unstable direction.

    The arms begin at $x^* \pm \epsilon\, r$, where r is the right eigenvector of the unstable
    direction, and ε is 1e−4 of the distance to the nearest other point. The unstable manifold
    departs from the line along r only at second order. So the first states are off the manifold by
    about (1e−4)² = 1e−8 of this distance, and the motion brings them nearer to the manifold. If the
    unstable eigenvalue of a map is negative, the two arms are swapped at every step.

    From a point with several unstable directions, paths leave on a surface or a larger manifold,
    not on two arms. If `rays` is above 0, a few of these paths are followed, from
    $x^* \pm \epsilon\, b_j$. The vectors $b_j$ are an orthonormal basis of the unstable subspace,
    or the first `rays` of them. These paths show attractors to which the point leads, but perhaps
    not all of them.

    Parameters
    ----------
    system
        A map, or a flow (integrated as in `verdict`).
    points
        What `find_fixed_points` returned, or fixed points `(point, unit)`.
    rays
        The maximum number of directions to follow from each point with several unstable directions.
        With 0, nothing is followed from these points.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. After a stop, paths
        that were not followed to their ends have target −1.

    Returns
    -------
    FixedPointGraph
        Two edges for each saddle with one unstable direction, then two for each direction that was
        followed from the points with several. The paths of a map are followed for at most 20,000
        steps, or 50,000 if they come to a stable point very slowly; those of a flow for at most
        50,000 steps of the integrator. If a path does not end at an attractor within these steps,
        its target is −1, and `reasons` says why.

    Raises
    ------
    InvalidInputError
        If none of the points is a fixed point, or if the points do not belong to this system.

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626; Krauskopf et al. (2005) Int. J. Bifurc. Chaos
    15:763.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    >>> graph = sx.fixed_point_graph(system, points)
    >>> graph.source, np.sign(points.states[graph.target, 0]) == graph.arm
    (array([2, 2]), array([ True,  True]))
    """
    landscape = survey(system, points)
    gates = np.flatnonzero(landscape.gates)
    directions, normals = oriented(landscape, gates)
    others, number, across = _rays(system, landscape, rays)
    source = np.repeat(np.append(gates, others), 2)
    arm = np.outer(np.append(np.ones(len(gates), int), number), [1, -1]).ravel()
    distance = _DEPARTURE * landscape.separation[source] * np.sign(arm)
    along = np.repeat(np.concatenate([directions, across]), 2, axis=0)
    starts = landscape.states[source] + distance[:, None] * along
    with watching("fixed-point graph", max_seconds, progress):
        follower = Follower(system, landscape)
        ends = follower.follow(starts, anyway=True)
        leaving = -np.log(_DEPARTURE) / np.maximum(-follower.pool.rate[source], 1e-9)
    label = np.append(landscape.label, -1)
    return FixedPointGraph(
        source=landscape.label[source],
        arm=arm,
        target=label[ends.reached],
        reasons=ends.reasons,
        times=ends.times * system.time_unit,
        paths=sampled_paths(follower, starts, source, leaving, ends),
        saddles=landscape.label[gates],
        normals=normals,
        growth=landscape.values[gates].real,
        states=landscape.states,
        places=landscape.label,
        stability=landscape.stability,
        n_unstable=landscape.n_unstable,
        roles=_roles(landscape, rays),
        departure=_DEPARTURE,
        step=follower.step * system.time_unit,
        system=system.kind,
        time_unit=system.time_unit,
    )


def _rays(
    system: AbstractSystem, landscape: Landscape, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return saddles with several unstable directions, the number of each ray and its direction."""
    rows: list[int] = []
    numbers: list[int] = []
    directions = [np.zeros((0, system.size))]
    several = np.flatnonzero((landscape.least_unstable > 0) & ~landscape.gates)
    if most and len(several):
        jacobians = Evaluator(system).jacobian(landscape.states[several])
        with one_blas_thread():
            right = eigenmodes(jacobians, system.kind).right
        for row, vectors in zip(several, right, strict=True):
            unstable = vectors[:, : landscape.least_unstable[row]]
            plane = np.stack([unstable.real, unstable.imag], axis=2).reshape(system.size, -1)
            basis, sizes, _ = qr(plane, mode="economic", pivoting=True)
            basis = basis[:, np.abs(np.diagonal(sizes)) > 1e-8][:, :most]
            rows += [int(row)] * basis.shape[1]
            numbers += range(1, basis.shape[1] + 1)
            directions.append(basis.T)
    return np.array(rows, int), np.array(numbers, int), np.concatenate(directions)


def oriented(landscape: Landscape, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return unit right and left unstable vectors with a positive product.

    The sign, which an eigenvector does not have, is the one that makes the largest entry of the
    right vector positive.
    """
    right, left = landscape.right[rows], landscape.left[rows].real
    largest = np.abs(right).argmax(1)
    sign = np.sign(right[np.arange(len(rows)), largest])[:, None]
    right = sign * right / np.linalg.norm(right, axis=1, keepdims=True)
    left = sign * left / np.linalg.norm(left, axis=1, keepdims=True)
    return right, left


def _roles(landscape: Landscape, rays: int) -> np.ndarray:
    def role(row: int) -> str:
        if landscape.catching[row]:
            return "attractor"
        if landscape.attractors[row]:
            return "on a kink: linearization cannot tell what leaves it; states may come to rest"
        if landscape.gates[row]:
            return "saddle with one unstable direction: both arms are followed"
        if landscape.stability[row] == "marginal":
            return "marginal: linearization cannot tell what leaves it"
        n = int(landscape.least_unstable[row])
        number = counted(n, "unstable direction")
        if landscape.n_unstable[row] < 0:
            number += " or more, which is not known"
        if rays and n > 0:
            return f"{number}: sampled along {2 * min(n, rays)} rays"
        return f"{number}: what leaves it is no curve, and is not followed"

    return np.array([role(row) for row in range(len(landscape.states))], dtype=str)
