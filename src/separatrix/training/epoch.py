"""The programs of an epoch: its trials drawn on the device, its steps learned."""

import copy
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from .._types import Array
from ..networks import AbstractNetwork, trained_leaves
from ..tasks import AbstractTask, Trials
from .batches import AbstractBatches
from .devices import Division
from .history import Measures
from .loss import Loss, require_one_number
from .optimizer import Optimizer
from .regularizers import AbstractRegularizer

M = TypeVar("M", bound=eqx.Module)


class Epoch(eqx.Module):
    """The compiled program of one epoch; everything here is static for the compiler."""

    task: AbstractTask
    batches: AbstractBatches
    loss: Loss = eqx.field(static=True)
    optimizer: Optimizer = eqx.field(static=True)
    batch_size: int = eqx.field(static=True)
    epoch_steps: int = eqx.field(static=True)
    regularizers: tuple[AbstractRegularizer, ...] = ()
    division: Division = Division(1)
    noise: Float[Array, ""] | None = None
    """The σ of the units' private noise, where it is another number than the network's."""

    @property
    def num_measures(self) -> int:
        """How many `Measures` there are."""
        return 3 if self.regularizers else 2

    def objective(
        self, network: AbstractNetwork, trials: Trials, key: PRNGKeyArray
    ) -> tuple[Array, Measures]:
        """Return what is minimized and its parts; the key is for the units' own noise."""
        if self.noise is not None:
            network = with_number(network, "noise", self.noise)
        states = self.division.unroll(network, trials.inputs, key)
        outputs = network.outputs(states)
        loss = require_one_number(self.loss(outputs, trials), "loss")
        score = self.task.score(outputs, trials)
        if not self.regularizers:
            return loss, (loss, score)
        penalties = [
            require_one_number(each.penalty(network, states, trials), type(each).__name__)
            for each in self.regularizers
        ]
        penalty = jnp.stack(penalties).sum()
        return loss + penalty, (loss, score, penalty)

    def start(self, network: AbstractNetwork) -> Any:
        """Return the optimizer's state before the first step."""
        return self.optimizer.start(network)

    def draw(self, key: PRNGKeyArray, first: Int[Array, ""]) -> Trials:
        """Draw the batches of `epoch_steps` steps; all at once cost a third of one by one."""
        steps = first + jnp.arange(self.epoch_steps)
        return jax.vmap(lambda step: self.batches.draw(self.task, key, step, self.batch_size))(
            steps
        )

    def advance(
        self,
        network: AbstractNetwork,
        memory: Any,
        trials: Trials,
        key: PRNGKeyArray,
        first: Int[Array, ""],
        count: Int[Array, ""],
    ) -> tuple[Any, Any, Measures, Bool[Array, ""]]:
        """Do steps `first` to `first + count`; of the returned measures the first `count` count.

        `trials` are what `draw` gave. Returned are the weights, the optimizer's state, the
        measures, and whether all weights are finite.
        """
        weights, fixed = eqx.partition(network, trained_leaves(network))

        @functools.partial(jax.grad, has_aux=True)
        def gradient_of(weights: Any, batch: Trials, step: Array) -> tuple[Array, Measures]:
            # A number that no split of the trials' key can give.
            noise_key = jr.fold_in(jr.fold_in(key, step), 0x6E6F6973)
            return self.objective(eqx.combine(weights, fixed), batch, noise_key)

        def learn(index: Array, carry: tuple) -> tuple:
            weights, memory, history = carry
            batch = jax.tree.map(lambda x: x[index], trials)
            gradient, measured = self._at_its_length(gradient_of, weights, batch, first + index)
            update, memory = self.optimizer.transformation.update(gradient, memory, weights)
            weights = eqx.apply_updates(weights, update)
            measured = jax.tree.map(lambda m: m.astype(jnp.float32), measured)
            return weights, memory, jax.tree.map(lambda h, m: h.at[index].set(m), history, measured)

        history = (jnp.zeros(self.epoch_steps, jnp.float32),) * self.num_measures
        # `count` is a value, not a shape: a last, shorter epoch runs the same program.
        weights, memory, history = jax.lax.fori_loop(0, count, learn, (weights, memory, history))
        sound = jnp.stack([jnp.isfinite(w).all() for w in jax.tree.leaves(weights)]).all()
        return self.division.everywhere((weights, memory, history, sound))

    def _at_its_length(
        self, function: Callable[..., Any], weights: Any, batch: Trials, step: Array
    ) -> Any:
        """Return the function of a batch that is cut where all of its trials have ended."""
        cuts = self.batches.cuts(self.task)
        if len(cuts) < 2:
            return function(weights, batch, step)
        last = jnp.max(jnp.where(batch.inside, jnp.arange(1, batch.num_steps + 1), 1))
        programs = [lambda cut=cut: function(weights, batch.until(cut), step) for cut in cuts]
        return jax.lax.switch(jnp.searchsorted(jnp.array(cuts), last), programs)


def with_number(module: M, name: str, number: Float[Array, ""] | float) -> M:
    """Return a copy in which a number that is static has a value that a program is given."""
    changed = copy.copy(module)
    object.__setattr__(changed, name, number)
    return changed


@functools.cache
def compiled(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of `Epoch` as a program that returns before it has ended.

    `eqx.filter_jit` would wait for the end. On a CPU the first level of optimization gives the
    faster code: the higher levels take twice as long to compile it, and their unrolled loops are
    longer than the short rows of a batch.
    """

    def call(arrays: list, others: tuple, structure: Any) -> Any:
        leaves = [a if o is None else o for a, o in zip(arrays, others, strict=True)]
        return method(*jax.tree.unflatten(structure, leaves))

    options = {"xla_backend_optimization_level": 1} if jax.default_backend() == "cpu" else None
    compiled = jax.jit(call, static_argnums=(1, 2), compiler_options=options)

    def start(*arguments: Any) -> Any:
        leaves, structure = jax.tree.flatten(arguments)
        arrays = [leaf if eqx.is_array_like(leaf) else None for leaf in leaves]
        others = tuple(None if eqx.is_array_like(leaf) else leaf for leaf in leaves)
        return compiled(arrays, others, structure)

    return start
