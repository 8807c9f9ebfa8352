"""Recurrent networks of textbooks: reservoirs with feedback, and memories of patterns."""

from typing import Any

import jax.numpy as jnp

from ..systems import DiscreteMap, Flow
from .checks import checked, with_input


def echo_state(
    W: Any,
    *,
    leak: Any = 1.0,
    bias: Any = 0.0,
    feedback: Any = None,
    readout: Any = None,
    readout_bias: Any = 0.0,
    input_weights: Any = None,
    input: Any = None,
    dt: float = 1.0,
) -> DiscreteMap:
    r"""Return an echo-state network, whose trained readout may be fed back.

    $$x_{t+1} = (1 - \alpha) x_t + \alpha \tanh(W x_t + B y_t + b + W_u u), \qquad
      y_t = C x_t + c$$

    Parameters
    ----------
    W
        The reservoir `(unit, unit)`, dense or sparse.
    leak
        The leak rate α: one number for all units, or one for each `(unit,)`.
    bias
        The bias b: one number for all units, or one for each `(unit,)`.
    feedback, readout
        B `(unit, output)` and the trained C `(output, unit)`. Both are None if there is no
        feedback.
    readout_bias
        The bias c of the readout: one number for all outputs, or one for each `(output,)`.
    input_weights, input
        W_u `(unit, channel)` and the input u `(channel,)` that is frozen in. Both are None if there
        is no input.
    dt
        Duration of a step in ms. With 1, the step is the unit of time.

    Returns
    -------
    DiscreteMap
        A discrete-time map whose state is the activity of the reservoir's units.

    Raises
    ------
    InvalidInputError
        If an array has the wrong shape, or contains NaN or infinity. If only one of B and C is
        given.

    References
    ----------
    Jaeger (2001) GMD Report 148; Lukoševičius (2012) in Neural Networks: Tricks of the Trade.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> system = sx.models.echo_state(np.zeros((2, 2)), leak=0.3, bias=[0.5, 0.0])
    >>> sx.find_fixed_points(system, np.zeros((1, 2))).states.round(4).tolist()
    [[0.4621, 0.0]]
    """
    given = {"W": (W, "unit unit"), "leak": (leak, "unit?"), "bias": (bias, "unit?")}
    if feedback is not None or readout is not None:
        given["feedback"], given["readout"] = (feedback, "unit output"), (readout, "output unit")
        given["readout_bias"] = (readout_bias, "output?")
    W, leak, bias, *loop = checked("echo_state", **given)

    def step(x: Any, drive: Any) -> Any:
        current = W @ x + (bias + drive)
        if loop:
            B, C, c = loop
            current = current + B @ (C @ x + c)
        return (1 - leak) * x + leak * jnp.tanh(current)

    return with_input(DiscreteMap, step, len(W), dt, "echo_state", input_weights, input)


def hopfield(patterns: Any, beta: Any, *, bias: Any = 0.0, tau: float = 10.0) -> Flow:
    r"""Return a Hopfield network of graded units that stores patterns.

    $$\tau\,\dot x = -x + \tanh(\beta W x + b), \qquad
      W = \frac{1}{N} \sum_\mu \xi^\mu (\xi^\mu)^\top$$

    Parameters
    ----------
    patterns
        The patterns ξ `(pattern, unit)`, with entries −1 and 1.
    beta
        The gain β. For orthogonal patterns without a bias, x = 0 is the only fixed point if β is at
        most 1, so such patterns are stored only if β is above 1.
    bias
        The bias b: one number for all units, or one for each `(unit,)`.
    tau
        Time constant in ms.

    Returns
    -------
    Flow
        The network. At a fixed point, the overlaps of the state with the patterns determine the
        state. With up to 8 patterns, `find_fixed_points` can therefore search the small space of
        the overlaps completely, for any number of units. Then it finds every fixed point.

    Raises
    ------
    InvalidInputError
        If an array has the wrong shape, or contains NaN or infinity. If tau is not positive.

    References
    ----------
    Hopfield (1984) PNAS 81:3088.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> system = sx.models.hopfield([[1, 1, -1, -1]], beta=2.0)
    >>> points = sx.find_fixed_points(system, np.eye(4))
    >>> points.complete, np.sort(points.states[:, 0]).round(4).tolist()
    (True, [-0.9575, 0.0, 0.9575])
    """
    patterns, beta, bias = checked(
        "hopfield", patterns=(patterns, "pattern unit"), beta=(beta, ""), bias=(bias, "unit?")
    )
    size = patterns.shape[1]

    def field(x: Any) -> Any:
        overlaps = patterns @ x / size
        return -x + jnp.tanh(beta * (patterns.T @ overlaps) + bias)

    return Flow(field, size, tau, domain=(-1.0, 1.0))
