"""The generator of LFADS."""

from typing import Any

import numpy as np

from ..networks import from_state_dict
from ..systems import DiscreteMap
from .checks import checked


def lfads_generator(
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    *,
    input: Any = None,
    clip: float | None = 5.0,
    dt: float = 1.0,
) -> DiscreteMap:
    r"""Return LFADS's generator, a gated network with the reset gate before the recurrent weights.

    $$z = \sigma(W_{iz} u + b_{iz} + W_{hz} h + b_{hz}), \quad
      r = \sigma(W_{ir} u + b_{ir} + W_{hr} h + b_{hr}),$$
    $$c = \tanh\big(W_{in} u + b_{in} + W_{hn} (r \circ h) + b_{hn}\big), \quad
      h' = \mathrm{clip}\big(z \circ h + (1 - z) \circ c\big)$$

    To get the generator as a network, with its factors as outputs, use
    `sx.networks.from_state_dict(…, layout="lfads")`.

    Parameters
    ----------
    weight_ih, weight_hh
        Weights `(3 unit, channel)` and `(3 unit, unit)`: first the rows of z, then of r, then of c.
    bias_ih, bias_hh
        Biases `(3 unit,)`.
    input
        The input u `(channel,)` that is frozen in: the inputs that the controller infers, followed
        by external inputs. None means zeros.
    clip
        The bound on states (LFADS's `cell_clip`): after every step, each unit is cut off at ±clip.
        The bound must be at least 1. None means no bound.
    dt
        Duration of a step in ms. With 1, the step is the unit of time.

    Returns
    -------
    DiscreteMap
        A map. The search for fixed points solves c(h) = h, with the candidate state c, and not
        h' = h, with the next state h'. Both equations have the same solutions. But the difference
        h' − h is (1 − z) ∘ (c(h) − h) where no state is cut off. If the gate z is near 1, this
        difference is also small far from any fixed point, and would mislead a search.

    Raises
    ------
    InvalidInputError
        If an array has the wrong shape, or contains NaN or infinity. If `clip` is below 1.

    References
    ----------
    Pandarinath et al. (2018) Nat. Methods 15:805; Sedler & Pandarinath (2023) arXiv:2309.01230.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> system = sx.models.lfads_generator(
    ...     np.ones((12, 2)), np.zeros((12, 4)), np.zeros(12), np.zeros(12), input=[0.1, 0.2]
    ... )
    >>> sx.find_fixed_points(system, np.zeros((1, 4))).states.round(4).tolist()
    [[0.2913, 0.2913, 0.2913, 0.2913]]
    """
    arrays = {
        "weight_ih": (weight_ih, "gates channel"),
        "weight_hh": (weight_hh, "gates unit"),
        "bias_ih": (bias_ih, "gates"),
        "bias_hh": (bias_hh, "gates"),
    }
    values = checked("lfads_generator", **arrays)
    cell = dict(zip(arrays, values, strict=True))
    network = from_state_dict(cell, layout="lfads", clip=clip, dt=dt)
    return network.at_input(np.zeros(network.num_inputs) if input is None else input)
