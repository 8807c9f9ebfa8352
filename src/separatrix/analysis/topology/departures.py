"""Following what leaves each saddle, on its whole unstable manifold."""

from typing import Annotated

import numpy as np
from jaxtyping import Float, Shaped

from ..._checked import REAL, Count, Seed, checked
from ..._parallel import one_blas_thread
from ..._types import Array, InvalidInputError
from ...systems import AbstractSystem, System
from ..boundaries.landscape import Landscape, survey
from ..boundaries.settling import Follower
from ..fixed_points.evaluator import Evaluator
from ..fixed_points.points import FixedPoints
from ..linearization import eigenmodes
from .shares import Fan, decide
from .topology import ANY, FixedPointTopology

_DEPARTURE = 1e-4  # of the distance to the nearest other point, along the fastest direction
_LARGEST = 1e-2  # and along any slower one: there the manifold is still nearly flat
_NO_SIGN = 1e-9  # of the largest output, or of one: what is nearer to 0 may be rounding
_ORTHANTS = 10  # of so many unstable directions at most: 1024 of them


@checked
def fixed_point_topology(
    system: System,
    points: FixedPoints | Float[Array, "point unit"],
    outputs: Annotated[Float[Array, "point output"], REAL] | None = None,
    *,
    directions: Count = 32,
    seed: Seed = 0,
) -> FixedPointTopology:
    r"""Find the stable points to which the paths from each saddle lead.

    Here, every fixed point with at least one unstable direction is called a saddle. A saddle
    *links* the stable points where the paths that leave it end. From a saddle with one unstable
    direction, two states are followed, one on each side of the saddle along this direction. From a
    saddle $x^*$ with k > 1 unstable directions $r_j$, many states on a small ellipsoid in the
    unstable subspace are followed: $x^* + \sum_j \delta_j a_j r_j$ with random vectors a of length
    1 and their opposites. The states that are followed are called *departures* of the saddle. In
    the result, `reach` gives the fraction of the departures that end at each stable point.

    The radii of the ellipsoid are $\delta_j = \min(\delta^{\rho_j / \rho_1}, 0.01)$ with δ = 1e−4,
    in units of the distance to the nearest other fixed point. The rate of growth along $r_j$ is
    $\rho_j$ (ln|μ| for a map, Re λ for a flow), and $\rho_1$ is the largest rate. With these radii,
    the components of a departure along all $r_j$ become large at about the same time, and the
    fastest direction does not hide the others.

    A stable point that only a thin share of the paths reaches may be missed by all departures. So
    two checks look for missing links. For k = 2, take two neighboring departures that end at
    different stable points. Between them lies a path that ends at neither: it leads to a saddle
    with one unstable direction (Skufca et al. 2006). The search follows this path, and the saddle
    that it reaches must link these two stable points.

    For k > 2, consider the saddles with k − 1 unstable directions whose links are all links of the
    given saddle. They must enclose the departures of the given saddle. In terms of Morse homology
    modulo 2: they contain exactly one cycle, and the saddles of this cycle together have all links
    of the given saddle. If this check fails, further departures are followed, near the plane of
    each pair of modes, and the paths between them as for k = 2. Then the check is repeated. A
    saddle that links all stable points needs no check.

    If a check still fails, `doubts` says why. Then `is_cube` (are these the fixed points of
    independent bits?) and `same_as` (is another topology the same?) return `Undecided`, unless what
    is known already shows that the answer is no. Every link in the result was seen on a path. A
    link may still be missing: all paths to a stable point may lie between two neighboring
    departures that end at one and the same other point.

    Parameters
    ----------
    system
        A map, or a flow (integrated as in `verdict`).
    points
        What `find_fixed_points` returned, or fixed points `(point, unit)`.
    outputs
        Outputs of the network `(point, output)` at the given points. Stable points are named by the
        signs of their outputs, such as "+-". With None, they are named by their index among the
        points.
    directions
        A saddle with k > 1 unstable directions gets `directions` · $2^k$ departures, because its
        unstable subspace has $2^k$ orthants. For k above 10, their number stays at `directions` ·
        $2^{10}$.
    seed
        The seed of NumPy's generator, which draws the random directions.

    Returns
    -------
    FixedPointTopology
        The topology. Its methods `same_as` and `difference` compare it with another topology.

    Raises
    ------
    InvalidInputError
        If none of the points is a fixed point, if the points do not belong to this system, or if
        `outputs` does not have one row for each point.

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626; Maheswaranathan et al. (2019) NeurIPS 32:15629;
    Skufca et al. (2006) Phys. Rev. Lett. 96:174101; Banyaga & Hurtubise (2004) Lectures on Morse
    Homology.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=2)  # two independent bits
    >>> points = sx.find_fixed_points(system, np.random.default_rng(0).uniform(-1, 1, (99, 2)))
    >>> topology = sx.fixed_point_topology(system, points, outputs=points.states)
    >>> print(topology.table())
    unstable  points  names
           0       4  ++ +- -+ --
           1       4  *+ *- +* -*
           2       1  **
    >>> topology.is_cube
    True
    """
    landscape = survey(system, points)
    signs = _signs(outputs, points, landscape)
    follower = Follower(system, landscape)
    fans = _fans(system, landscape, directions, seed)
    size, attractors = len(landscape.states), np.flatnonzero(landscape.attractors)
    departures, counts = np.zeros(size, int), np.diag(landscape.attractors.astype(float))
    starts = np.concatenate([landscape.states[:0], *(fan.states for fan in fans)])
    reached = follower.follow(starts, quickly=True)
    ends = np.split(reached.reached, np.cumsum([len(fan.vectors) for fan in fans]))[:-1]
    for fan, there in zip(fans, ends, strict=True):
        departures[fan.row] = len(there) if len(attractors) else 0
        np.add.at(counts[fan.row], there[there >= 0], 1.0)
    linked = counts > 0
    doubts = decide(follower, fans, ends, linked)
    linked = linked[:, attractors]
    return FixedPointTopology(
        names=np.array([_name(signs[attractors[row]]) for row in linked], dtype=str),
        n_unstable=landscape.n_unstable,
        stability=landscape.stability,
        places=landscape.label,
        states=landscape.states,
        attractors=landscape.label[attractors],
        reach=counts[:, attractors] / np.maximum(departures, 1)[:, None],
        departures=departures,
        seed=seed,
        linked=linked,
        doubts=np.array([doubts.get(row, "") for row in range(size)], dtype=str),
        most_steps=round(reached.times.max(initial=0) / follower.step),
    )


def _signs(
    outputs: Float[Array, "point output"] | None,
    points: FixedPoints | Float[Array, "point unit"],
    landscape: Landscape,
) -> Shaped[np.ndarray, " point"]:
    """Return a text for each point of the landscape: the signs of its outputs, or its place."""
    if outputs is None:
        return landscape.label.astype(str)
    values = np.asarray(outputs)
    given = len(points.states if isinstance(points, FixedPoints) else points)
    if len(values) != given or not values.shape[1]:
        raise InvalidInputError(
            f"outputs must have shape ({given}, output), one row for each of the points, got "
            f"{values.shape}."
        )
    rows = values[landscape.label]
    signs = np.where(rows > 0, "+", "-")
    signs[np.abs(rows) <= _NO_SIGN * max(1.0, np.abs(values).max(initial=0.0))] = "0"
    return np.array(["".join(row) for row in signs], dtype=str)


def _fans(system: AbstractSystem, landscape: Landscape, directions: int, seed: int) -> list[Fan]:
    """Return departures from each saddle, on a small ellipsoid in its unstable subspace."""
    rng = np.random.default_rng(seed)
    saddles = np.flatnonzero(landscape.n_unstable > 0)
    with one_blas_thread():
        modes = eigenmodes(Evaluator(system).jacobian(landscape.states[saddles]), system.kind)
    fans = []
    for row, values, right in zip(saddles, modes.eigenvalues, modes.right, strict=True):
        k = int(landscape.n_unstable[row])
        basis = _real_columns(values[:k], right[:, :k])
        rates = np.log(np.abs(values[:k])) if system.kind == "map" else values[:k].real
        radii = np.minimum(_DEPARTURE ** (rates / rates[0]), _LARGEST)
        axes = basis * radii * landscape.separation[row]
        fans.append(Fan(int(row), landscape.states[row], axes, _unit_vectors(rng, k, directions)))
    return fans


def _real_columns(values: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return unit columns that span the modes: of a pair a ± ib, a and b."""
    columns = np.where(values.imag < 0, right.imag, right.real)
    return np.asarray(columns / np.linalg.norm(columns, axis=0))


def _unit_vectors(rng: np.random.Generator, size: int, directions: int) -> np.ndarray:
    """Return both arms of a line, or random directions and their opposites."""
    if size == 1:
        return np.array([[1.0], [-1.0]])
    half = rng.standard_normal((directions << min(size, _ORTHANTS) - 1, size))
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    return np.concatenate([half, -half])


def _name(linked: Shaped[np.ndarray, " linked"]) -> str:
    """Return the pattern of signs whose members are just the stable points linked, or their list.

    A single name stands for itself; a point that leads nowhere is called "none".
    """
    distinct = sorted(set(linked.tolist()))
    if not distinct:
        return "none"
    columns = [set(letters) for letters in zip(*distinct, strict=False)]
    pattern = "".join(c.pop() if len(c) == 1 else ANY for c in columns)
    if set("".join(distinct)) <= set("+-") and len(distinct) == 2 ** pattern.count(ANY):
        return pattern
    return distinct[0] if len(distinct) == 1 else "{" + " ".join(distinct) + "}"
