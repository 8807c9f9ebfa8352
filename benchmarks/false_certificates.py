"""Does any certificate claim what is not true? Random functions whose zeros are all known exactly.

A case is one state near (or not so near) the zeros of one function. The functions are built so that
their real zeros are floating-point numbers: a product of ``x - p`` vanishes exactly at the numbers
p. A certificate is false if it claims

* a zero within ``error_bound`` where there is none, or
* a single zero within ``radius`` where there are more, or
* the absence of zeros in a ball that holds one, or
* that a set of zeros is complete where one is missing.

One function in three is in a unit of its own, as of currents in amperes. Certificates are asked for
one by one, and, of some functions, by whole searches from all their states.

Run ``python benchmarks/false_certificates.py [cases [searches]]``.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix.enclosure.krawczyk import certify_absence, certify_zeros

STATES = 50  # cases for each function
OUTCOMES = ("cases", "exists", "unique", "absent", "FALSE")
SEARCHED = ("searches", "fixed", "certified", "absent", "complete", "FALSE")


class Problem(NamedTuple):
    """A function, all its zeros (zero, unit) or None for a continuum, and states."""

    family: str
    residual: Callable[[jax.Array], jax.Array]
    zeros: np.ndarray | None
    states: np.ndarray


def main(cases: int = 100_000, searches: int = 450, seed: int = 0) -> Counter[tuple[str, str]]:
    """Judge that many cases and searches, print tables, and return the counts."""
    start = time.perf_counter()
    counts = run(cases, seed)
    report(counts, OUTCOMES)
    whole = run_searches(searches, seed)
    report(whole, SEARCHED)
    print(f"{time.perf_counter() - start:.0f} s")
    return counts + Counter({(f"search: {family}", name): n for (family, name), n in whole.items()})


def report(counts: Counter[tuple[str, str]], outcomes: tuple[str, ...]) -> None:
    """Print a table."""
    print(f"{'family':28s}" + "".join(f"{name:>10s}" for name in outcomes))
    for family in [*FAMILIES, "all"]:
        print(f"{family:28s}" + "".join(f"{counts[family, name]:10d}" for name in outcomes))


def run(cases: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Count outcomes by family; ("all", "FALSE") counts false certificates."""
    return _counted(judge, -(-cases // STATES), seed)


def run_searches(searches: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Do the same with whole searches."""
    return _counted(judge_search, searches, seed)


def _counted(
    judged: Callable[[Problem], dict[str, int]], problems: int, seed: int
) -> Counter[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    counts: Counter[tuple[str, str]] = Counter()
    names = list(FAMILIES)
    for number in range(problems):
        problem = FAMILIES[names[number % len(names)]](rng)
        if number // len(names) % 3 == 2:
            problem = in_unit(problem, 2.0 ** int(rng.integers(-200, 40)))
        for name, found in judged(problem).items():
            counts[problem.family, name] += found
            counts["all", name] += found
    return counts


def in_unit(problem: Problem, unit: float) -> Problem:
    """The same problem where states are in another unit, a power of two: its zeros stay exact."""
    zeros = None if problem.zeros is None else problem.zeros * unit
    residual = problem.residual
    return Problem(
        problem.family, lambda x: unit * residual(x / unit), zeros, problem.states * unit
    )


def judge(problem: Problem) -> dict[str, int]:
    """Certify every state of a problem and compare with the truth."""
    found = certify_zeros(problem.residual, problem.states)
    gone, _ = certify_absence(problem.residual, problem.states)
    false = 0
    for index, state in enumerate(problem.states):
        error, radius = found.error_bound[index], found.radius[index]
        if found.exists[index]:
            false += problem.zeros is None or within(problem.zeros, state, error) == 0
        if found.unique[index]:
            false += problem.zeros is None or within(problem.zeros, state, radius) != 1
        if gone[index] and problem.zeros is not None:
            false += within(problem.zeros, state, gone[index]) > 0
    return {
        "cases": len(problem.states),
        "exists": int(found.exists.sum()),
        "unique": int(found.unique.sum()),
        "absent": int((gone > 0).sum()),
        "FALSE": int(false),
    }


def judge_search(problem: Problem) -> dict[str, int]:
    """Search from all states of a problem and compare what is said with the truth."""
    size, zeros = problem.states.shape[1], problem.zeros
    reach = 2.0 * np.abs(np.vstack([problem.states, *([] if zeros is None else [zeros])])).max()
    flow = sx.Flow(problem.residual, size, domain=(-reach, reach))
    points = sx.find_fixed_points(flow, problem.states)
    fixed, slow = points.fixed, points.slow
    false = int(points.complete and (zeros is None or len(zeros) != len(fixed)))
    for index in np.flatnonzero(fixed.certified):
        state = fixed.states[index]
        false += zeros is None or within(zeros, state, float(fixed.error_bound[index])) == 0
        if fixed.radius[index] > 0:  # shown to be alone
            false += zeros is None or within(zeros, state, float(fixed.radius[index])) != 1
    for index in np.flatnonzero(slow.certified):
        if zeros is not None:
            false += within(zeros, slow.states[index], float(slow.radius[index])) > 0
    return {
        "searches": 1,
        "fixed": len(fixed),
        "certified": int(fixed.certified.sum()),
        "absent": int(slow.certified.sum()),
        "complete": int(bool(points.complete)),
        "FALSE": int(false),
    }


def within(zeros: np.ndarray, state: np.ndarray, radius: float) -> int:
    """The number of zeros within a distance, in exact arithmetic where it is close."""
    rounded = np.abs(zeros - state).max(axis=1, initial=0.0)
    close = np.abs(rounded - radius) <= 1e-12 * radius
    count = int(np.count_nonzero((rounded <= radius) & ~close))
    for zero in zeros[close]:
        pairs = zip(zero, state, strict=True)
        exact = max(abs(Fraction(float(a)) - Fraction(float(b))) for a, b in pairs)
        count += exact <= Fraction(float(radius))
    return count


def displaced(rng: np.random.Generator, zeros: np.ndarray) -> np.ndarray:
    """States at zeros, moved by nothing or by 1e-17 to 1."""
    chosen = zeros[rng.integers(len(zeros), size=STATES)]
    direction = rng.uniform(-1.0, 1.0, chosen.shape)
    size = 10.0 ** rng.uniform(-17.0, 0.0, (STATES, 1)) * (rng.random((STATES, 1)) > 0.1)
    return np.asarray(chosen + size * direction)


def mixing(rng: np.random.Generator, size: int, condition: float) -> np.ndarray:
    """A regular matrix with a given condition number."""
    left, _ = np.linalg.qr(rng.standard_normal((size, size)))
    right, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return np.asarray(left @ np.diag(condition ** -np.linspace(0.0, 1.0, size)) @ right)


def grid(roots: list[np.ndarray]) -> np.ndarray:
    axes = np.meshgrid(*roots, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=-1)


def positive(kind: int, weights: np.ndarray, x: jax.Array) -> jax.Array:
    """A positive factor of many kinds, which changes no zero."""
    drive = jnp.asarray(weights) @ x
    kinds = [
        lambda: 1.5 + jnp.tanh(drive),
        lambda: 0.1 + jax.nn.sigmoid(drive),
        lambda: 0.1 + jax.nn.softplus(drive),
        lambda: 0.1 + jax.nn.relu(drive),
        lambda: jnp.exp(-jnp.abs(drive)) + 0.5,
        lambda: 2.0 + jnp.cos(drive),
        lambda: 1.0 / (1.0 + drive * drive) + 0.1,
        lambda: 2.0 + jax.nn.elu(jnp.clip(drive, -3.0, 3.0)),
        lambda: 1.0 + jax.nn.leaky_relu(drive) ** 2,
        lambda: 2.0 + jax.scipy.special.erf(drive),
    ]
    return kinds[kind]()


def planted(rng: np.random.Generator, condition: float = 0.0, gap: float = 0.0) -> Problem:
    size = int(rng.integers(1, 5))
    condition = condition or 10.0 ** rng.uniform(0.0, 3.0)
    roots = [np.sort(rng.uniform(-1.0, 1.0, int(rng.integers(1, 4)))) for _ in range(size)]
    if gap:
        roots[0] = np.concatenate([roots[0], roots[0][:1] + 10.0 ** rng.uniform(-9.0, -1.0)])
    matrix, weights = mixing(rng, size, condition), rng.standard_normal((size, size))
    kind = int(rng.integers(10))

    def residual(x: jax.Array) -> jax.Array:
        product = [math.prod(x[i] - p for p in r) for i, r in enumerate(roots)]
        return jnp.asarray(matrix) @ (jnp.stack(product) * positive(kind, weights, x))

    zeros = grid(roots)
    return Problem("planted", residual, zeros, displaced(rng, zeros))


def ill_conditioned(rng: np.random.Generator) -> Problem:
    return planted(rng, 10.0 ** rng.uniform(6.0, 17.0))._replace(family="ill-conditioned")


def near_pairs(rng: np.random.Generator) -> Problem:
    return planted(rng, gap=1.0)._replace(family="pairs of zeros")


def ghost(rng: np.random.Generator) -> Problem:
    """Just past a saddle-node bifurcation: mu + x² + x⁴ has no zero, in a random frame."""
    size = int(rng.integers(1, 5))
    mu = 10.0 ** rng.uniform(-9.0, -1.0)
    matrix, frame = mixing(rng, size, 10.0), mixing(rng, size, 2.0)
    center = rng.uniform(-1.0, 1.0, size)

    def residual(x: jax.Array) -> jax.Array:
        y = jnp.asarray(frame) @ (x - center)
        return jnp.asarray(matrix) @ y.at[0].set(mu + y[0] ** 2 + y[0] ** 4)

    offsets = 10.0 ** rng.uniform(-12.0, 0.0, (STATES, 1)) * rng.uniform(-1, 1, (STATES, size))
    return Problem("ghost", residual, np.zeros((0, size)), center + offsets)


def fold(rng: np.random.Generator) -> Problem:
    """Just before the bifurcation, or at it: (x - p)(x - q) with q at or very near p."""
    p = rng.uniform(-1.0, 1.0)
    q = p + rng.integers(2) * 10.0 ** rng.uniform(-16.0, -3.0)
    weight = rng.standard_normal()

    def residual(x: jax.Array) -> jax.Array:
        return (x - p) * (x - q) * (1.5 + jnp.tanh(weight * x))

    zeros = np.unique([[p], [q]], axis=0)
    return Problem("fold", residual, zeros, displaced(rng, zeros))


def continuum(rng: np.random.Generator) -> Problem:
    """The identity map, line attractors of several kinds, and a plateau: zeros are never alone."""
    size = int(rng.integers(2, 5))
    vector, kind = rng.standard_normal(size), int(rng.integers(4))
    weights = rng.standard_normal((size, size))

    def residual(x: jax.Array) -> jax.Array:
        if kind == 0:
            return x - x
        if kind == 1:  # all on one line: g has rank one
            return jnp.asarray(vector) * jnp.tanh(jnp.asarray(weights[0]) @ x)
        if kind == 2:  # a ray of fixed points of x -> relu(x)
            return (jax.nn.relu(x) - x) * positive(1, weights, x)
        return (x.at[0].set(0.0)) * positive(0, weights, x)

    states = rng.uniform(-1.0, 1.0, (STATES, size))
    if kind == 1:
        states -= np.outer(states @ weights[0], weights[0]) / (weights[0] @ weights[0])
    if kind == 2:
        states = np.abs(states)
    if kind == 3:
        states[:, 1:] = 0.0
    return Problem("continuum", residual, None, states)


def float32(rng: np.random.Generator) -> Problem:
    """Planted zeros of a function that rounds to float32: whatever is claimed would be luck."""
    inner = planted(rng)
    kind = int(rng.integers(3))

    def residual(x: jax.Array) -> jax.Array:
        if kind == 0:
            return inner.residual(x.astype(jnp.float32).astype(x.dtype))
        if kind == 1:
            return inner.residual(x).astype(jnp.float32)
        return inner.residual(x) + jnp.tanh(x.astype(jnp.float32)) - jnp.tanh(x)

    return inner._replace(family="float32", residual=residual, zeros=None)


@jax.custom_jvp
def spike(x: jax.Array) -> jax.Array:
    return jnp.where(x > 0, 1.0, -1.0)


@spike.defjvp
def _surrogate(primals, tangents):  # type: ignore[no-untyped-def]
    return spike(*primals), tangents[0] / (1.0 + jnp.abs(primals[0])) ** 2


def jump(rng: np.random.Generator) -> Problem:
    """A change of sign without a zero, in several disguises."""
    size, kind = int(rng.integers(1, 4)), int(rng.integers(6))
    p, matrix = rng.uniform(-1.0, 1.0, size), mixing(rng, size, 3.0)

    def residual(x: jax.Array) -> jax.Array:
        d = x - p
        step = [
            lambda: jnp.where(d > 0, 1.0, -1.0) + 0.5 * d,
            lambda: spike(d) + d,
            lambda: jnp.where(d >= 0, d + 1e-3, d - 1e-3),
            lambda: jnp.floor(d) + 0.5 + 0.25 * jnp.tanh(d),
            lambda: (d > 0).astype(x.dtype) - 0.5 + d,
            lambda: d + jax.lax.stop_gradient(jnp.where(d > 0, 1.0, -1.0) - 1e-3 * d),
        ][kind]()
        return jnp.asarray(matrix) @ step

    states = displaced(rng, p[None])
    return Problem("jump", residual, np.zeros((0, size)), states)


def kinked(rng: np.random.Generator) -> Problem:
    """Piecewise linear, with the zero on a kink or beside it; derivatives that lie are ignored."""
    size, kind = int(rng.integers(1, 4)), int(rng.integers(4))
    p, matrix = rng.uniform(-1.0, 1.0, size), mixing(rng, size, 10.0)

    def residual(x: jax.Array) -> jax.Array:
        d = x - p
        value = [
            lambda: d + 0.4 * jnp.abs(d),
            lambda: jax.nn.leaky_relu(d, 0.3) + jax.nn.relu(d),
            lambda: 2.0 * d - jax.lax.stop_gradient(d),
            lambda: jnp.where(d > 0, 2.0 * d, d),
        ][kind]()
        return jnp.asarray(matrix) @ value

    return Problem("kinked", residual, p[None], displaced(rng, p[None]))


def chosen(rng: np.random.Generator) -> Problem:
    """Affine pieces by the largest of some scores, of which some may be equal at a zero."""
    size, modes, kind = int(rng.integers(1, 4)), int(rng.integers(2, 7)), int(rng.integers(4))
    centers = rng.integers(-64, 65, (modes, size)) / 64  # so that scores are exact
    slopes, levels = rng.integers(-2, 3, (modes, size)), rng.integers(-64, 65, modes) / 64
    tied = int(rng.integers(1, modes))
    levels[tied] = levels[0] + (slopes[0] - slopes[tied]) @ centers[tied]
    matrices = np.stack([mixing(rng, size, 10.0) for _ in range(modes)])

    def residual(x: jax.Array) -> jax.Array:
        moved = jnp.einsum("kij,kj->ki", matrices, x - centers)
        mode = jnp.argmax(slopes @ x + levels)
        return [
            lambda: moved[mode],
            lambda: jnp.asarray(matrices)[mode] @ (x - jnp.asarray(centers)[mode]),
            lambda: jax.nn.one_hot(mode, modes, dtype=x.dtype) @ moved,
            lambda: jax.lax.switch(mode, [lambda k=k: moved[k] for k in range(modes)]),
        ][kind]()

    own = (centers @ slopes.T + levels).argmax(axis=1) == np.arange(modes)
    zeros = np.unique(centers[own], axis=0)
    return Problem("chosen", residual, zeros, displaced(rng, centers))


def means(rng: np.random.Generator) -> Problem:
    """The slope of a convex function, log Σ exp(w (x − p)), less that at its only zero, p."""
    size, count = int(rng.integers(1, 4)), int(2 ** rng.integers(2, 5))
    columns = rng.integers(-64, 65, (count, size)) / 16  # so that their mean is exact
    columns[: size + 1] = np.vstack([np.zeros(size), np.eye(size)])  # in no plane
    p, matrix = rng.uniform(-1.0, 1.0, size), mixing(rng, size, 10.0)
    sharpness = 2.0 ** int(rng.integers(-3, 4))

    def residual(x: jax.Array) -> jax.Array:
        shares = jax.nn.softmax(sharpness * (columns @ (x - p)))
        return jnp.asarray(matrix) @ (columns.T @ shares - columns.mean(0))

    return Problem("means", residual, p[None], displaced(rng, p[None]))


def undefined(rng: np.random.Generator) -> Problem:
    """NaN at one state: it is no zero, or the only one where something makes a number of it."""
    size, kind = int(rng.integers(1, 4)), int(rng.integers(6))
    p, matrix = rng.uniform(-1.0, 1.0, size), mixing(rng, size, 3.0)

    def residual(x: jax.Array) -> jax.Array:
        d = x - p
        sign = d / jnp.abs(d)
        value = [
            lambda: jnp.nan_to_num(2.0 + jnp.tanh(sign)),
            lambda: jnp.where(3.0 + sign > 1.0, 3.0 + sign, 1.0) - 1.0,
            lambda: jnp.where(jnp.isfinite(d * jnp.log(jnp.abs(d))), 1.0, 0.0),
            lambda: jnp.where(sign * d >= 0, 1.0, 0.0),
            lambda: 0.0 * jnp.log(jnp.abs(d)) + d,
            lambda: jnp.maximum(jnp.sin(1.0 / d), 2.0) - 2.0 + d,
        ][kind]()
        return jnp.asarray(matrix) @ value

    return Problem("undefined", residual, p[None][: kind < 4], displaced(rng, p[None]))


FAMILIES: dict[str, Callable[[np.random.Generator], Problem]] = {
    "planted": planted,
    "ill-conditioned": ill_conditioned,
    "pairs of zeros": near_pairs,
    "ghost": ghost,
    "fold": fold,
    "continuum": continuum,
    "float32": float32,
    "jump": jump,
    "kinked": kinked,
    "chosen": chosen,
    "means": means,
    "undefined": undefined,
}

if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
