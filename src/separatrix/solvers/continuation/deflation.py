"""Deflated Newton: solutions that differ from those known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..._types import require_count
from .. import batched


@dataclass(frozen=True)
class Deflation:
    r"""A search for further solutions at some values of the parameter, with the known ones removed.

    Newton's method is run on $M(x) F(x)$ with $M = \prod_k (|x - x_k|^{-2} + 1)$, which has the
    zeros of F but for the known $x_k$.

    Parameters
    ----------
    values
        At how many values of the parameter to search.
    starts
        Random starts at every value.
    max_steps
        Of Newton's method.
    rounds
        How often to search again where something was found.
    seed
        Of the random starts.

    Raises
    ------
    InvalidInputError
        For a number that is not a positive whole one.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.solvers.Deflation(starts=64).values
    5

    References
    ----------
    Farrell, Birkisson & Funke (2015) SIAM J. Sci. Comput. 37:A2026.
    """

    values: int = 5
    starts: int = 16
    max_steps: int = 40
    rounds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("values", "starts", "max_steps", "rounds"):
            require_count(getattr(self, name), name)
        require_count(self.seed, "seed", 0)


def deflated_newton(
    evaluate: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    starts: Float[np.ndarray, "start unit"],
    known: Float[np.ndarray, "known unit"],
    max_steps: int,
    scale: float,
) -> Float[np.ndarray, "solution unit"]:
    """Return solutions other than the known ones, each once, that the starts lead to.

    `evaluate` gives residuals (batch, unit) and Jacobians (batch, unit, unit); distances are
    measured in units of `scale`.
    """
    found = np.zeros((0, starts.shape[1]))
    states = starts.copy()
    for _ in range(max_steps):
        if not len(states):
            break
        residuals, jacobians = evaluate(states)
        steps = batched.solve(jacobians, -residuals)
        sizes = np.linalg.norm(steps, axis=1)
        everything = np.concatenate([known, found])
        done = sizes <= 1e-8 * (scale + np.linalg.norm(states, axis=1))
        for state in (states + steps)[done]:
            apart = np.linalg.norm(everything - state, axis=1)
            if (apart > 1e-5 * (scale + np.linalg.norm(state))).all():
                found = np.concatenate([found, state[None]])
                everything = np.concatenate([everything, state[None]])
        damping = _damping(states, steps, everything, scale)
        longest = scale * np.sqrt(states.shape[1])
        limit = np.minimum(1.0, longest / np.maximum(np.abs(damping) * sizes, 1e-300))
        states = states + (damping * limit)[:, None] * steps
        goes_on = ~done & np.isfinite(states).all(1) & (np.abs(states).max(1) < 1e3 * longest)
        states = states[goes_on]
    return found


def _damping(states: np.ndarray, steps: np.ndarray, known: np.ndarray, scale: float) -> np.ndarray:
    """Return by how much deflation lengthens each Newton step; negative: away from the known."""
    if not len(known):
        return np.ones(len(states))
    apart = (states[:, None] - known) / scale
    square = np.maximum((apart**2).sum(2), 1e-24)
    # ∇ log(|x − x_k|⁻² + 1) · step
    pull = -2 * np.einsum("skn,sn->sk", apart, steps / scale) / (square**2 * (1 / square + 1))
    factor = 1 - pull.sum(1)
    return 1 / np.where(np.abs(factor) < 1e-3, np.copysign(1e-3, factor), factor)
