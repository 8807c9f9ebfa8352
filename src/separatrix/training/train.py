"""The training loop: epoch after epoch, each of them two compiled programs."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import equinox as eqx
import numpy as np
import optax
from jaxtyping import PRNGKeyArray

from .._types import Array, GivenKey, require_count, require_key, require_kind
from ..networks import AbstractNetwork, check_network_fits, trained_leaves
from ..tasks import AbstractTask
from .batches import AbstractBatches, WholeTrials
from .checkpoint import Checkpoint, Keeper, Standing, identity
from .devices import Division, check_divisible
from .epoch import Epoch, compiled
from .history import History, Training, TrainingDivergedError, TrainingInterruptedError
from .loss import Loss, default_loss
from .optimizer import Optimizer
from .progress import no_report, training_bar
from .regularizers import AbstractRegularizer, check_regularizers

Report = Callable[[int, float, float], None]
"""What is called after each epoch with the steps done, the epoch's mean loss and accuracy."""


def train(
    network: AbstractNetwork,
    task: AbstractTask,
    *,
    steps: int,
    batch_size: int = 16,
    optimizer: optax.GradientTransformation | None = None,
    key: GivenKey,
    loss: Loss = default_loss,
    regularizers: Iterable[AbstractRegularizer] = (),
    batches: AbstractBatches | None = None,
    epoch_steps: int = 64,
    progress: bool | Report = True,
    checkpoint: Checkpoint | None = None,
    devices: int = 1,
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
    checkpoint
        A file in which the training is kept while it goes on, and from which it goes on when it is
        there: `sx.Checkpoint("fit.checkpoint")`.
    devices
        Among how many of `jax.devices()` the trials of each batch are divided. A recurrence keeps
        little more than one core busy, so on a processor as many devices as cores pay where units
        and trials are many; `jax.config.update("jax_num_cpu_devices", 2)` makes two, before
        anything else is done with JAX. What is learned is the same but for rounding, and for the
        units' private noise, which has other numbers with another number of devices.

    Returns
    -------
    Training
        `.network` and `.history` (task loss and accuracy of every step, and apart from them the
        penalty of the regularizers).

    Raises
    ------
    InvalidInputError
        When network and task do not fit each other, weights are not finite, a regularizer does
        not fit the network, `key` is no random key, or another argument is not what it should be;
        when JAX has fewer devices, or `batch_size` is no multiple of them; when the checkpoint is
        of another training, or of more steps than are asked for.
    UnreadableFileError
        When the checkpoint is damaged.
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
    optimizer = optax.adam(1e-3) if optimizer is None else optimizer
    batches = WholeTrials() if batches is None else batches
    for value, kind, name, expected in (
        (network, AbstractNetwork, "network", "one such as sx.networks.CTRNN(…)"),
        (task, AbstractTask, "task", "one such as sx.tasks.GoNoGo()"),
        (optimizer, optax.GradientTransformation, "optimizer", "one of optax, as optax.adam(1e-3)"),
        (loss, Callable, "loss", "a function of outputs and trials"),
        (batches, AbstractBatches, "batches", "sx.WholeTrials() or sx.Windows(steps)"),
    ):
        require_kind(value, kind, name, expected)
    if checkpoint is not None:
        require_kind(checkpoint, Checkpoint, "checkpoint", 'one such as sx.Checkpoint("a file")')
    _check_fit(network, task, steps, batch_size, epoch_steps)
    division = Division(require_count(devices, "devices"))
    check_divisible(batch_size, devices)
    regularizers = check_regularizers(regularizers)
    require_key(key)
    program = Epoch(
        task,
        batches,
        loss,
        Optimizer(optimizer, network),
        batch_size,
        epoch_steps,
        regularizers,
        division,
    )
    keeper = Keeper(checkpoint, lambda: identity(program, network, key))
    course = Course(program, network, keeper, steps)
    if callable(progress):
        return _run(program, course, key, steps, progress)
    with training_bar(steps) if progress else no_report() as report:
        return _run(program, course, key, steps, report)


def _run(
    program: Epoch, course: "Course", key: PRNGKeyArray, steps: int, report: Report
) -> Training:
    """Run epochs until `steps` are done, watching for divergence and for Ctrl-C.

    While one epoch is learned, the trials of the next one are drawn, and the one before is looked
    at: JAX returns before a computation has ended.
    """
    draw, advance = compiled(Epoch.draw), compiled(Epoch.advance)
    network, memory = program.division.everywhere(course.settled[:2])
    begun = course.steps
    fixed = eqx.filter(network, trained_leaves(network), inverse=True)
    try:
        course.tell(report)
        trials = draw(program, key, np.array(begun, np.int32)) if begun < steps else None
        for first, count in _epochs(begun, steps, program.epoch_steps):
            # NumPy's numbers: making one of JAX's starts a program of its own.
            weights, memory, measures, sound = advance(
                program,
                network,
                memory,
                program.division.divided(trials),
                key,
                np.array(first, np.int32),
                np.array(count, np.int32),
            )
            network = eqx.combine(weights, fixed)
            if first + count < steps:
                trials = draw(program, key, np.array(first + count, np.int32))
            course.settle()
            course.wait_for(first, count, Standing(network, memory, measures), sound)
        course.settle()
    except KeyboardInterrupt as interrupt:
        course.keep()
        raise TrainingInterruptedError(course.training()) from interrupt
    course.keep()
    return course.training()


Settled = tuple[AbstractNetwork, Any, int]
"""A network, the optimizer's memory, and of how many of the kept epochs they come."""


class Course:
    """What is known of a training: its history, and the network at the end of it."""

    def __init__(self, program: Epoch, network: AbstractNetwork, keeper: Keeper, steps: int):
        self.epoch_steps, self.keeper = program.epoch_steps, keeper
        self.division = program.division
        nothing = (np.zeros(0, np.float32),) * program.num_measures
        begun = keeper.read(Standing(network, program.start(network), nothing), steps)
        self.kept = [begun.measures]
        # What belongs together changes in one assignment: Ctrl-C may come between any two.
        self.settled: Settled = begun.network, begun.memory, len(self.kept)
        self.waiting: tuple[int, int, Standing, Array] | None = None
        self.report: Report = lambda done, loss, accuracy: None

    @property
    def steps(self) -> int:
        """How many steps are settled."""
        return sum(len(columns[0]) for columns in self.kept[: self.settled[-1]])

    def tell(self, report: Report) -> None:
        """Report from now on, at once what an earlier call has done."""
        self.report, (loss, accuracy, *_) = report, self.kept[-1]
        if self.steps:
            last = slice(-self.epoch_steps, None)
            report(self.steps, float(loss[last].mean()), float(accuracy[last].mean()))

    def standing(self) -> Standing:
        """Return where the training stands after the epochs that are settled."""
        network, memory, epochs = self.settled
        return Standing(network, memory, self._measures(epochs))

    def training(self) -> Training:
        """Return the network and the history of the epochs that are settled."""
        network, _, epochs = self.settled
        return self._told(network, epochs)

    def _told(self, network: AbstractNetwork, epochs: int) -> Training:
        loss, accuracy, *penalties = self._measures(epochs)
        penalty = penalties[0] if penalties else None
        history = History(loss, accuracy, self.epoch_steps, penalty)
        return Training(self.division.gathered(network), history)

    def _measures(self, epochs: int) -> tuple[np.ndarray, ...]:
        return tuple(np.concatenate(column) for column in zip(*self.kept[:epochs], strict=True))

    def keep(self) -> None:
        """Bring the checkpoint up to date, where there is one."""
        if self.keeper.has_file:
            self.keeper.write(self.standing())

    def wait_for(self, first: int, count: int, standing: Standing, sound: Array) -> None:
        """Take over an epoch that may still be computed."""
        self.waiting = first, count, standing, sound

    def settle(self) -> None:
        """Wait for the epoch that was taken over; keep it, unless it diverged, and report it."""
        if self.waiting is None:
            return
        first, count, (network, memory, measures), sound = self.waiting
        rows = tuple(np.asarray(each)[:count] for each in measures)
        finite = np.isfinite(rows[0]) & np.isfinite(rows[-1] if len(rows) > 2 else rows[0])
        done = count if finite.all() else int(np.argmin(finite)) + 1
        self.waiting = None
        self.kept.append(tuple(each[:done] for each in rows))
        if not (finite.all() and bool(sound)):
            reached = self._told(self.settled[0], len(self.kept))
            of_weights = bool(finite.all())
            raise TrainingDivergedError(first + done - 1, reached, of_weights)
        self.settled = network, memory, len(self.kept)
        if self.keeper.is_due:
            self.keeper.write(self.standing())
        self.report(first + count, float(rows[0].mean()), float(rows[1].mean()))


def _epochs(begun: int, steps: int, epoch_steps: int) -> Iterator[tuple[int, int]]:
    for first in range(begun, steps, epoch_steps):
        yield first, min(epoch_steps, steps - first)


def _check_fit(
    network: AbstractNetwork, task: AbstractTask, steps: int, batch_size: int, epoch_steps: int
) -> None:
    for name, value in (("steps", steps), ("batch_size", batch_size), ("epoch_steps", epoch_steps)):
        require_count(value, name)
    check_network_fits(network, task.num_inputs, task.num_outputs, task.dt)
