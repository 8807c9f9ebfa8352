"""Piecewise-linear models of recordings: each is recognized, and solved exactly."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import relu

from .._checked import Count, Named, taken
from .._types import InvalidInputError
from ..systems import DiscreteMap
from .checks import checked, with_input


def plrnn(
    A: Any, W: Any, h: Any, *, input_weights: Any = None, input: Any = None, dt: float = 1.0
) -> DiscreteMap:
    r"""Return a piecewise-linear recurrent network.

    $$z_{t+1} = A \circ z_t + W\,\mathrm{relu}(z_t) + h + C u$$

    Parameters
    ----------
    A
        The linear part of each unit `(unit,)`: the diagonal of a matrix.
    W, h
        Connections `(unit, unit)` and biases `(unit,)`. `W[i, j]` leads from unit j to unit i.
    input_weights, input
        C `(unit, channel)` and the input u `(channel,)` that is frozen in. Both are None if there
        is no input.
    dt
        Duration of a step in ms. With 1, the step is the unit of time.

    Returns
    -------
    DiscreteMap
        A piecewise-linear map: its fixed points are solved for exactly.

    Raises
    ------
    InvalidInputError
        If an array has the wrong shape, or contains NaN or infinity.

    References
    ----------
    Durstewitz (2017) PLoS Comput. Biol. 13:e1005542.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> W = [[0.0, -0.64375], [0.52505308, 0.0]]
    >>> h = [0.37298253, -0.97931491]
    >>> system = sx.models.plrnn([-0.0222311, 0.96461297], W, h)
    >>> points = sx.find_fixed_points(system, np.random.default_rng(0).normal(0, 10, (50, 2)))
    >>> points.states.round(2).tolist(), points.certified.tolist()
    ([[0.36, -22.26]], [True])
    """
    A, W, h = checked("plrnn", A=(A, "unit"), W=(W, "unit unit"), h=(h, "unit"))
    return with_input(
        DiscreteMap, lambda z, drive: A * z + W @ relu(z) + (h + drive), len(h), dt,
        "plrnn", input_weights, input,
    )  # fmt: skip


def al_rnn(
    A: Any,
    W: Any,
    h: Any,
    rectified: int,
    *,
    input_weights: Any = None,
    input: Any = None,
    dt: float = 1.0,
) -> DiscreteMap:
    r"""Return an almost-linear recurrent network, in which only the last units are rectified.

    $$z_{t+1} = A \circ z_t + W\,\big(z_1, …, z_{M-P}, \mathrm{relu}(z_{M-P+1}), …,
      \mathrm{relu}(z_M)\big)_t + h + C u$$

    Parameters
    ----------
    A, W, h, input_weights, input, dt
        As in `plrnn`.
    rectified
        The number P: the last P units are rectified.

    Returns
    -------
    DiscreteMap
        A piecewise-linear map: its fixed points are solved for exactly.

    Raises
    ------
    InvalidInputError
        If an array has the wrong shape, or contains NaN or infinity. If `rectified` is below 1, or
        above the number of all units.

    References
    ----------
    Brenner, Hemmer, Monfared & Durstewitz (2024) NeurIPS.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> system = sx.models.al_rnn([0.9, 0.5], [[0.0, 0.2], [0.1, 0.0]], [0.1, -1.0], rectified=1)
    >>> sx.find_fixed_points(system, np.zeros((1, 2))).states.round(6).tolist()
    [[1.0, -1.8]]
    """
    A, W, h = checked("al_rnn", A=(A, "unit"), W=(W, "unit unit"), h=(h, "unit"))
    linear = len(h) - taken(rectified, Count, "rectified")
    if linear < 0:
        raise InvalidInputError(
            f"rectified must be at most the number of units, {len(h)}; got {rectified}. Give the "
            "number P of piecewise-linear units with which it was trained."
        )

    def step(z: Any, drive: Any) -> Any:
        partly = jnp.concatenate([z[:linear], relu(z[linear:])])
        return A * z + W @ partly + (h + drive)

    return with_input(DiscreteMap, step, len(h), dt, "al_rnn", input_weights, input)


def shallow_plrnn(
    A: Any,
    W1: Any,
    W2: Any,
    h1: Any,
    h2: Any,
    *,
    clipped: bool = False,
    input_weights: Any = None,
    input: Any = None,
    dt: float = 1.0,
) -> DiscreteMap:
    r"""Return a shallow piecewise-linear network, with a hidden layer of rectified units.

    $$z_{t+1} = A \circ z_t + W_1\,\mathrm{relu}(W_2 z_t + h_2) + h_1 + C u.$$

    With `clipped=True`, states stay bounded if all |A| < 1, and the equation is:

    $$z_{t+1} = A \circ z_t + W_1 \big(\mathrm{relu}(W_2 z_t + h_2) - \mathrm{relu}(W_2 z_t)\big)
      + h_1 + C u.$$

    Parameters
    ----------
    A
        The linear part of each latent variable `(latent,)`.
    W1, W2
        Weights `(latent, hidden)` and `(hidden, latent)`.
    h1, h2
        Biases `(latent,)` and `(hidden,)`.
    clipped
        Whether the hidden units are clipped.
    input_weights, input, dt
        As in `plrnn`.

    Returns
    -------
    DiscreteMap
        A piecewise-linear map: its fixed points are solved for exactly.

    Raises
    ------
    InvalidInputError
        If an array has the wrong shape, or contains NaN or infinity.

    References
    ----------
    Hess, Monfared, Brenner & Durstewitz (2023) ICML, PMLR 202:13015.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> system = sx.models.shallow_plrnn([0.5], [[1.0]], [[1.0]], [0.0], [1.0], clipped=True)
    >>> sx.find_fixed_points(system, np.zeros((1, 1))).fixed.states.tolist()
    [[2.0]]
    """
    A, W1, W2, h1, h2 = checked(
        "shallow_plrnn", A=(A, "latent"), W1=(W1, "latent hidden"), W2=(W2, "hidden latent"),
        h1=(h1, "latent"), h2=(h2, "hidden"),
    )  # fmt: skip

    def step(z: Any, drive: Any) -> Any:
        x = W2 @ z
        hidden = relu(x + h2) - relu(x) if clipped else relu(x + h2)
        return A * z + W1 @ hidden + (h1 + drive)

    return with_input(DiscreteMap, step, len(h1), dt, "shallow_plrnn", input_weights, input)


def rslds(
    A: Any, b: Any, R: Any, r: Any, *, next_state: str = "most likely", dt: float = 1.0
) -> DiscreteMap:
    r"""Return a recurrent switching linear dynamical system, without its noise.

    $$x_{t+1} = A_k x_t + b_k, \qquad k = \arg\max_j\,(R x_t + r)_j.$$

    This is the model with `next_state="most likely"`. With "mean", $x_{t+1}$ is the mean over the
    discrete states, whose probabilities are $p = \mathrm{softmax}(R x_t + r)$:

    $$x_{t+1} = \sum_k p_k\,(A_k x_t + b_k).$$

    The next discrete state depends on x alone, and not on the present discrete state ("recurrent
    only"). A constant input u adds V u to b and W u to r. For a model with such an input, give b as
    `b + V @ u`, and r as `r + W @ u`.

    Parameters
    ----------
    A, b
        The matrix `(state, latent, latent)` and the vector `(state, latent)` of the dynamics in
        each discrete state.
    R, r
        Weights `(state, latent)` and biases `(state,)`. They give the discrete states the scores
        `R x + r`.
    next_state
        With "most likely", x follows the dynamics of the discrete state with the largest score.
        With "mean", the next x is the mean over the discrete states, weighted by their
        probabilities (the softmax of the scores).
    dt
        Duration of a step in ms. With 1, the step is the unit of time.

    Returns
    -------
    DiscreteMap
        A map. With "most likely", it is piecewise linear, with jumps, and its fixed points are
        solved for exactly.

    Raises
    ------
    InvalidInputError
        If an array has the wrong shape, or contains NaN or infinity. If `next_state` is neither
        "most likely" nor "mean".

    References
    ----------
    Linderman et al. (2017) AISTATS, PMLR 54:914.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> A, b = 0.5 * np.ones((2, 1, 1)), np.array([[-0.5], [0.5]])
    >>> system = sx.models.rslds(A, b, R=[[-1.0], [1.0]], r=[0.0, 0.0])
    >>> points = sx.find_fixed_points(system, np.array([[-2.0], [2.0]]))
    >>> np.sort(points.states.ravel()).tolist(), points.certified.tolist()
    ([-1.0, 1.0], [True, True])
    """
    A, b, R, r = checked(
        "rslds", A=(A, "state latent latent"), b=(b, "state latent"), R=(R, "state latent"),
        r=(r, "state"),
    )  # fmt: skip
    steps = {"most likely": _most_likely, "mean": _mean}
    Named(tuple(steps))(next_state, "next_state")
    step = steps[next_state]
    return DiscreteMap(lambda x: step(A @ x + b, R @ x + r), b.shape[1], dt)


def _most_likely(moved: Any, score: Any) -> Any:
    return moved[jnp.argmax(score)]


def _mean(moved: Any, score: Any) -> Any:
    return jax.nn.softmax(score) @ moved
