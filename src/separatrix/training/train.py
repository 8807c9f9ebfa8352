"""The training loop: one compiled program for an epoch, with its trials drawn on the device."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from .._types import Array, require_count
from ..networks import AbstractNetwork, check_network_fits
from ..tasks import AbstractTask, Trials
from .batches import AbstractBatches, WholeTrials
from .loss import Loss, default_loss
from .program_key import Optimizer
from .progress import no_report, progress_bar
from .record import History, Training, TrainingDivergedError, TrainingInterruptedError

Report = Callable[[int, float, float], None]
"""What is called after each epoch with the steps done, the epoch's mean loss and accuracy."""


def train(
    network: AbstractNetwork,
    task: AbstractTask,
    *,
    steps: int,
    batch_size: int = 16,
    optimizer: optax.GradientTransformation | None = None,
    key: PRNGKeyArray,
    loss: Loss = default_loss,
    batches: AbstractBatches | None = None,
    epoch_steps: int = 64,
    progress: bool | Report = True,
) -> Training:
    r"""Train a network on a task by back-propagation through time.

    Each step draws a batch of trials on the device and follows the gradient of the loss,
    $\theta \leftarrow \theta + \mathrm{update}(\nabla_\theta L)$; `epoch_steps` steps are one
    compiled program, so nothing returns to Python in between.

    Parameters
    ----------
    network
        The network to start from; it is not changed.
    task
        Where the trials come from.
    steps
        The number of training steps, at least 1.
    batch_size
        Trials (or windows) in a batch.
    optimizer
        Any optax optimizer; None means `optax.adam(1e-3)`.
    key
        A JAX random key: the same key gives the same numbers, bit for bit, on the same machine.
    loss
        A function (outputs, trials) → number; by default the one that the task's trials ask for:
        the cross-entropy over all steps for classes, the mean squared error for target values,
        weighed by `trials.mask`.
    batches
        `WholeTrials()` (default) or `Windows(steps)`.
    epoch_steps
        Steps between two reports. The numbers do not depend on it.
    progress
        True shows a live progress bar, False nothing; or a function (steps done, loss, accuracy).

    Returns
    -------
    Training
        `.network` and `.history` (loss and accuracy of every step).

    Raises
    ------
    InvalidInputError
        When network and task do not fit each other, or weights are not finite.
    TrainingDivergedError
        When the loss or a weight stops being finite; it carries the history up to that step.
    TrainingInterruptedError
        On Ctrl-C; it carries the network and history so far.

    Examples
    --------
    >>> import jax, optax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(task.num_inputs, 64, task.num_outputs, key=jax.random.key(0))
    >>> fit = sx.train(net, task, steps=64, key=jax.random.key(1), progress=False)
    >>> len(fit.history)
    64
    """
    _check_fit(network, task, steps, batch_size, epoch_steps)
    optimizer = optax.adam(1e-3) if optimizer is None else optimizer
    batches = WholeTrials() if batches is None else batches
    program = Epoch(task, batches, loss, optimizer, batch_size, epoch_steps)
    if callable(progress):
        return _run(program, network, key, steps, progress)
    with progress_bar(steps) if progress else no_report() as report:
        return _run(program, network, key, steps, report)


class Epoch(eqx.Module):
    """The compiled program of one epoch; everything here is static for the compiler."""

    task: AbstractTask
    batches: AbstractBatches
    loss: Loss = eqx.field(static=True)
    optimizer: Optimizer = eqx.field(static=True, converter=Optimizer)
    batch_size: int = eqx.field(static=True)
    epoch_steps: int = eqx.field(static=True)

    def objective(
        self, network: AbstractNetwork, trials: Trials, key: PRNGKeyArray
    ) -> tuple[Array, Array]:
        """Return the loss and, beside it, the accuracy; the key is for the units' own noise."""
        outputs = network.outputs(network.unroll_noisy(trials.inputs, key))
        return self.loss(outputs, trials), self.task.score(outputs, trials)

    def start(self, network: AbstractNetwork) -> Any:
        """Return the optimizer's state before the first step."""
        return self.optimizer.transformation.init(eqx.filter(network, eqx.is_inexact_array))

    def __call__(self, *arguments: Any) -> tuple[AbstractNetwork, Any, Array, Array, Array]:
        """Do `advance`, compiled."""
        return _compiled()(self, *arguments)

    def advance(
        self,
        network: AbstractNetwork,
        memory: Any,
        key: PRNGKeyArray,
        first: Int[Array, ""],
        count: Int[Array, ""],
    ) -> tuple[AbstractNetwork, Any, Float[Array, " step"], Float[Array, " step"], Bool[Array, ""]]:
        """Do steps `first` to `first + count`; of the returned losses the first `count` count.

        The last thing returned tells whether all weights are finite.
        """
        weights, fixed = eqx.partition(network, eqx.is_inexact_array)
        steps = first + jnp.arange(self.epoch_steps)
        # Drawing the whole epoch at once costs a third of drawing it batch by batch.
        trials = jax.vmap(lambda step: self.batches.draw(self.task, key, step, self.batch_size))(
            steps
        )

        def objective(weights: Any, batch: Trials, step: Array) -> tuple[Array, Array]:
            # A number that no split of the trials' key can give.
            noise_key = jr.fold_in(jr.fold_in(key, step), 0x6E6F6973)
            return self.objective(eqx.combine(weights, fixed), batch, noise_key)

        def learn(index: Array, carry: tuple) -> tuple:
            weights, memory, losses, accuracies = carry
            batch = jax.tree.map(lambda x: x[index], trials)
            (value, score), gradient = jax.value_and_grad(objective, has_aux=True)(
                weights, batch, first + index
            )
            update, memory = self.optimizer.transformation.update(gradient, memory, weights)
            weights = eqx.apply_updates(weights, update)
            return weights, memory, losses.at[index].set(value), accuracies.at[index].set(score)

        empty = jnp.zeros(self.epoch_steps, jnp.float32)
        carry = (weights, memory, empty, empty)
        # `count` is a value, not a shape: a last, shorter epoch runs the same program.
        weights, memory, losses, accuracies = jax.lax.fori_loop(0, count, learn, carry)
        sound = jnp.stack([jnp.isfinite(w).all() for w in jax.tree.leaves(weights)]).all()
        return eqx.combine(weights, fixed), memory, losses, accuracies, sound


@functools.cache
def _compiled() -> Callable[..., tuple]:
    """Return the epoch's program; on a CPU the first level of optimization gives the faster code.

    The higher levels take twice as long to compile it, and their unrolled loops are longer than the
    short rows of a batch.
    """
    options = {"xla_backend_optimization_level": 1} if jax.default_backend() == "cpu" else None
    return eqx.filter_jit(Epoch.advance, compiler_options=options)  # type: ignore[call-overload]


def _run(
    program: Epoch, network: AbstractNetwork, key: PRNGKeyArray, steps: int, report: Report
) -> Training:
    """Run epochs until `steps` are done, watching for divergence and for Ctrl-C."""
    losses: list[np.ndarray] = []
    accuracies: list[np.ndarray] = []

    def training(network: AbstractNetwork) -> Training:
        history = History(
            loss=np.concatenate([*losses, np.zeros(0, np.float32)]),
            accuracy=np.concatenate([*accuracies, np.zeros(0, np.float32)]),
            epoch_steps=program.epoch_steps,
        )
        return Training(network, history)

    memory = program.start(network)
    try:
        for first, count in _epochs(steps, program.epoch_steps):
            following, memory, loss, score, sound = program(
                network, memory, key, jnp.int32(first), jnp.int32(count)
            )
            finite = np.isfinite(np.asarray(loss)[:count])
            done = count if finite.all() else int(np.argmin(finite)) + 1
            losses.append(np.asarray(loss)[:done])
            accuracies.append(np.asarray(score)[:done])
            if not finite.all():
                raise TrainingDivergedError(first + done - 1, training(network))
            if not bool(sound):
                what = "weights are not finite after"
                raise TrainingDivergedError(first + done - 1, training(network), what)
            network = following
            report(first + count, float(losses[-1].mean()), float(accuracies[-1].mean()))
    except KeyboardInterrupt as interrupt:
        kept = min(len(losses), len(accuracies))
        del losses[kept:], accuracies[kept:]
        raise TrainingInterruptedError(training(network)) from interrupt
    return training(network)


def _epochs(steps: int, epoch_steps: int) -> Iterator[tuple[int, int]]:
    for first in range(0, steps, epoch_steps):
        yield first, min(epoch_steps, steps - first)


def _check_fit(
    network: AbstractNetwork, task: AbstractTask, steps: int, batch_size: int, epoch_steps: int
) -> None:
    for name, value in (("steps", steps), ("batch_size", batch_size), ("epoch_steps", epoch_steps)):
        require_count(value, name)
    check_network_fits(network, task.num_inputs, task.num_outputs, task.dt)
