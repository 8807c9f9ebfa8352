"""Simple models of recorded activity, fitted by least squares: what a circuit would do by itself.

A fit is a function `fit(activity, inputs)` that returns a system, or a pair of a system and the
states `(trial, time, unit)` through which it passes. `sx.mechanism_recovery` takes any such
function; these two need no other package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from scipy.ndimage import gaussian_filter1d

from ._checked import Count, Milliseconds, NotNegative, checked
from ._names import show_public_names
from ._types import InvalidInputError
from .systems import DiscreteMap

__all__ = ["least_squares", "pca_linear"]

Fit = Callable[[np.ndarray, np.ndarray | None], tuple[DiscreteMap, np.ndarray]]
Nonlinearity = Literal["identity", "tanh", "relu"]
RATES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "identity": (lambda x: x, lambda x: x),
    "tanh": (np.tanh, jnp.tanh),
    "relu": (lambda x: np.maximum(x, 0), lambda x: jnp.maximum(x, 0)),
}
"""Rates by currents, of arrays of NumPy and of JAX."""


@dataclass(frozen=True)
class _LeastSquares:
    nonlinearity: str
    tau: float
    dt: float
    ridge: float
    smooth: float
    components: int | None = None

    def __call__(
        self, activity: np.ndarray, inputs: np.ndarray | None = None
    ) -> tuple[DiscreteMap, np.ndarray]:
        states = np.asarray(activity, float)
        if self.smooth:
            states = gaussian_filter1d(states, self.smooth / self.dt, axis=1, mode="nearest")
        if self.components is not None:
            states = _principal(states, self.components)
        leak = self.dt / self.tau
        of_numpy, of_jax = RATES[self.nonlinearity]
        before, after = states[:, :-1], states[:, 1:]
        wanted = (after - (1 - leak) * before) / leak
        driving = np.zeros((*before.shape[:2], 0)) if inputs is None else inputs[:, 1:]
        found = regression(np.concatenate([of_numpy(before), driving], -1), wanted, self.ridge)
        size, channels = states.shape[-1], driving.shape[-1]
        weights, drive, bias = found[:size].T, found[size:-1].T, found[-1]

        def step(x: Any, u: Any = None) -> Any:
            current = weights @ of_jax(x) + bias
            return (1 - leak) * x + leak * (current if u is None else current + drive @ u)

        frozen = np.zeros(channels) if channels else None
        return DiscreteMap(step, size, self.dt, input=frozen), states


def _principal(states: np.ndarray, components: int) -> np.ndarray:
    flat = states.reshape(-1, states.shape[-1])
    flat = flat - flat.mean(0)
    if components > flat.shape[1]:
        raise InvalidInputError(
            f"components must be at most the number of units, {flat.shape[1]}, got {components}."
        )
    directions = np.linalg.svd(flat.T @ flat)[0][:, :components]
    return (flat @ directions).reshape(*states.shape[:2], components)


def regression(regressors: np.ndarray, wanted: np.ndarray, ridge: float) -> np.ndarray:
    """Return weights `(regressor + 1, wanted)` of ridge regression; the last row is the constant.

    The penalty is relative to the variance of the regressors, and spares the constant.
    """
    x = regressors.reshape(-1, regressors.shape[-1])
    y = wanted.reshape(-1, wanted.shape[-1])
    means, mean = x.mean(0), y.mean(0)
    x = x - means
    gram = x.T @ x
    gram += (ridge * np.trace(gram) / max(1, len(gram)) + np.finfo(float).tiny) * np.eye(len(gram))
    weights = np.linalg.lstsq(gram, x.T @ (y - mean), rcond=None)[0]
    return np.vstack([weights, mean - means @ weights])


@checked
def least_squares(
    nonlinearity: Nonlinearity = "identity",
    *,
    tau: Milliseconds = 100.0,
    dt: Milliseconds = 10.0,
    ridge: NotNegative = 1e-6,
    smooth: NotNegative = 0.0,
) -> Fit:
    r"""Return a fit of a rate network whose units are the recorded ones, by ridge regression.

    $$\frac{x_{t+1} - (1 - \alpha)\, x_t}{\alpha} \approx W \phi(x_t) + B u_{t+1} + b, \qquad
      \alpha = \mathrm{dt}/\tau$$

    Parameters
    ----------
    nonlinearity
        φ: "identity", "tanh" or "relu".
    tau, dt
        The time constant of the units and the duration of a step, both in ms.
    ridge
        The penalty on W and B, relative to the mean variance of the regressors.
    smooth
        The standard deviation, in ms, of the Gaussian with which the activity is smoothed first,
        such as 50 for counts of spikes. The states of the fit are then the smoothed activity.

    Returns
    -------
    function
        `fit(activity, inputs)` takes activity `(trial, time, unit)` and inputs
        `(trial, time, channel)` or None. `inputs[:, t]` acts in the step that ends at time t. It
        returns the map, with the input 0 frozen in, and its states `(trial, time, unit)`.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> activity = 0.9 ** np.arange(50)[None, :, None] * np.array([[[1.0]], [[-2.0]]])
    >>> system, states = sx.fits.least_squares(dt=10.0)(activity, None)
    >>> round(float(system.evaluate(np.array([1.0]))[0]), 4)
    0.9
    """
    return _LeastSquares(nonlinearity, tau, dt, ridge, smooth)


@checked
def pca_linear(
    components: Count = 5,
    *,
    dt: Milliseconds = 10.0,
    ridge: NotNegative = 1e-6,
    smooth: NotNegative = 0.0,
) -> Fit:
    """Return a fit of a linear map of the first principal components of the activity.

    Parameters
    ----------
    components
        The number of principal components, which are the states of the map.
    dt
        The duration of a step in ms.
    ridge, smooth
        As in `least_squares`.

    Returns
    -------
    function
        As of `least_squares`; its states are the principal components `(trial, time, component)`.
        If there are fewer units than components, it raises InvalidInputError.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> activity = np.random.default_rng(0).normal(size=(4, 50, 10))
    >>> system, states = sx.fits.pca_linear(2)(activity, None)
    >>> states.shape
    (4, 50, 2)
    """
    return _LeastSquares("identity", dt, dt, ridge, smooth, components)


show_public_names(__name__)
