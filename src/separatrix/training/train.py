"""The training loop: one compiled program for an epoch, with its trials drawn on the device."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jaxtyping import Bool, Int, PRNGKeyArray

from .._types import Array, require_count
from ..networks import AbstractNetwork, check_network_fits
from ..tasks import AbstractTask, Trials
from .batches import AbstractBatches, WholeTrials
from .loss import Loss, default_loss
from .program_key import Optimizer
from .progress import no_report, progress_bar
from .record import History, Training, TrainingDivergedError, TrainingInterruptedError
from .regularizers import AbstractRegularizer, check_regularizers

Measures = tuple[Array, ...]
"""The task's loss, the accuracy and, where there are regularizers, their penalty."""
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
    regularizers: Iterable[AbstractRegularizer] = (),
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
    regularizers
        Penalties that are added to the loss, from `sx.regularizers`.
    batches
        `WholeTrials()` (default) or `Windows(steps)`.
    epoch_steps
        Steps between two reports. The numbers do not depend on it.
    progress
        True shows a live progress bar, False nothing; or a function (steps done, loss, accuracy).

    Returns
    -------
    Training
        `.network` and `.history` (task loss and accuracy of every step, and apart from them the
        penalty of the regularizers).

    Raises
    ------
    InvalidInputError
        When network and task do not fit each other, weights are not finite, or a regularizer does
        not fit the network.
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
    regularizers = check_regularizers(regularizers)
    program = Epoch(task, batches, loss, optimizer, batch_size, epoch_steps, regularizers)
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
    regularizers: tuple[AbstractRegularizer, ...] = ()

    def objective(
        self, network: AbstractNetwork, trials: Trials, key: PRNGKeyArray
    ) -> tuple[Array, Measures]:
        """Return what is minimized and its parts; the key is for the units' own noise."""
        states = network.unroll_noisy(trials.inputs, key)
        outputs = network.outputs(states)
        loss, score = self.loss(outputs, trials), self.task.score(outputs, trials)
        if not self.regularizers:
            return loss, (loss, score)
        penalties = [each.penalty(network, states, trials) for each in self.regularizers]
        penalty = jnp.stack(penalties).sum()
        return loss + penalty, (loss, score, penalty)

    def start(self, network: AbstractNetwork) -> Any:
        """Return the optimizer's state before the first step."""
        return self.optimizer.transformation.init(eqx.filter(network, eqx.is_inexact_array))

    def __call__(self, *arguments: Any) -> tuple[AbstractNetwork, Any, Measures, Array]:
        """Do `advance`, compiled."""
        return _compiled()(self, *arguments)

    def advance(
        self,
        network: AbstractNetwork,
        memory: Any,
        key: PRNGKeyArray,
        first: Int[Array, ""],
        count: Int[Array, ""],
    ) -> tuple[AbstractNetwork, Any, Measures, Bool[Array, ""]]:
        """Do steps `first` to `first + count`; of the returned measures the first `count` count.

        The last thing returned tells whether all weights are finite.
        """
        weights, fixed = eqx.partition(network, eqx.is_inexact_array)
        steps = first + jnp.arange(self.epoch_steps)
        # Drawing the whole epoch at once costs a third of drawing it batch by batch.
        trials = jax.vmap(lambda step: self.batches.draw(self.task, key, step, self.batch_size))(
            steps
        )

        def objective(weights: Any, batch: Trials, step: Array) -> tuple[Array, Measures]:
            # A number that no split of the trials' key can give.
            noise_key = jr.fold_in(jr.fold_in(key, step), 0x6E6F6973)
            return self.objective(eqx.combine(weights, fixed), batch, noise_key)

        def learn(index: Array, carry: tuple) -> tuple:
            weights, memory, history = carry
            batch = jax.tree.map(lambda x: x[index], trials)
            gradient, measured = jax.grad(objective, has_aux=True)(weights, batch, first + index)
            update, memory = self.optimizer.transformation.update(gradient, memory, weights)
            weights = eqx.apply_updates(weights, update)
            return weights, memory, jax.tree.map(lambda h, m: h.at[index].set(m), history, measured)

        history = (jnp.zeros(self.epoch_steps, jnp.float32),) * (3 if self.regularizers else 2)
        # `count` is a value, not a shape: a last, shorter epoch runs the same program.
        weights, memory, history = jax.lax.fori_loop(0, count, learn, (weights, memory, history))
        sound = jnp.stack([jnp.isfinite(w).all() for w in jax.tree.leaves(weights)]).all()
        return eqx.combine(weights, fixed), memory, history, sound


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
    kept: list[tuple[np.ndarray, ...]] = []

    def training(network: AbstractNetwork) -> Training:
        columns = [np.concatenate(column) for column in zip(*kept, strict=True)]
        loss, accuracy, *penalties = columns or [np.zeros(0, np.float32)] * 2
        penalty = penalties[0] if penalties else None
        return Training(network, History(loss, accuracy, program.epoch_steps, penalty))

    memory = program.start(network)
    try:
        for first, count in _epochs(steps, program.epoch_steps):
            # NumPy's numbers: making one of JAX's starts a program of its own.
            following, memory, measures, sound = program(
                network, memory, key, np.array(first, np.int32), np.array(count, np.int32)
            )
            rows = tuple(np.asarray(each)[:count] for each in measures)
            finite = np.isfinite(rows[0]) & np.isfinite(rows[-1] if len(rows) > 2 else rows[0])
            done = count if finite.all() else int(np.argmin(finite)) + 1
            kept.append(tuple(each[:done] for each in rows))
            if not finite.all():
                raise TrainingDivergedError(first + done - 1, training(network))
            if not bool(sound):
                what = "weights are not finite after"
                raise TrainingDivergedError(first + done - 1, training(network), what)
            network = following
            report(first + count, float(rows[0].mean()), float(rows[1].mean()))
    except KeyboardInterrupt as interrupt:
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
