"""An optimizer with a key, so that one program of training is compiled once."""

from typing import Any

import equinox as eqx
import jax
import optax

from ..networks import AbstractNetwork, trained_leaves
from ..systems.program import structural_key


class Optimizer:
    """An optax optimizer on the weights of a network, equal to another one that computes the same.

    `optax.adam(1e-3)` gives new functions every time. A compiled program is looked up by the
    functions in it, so two calls of `train` would compile it twice. What an optimizer computes is
    read from its trace: also what a schedule of one's own takes from elsewhere. Where it starts is
    no part of the program.
    """

    def __init__(self, transformation: optax.GradientTransformation, network: AbstractNetwork):
        weights = eqx.filter(network, trained_leaves(network))
        memory = jax.eval_shape(transformation.init, weights)
        self.transformation = transformation
        self.key = (
            structural_key(jax.make_jaxpr(transformation.update)(weights, memory, weights)),
            jax.tree.structure(memory),
        )
        self._hash = hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Optimizer) and self.key == other.key

    def __hash__(self) -> int:
        return self._hash

    def start(self, network: AbstractNetwork) -> Any:
        """Return the optimizer's state before the first step."""
        return self.transformation.init(eqx.filter(network, trained_leaves(network)))
