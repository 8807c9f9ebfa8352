"""The training loop: epoch after epoch, each of them two compiled programs."""

from collections.abc import Iterable
from contextlib import nullcontext

import equinox as eqx
import numpy as np
import optax
from jaxtyping import PRNGKeyArray

from .._checked import Count, checked
from .._stopping import stop_if_asked, stop_noticed
from .._types import GivenKey
from ..networks import AbstractNetwork, trained_leaves
from ..tasks import AbstractTask
from .batches import AbstractBatches, WholeTrials
from .checkpoint import Checkpoint, Keeper, TrainingSnapshot, identity
from .epoch import Epoch, compiled
from .history import Ending, Training, TrainingInterruptedError
from .loss import Loss, default_loss
from .plan import Member, Plan
from .progress import training_bar
from .regularizers import AbstractRegularizer, listed_regularizers
from .state import Report, TrainingState, begun, epochs_of
from .threshold import Threshold


@checked
def train(
    network: AbstractNetwork,
    task: AbstractTask,
    *,
    steps: Count,
    batch_size: Count = 16,
    optimizer: optax.GradientTransformation | None = None,
    key: GivenKey,
    loss: Loss = default_loss,
    regularizers: Iterable[AbstractRegularizer] = (),
    batches: AbstractBatches | None = None,
    epoch_steps: Count = 64,
    until: Threshold | None = None,
    progress: bool | Report = True,
    checkpoint: Checkpoint | None = None,
    devices: Count = 1,
) -> Training:
    r"""Train a network on a task by back-propagation through time.

    Each step draws a batch of trials on the device and follows the gradient of the loss,
    $\theta \leftarrow \theta + \mathrm{update}(\nabla_\theta L)$. One compiled program runs
    `epoch_steps` steps before it returns to Python.

    Parameters
    ----------
    network
        The network to start from; it is not changed.
    task
        The task whose trials the network is trained on.
    steps
        The number of training steps, at least 1. With `until`, this is the maximum number of steps.
    batch_size
        Trials (or windows) in a batch.
    optimizer
        Any optax optimizer; None means `optax.adam(1e-3)`.
    key
        A JAX random key. The same key gives the same numbers, bit for bit, with the same versions
        of packages, the same processor, and the same settings of JAX and XLA. The number of cores
        that the process may use must be the same, too.
    loss
        A function (outputs, trials) → number. By default the targets of the trials determine the
        loss (`sx.training.default_loss`). For targets that are classes it is the cross-entropy over
        all steps. For targets that are numbers it is the mean squared error, or `rate_error` if the
        sigmoid of the outputs has to follow them. Each of these losses weights the steps by
        `trials.mask`.
    regularizers
        Penalties that are added to the loss, from `sx.regularizers`.
    batches
        `WholeTrials()` (default) or `Windows(steps)`.
    epoch_steps
        The number of steps in an epoch. At the end of each epoch, progress is reported and `until`
        is checked. So this number can change when `until` stops the training, and nothing else in
        the result.
    until
        Training stops as soon as the network has kept a loss or an accuracy long enough:
        `sx.Threshold(loss=0.02, patience=192)`.
    progress
        True shows a live progress bar, and False shows nothing. You may also give a function: after
        each epoch, it is called with the number of steps done and the mean loss and accuracy of the
        epoch.
    checkpoint
        A file in which training saves its state, `sx.Checkpoint("fit.checkpoint")`. If the file
        exists, because an earlier call was stopped, training continues from the state in it.
    devices
        The number of `jax.devices()` among which the trials of each batch are divided. On a CPU,
        JAX has one device unless you ask for more, and a recurrent network on one device keeps
        little more than one core busy. So for many units and trials, use as many devices as cores.
        To make two devices, call `jax.config.update("jax_num_cpu_devices", 2)` before any other use
        of JAX. What the network learns is the same except for rounding and for the units' private
        noise, whose numbers depend on the number of devices.

    Returns
    -------
    Training
        `.network` is the trained network. `.history` holds the task's loss and the accuracy of
        every step, and separately the penalty of the regularizers. `.ending` says whether all steps
        were done or the threshold was reached.

    Raises
    ------
    InvalidInputError
        If the network does not fit the task, if weights are not finite, or if a regularizer does
        not fit the network. If `loss` or a penalty does not give one real number. If `key` is not a
        random key, or another argument has the wrong type or value. If JAX has fewer devices than
        asked for, or `batch_size` is not a multiple of `devices`. If the checkpoint belongs to a
        different training, or has more steps than asked for.
    UnreadableFileError
        If the checkpoint is damaged.
    TrainingDivergedError
        If the loss or a weight stops being finite. The error carries the history up to that step.
    TrainingInterruptedError
        On Ctrl-C. The error carries the network and history so far.

    Examples
    --------
    >>> import jax, optax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(task.num_inputs, 64, task.num_outputs, key=jax.random.key(0))
    >>> fit = sx.train(net, task, steps=64, key=jax.random.key(1), progress=False)
    >>> len(fit.history)
    64
    """
    plan = Plan(
        task,
        steps,
        batch_size,
        loss,
        WholeTrials() if batches is None else batches,
        epoch_steps,
        until,
        devices,
    )
    optimizer = optax.adam(1e-3) if optimizer is None else optimizer
    member = Member(network, key, optimizer, listed_regularizers(regularizers))
    plan.check(member)
    return train_member(plan, member, progress, checkpoint)


def train_member(
    plan: Plan,
    member: Member,
    progress: bool | Report = False,
    checkpoint: Checkpoint | None = None,
) -> Training:
    """Train one network as it is planned; see `train`."""
    program = plan.program(member)
    keeper = Keeper(checkpoint, lambda: identity(program, member.network, member.key))
    start = begun(program, member.network, program.start(member.network))
    state = TrainingState(plan, keeper.read(start, plan.steps), keeper, plan.division.gathered)
    own = nullcontext(progress if callable(progress) else lambda done, loss, accuracy: None)
    with training_bar(plan.steps) if progress is True else own as report:
        return _run(program, state, member.key, plan.steps, report)


def _run(
    program: Epoch, state: TrainingState, key: PRNGKeyArray, steps: int, report: Report
) -> Training:
    """Run epochs until `steps` are done, watching for divergence and for Ctrl-C.

    While one epoch is learned, the trials of the next one are drawn, and the one before is looked
    at: JAX returns before a computation has ended.
    """
    draw, advance = compiled(Epoch.draw), compiled(Epoch.advance)
    network, memory = program.division.everywhere(state.completed[:2])
    done = state.steps
    end = done if state.is_over else steps
    fixed = eqx.filter(network, trained_leaves(network), inverse=True)
    try:
        state.set_callback(report)
        trials = draw(program, key, np.array(done, np.int32)) if done < end else None
        for first, count in epochs_of(done, end, program.epoch_steps):
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
            if first + count < end:
                trials = draw(program, key, np.array(first + count, np.int32))
            state.settle()
            stop_if_asked()
            if state.is_over:  # what has been started meanwhile is left
                break
            state.wait_for(first, count, TrainingSnapshot(network, memory, measures), sound)
        state.settle()
    except KeyboardInterrupt as interrupt:
        stop_noticed()
        state.keep()
        raise TrainingInterruptedError(state.training(Ending.INTERRUPTED)) from interrupt
    state.keep()
    return state.training(Ending.THRESHOLD if state.is_over else Ending.ALL_STEPS)
