"""Training many networks of one form."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import jax
import numpy as np
import optax

from ..._checked import Count, checked
from ..._types import (
    InvalidInputError,
    is_random_key,
)
from ..._watch import progress_bar
from ...networks import AbstractNetwork
from ...tasks import AbstractTask
from ..batches import AbstractBatches, WholeTrials
from ..checkpoint import Checkpoint
from ..loss import Loss, default_loss
from ..plan import Member, Plan
from ..regularizers import AbstractRegularizer, listed_regularizers
from ..threshold import Threshold
from .mapped import train_mapped
from .result import Ensemble, EnsembleHistory, ProgressCallback
from .workers import train_in_workers


@checked
def train_ensemble(
    networks: Iterable[AbstractNetwork],
    task: AbstractTask,
    *,
    keys: Any,
    steps: Count,
    batch_size: Count = 16,
    optimizer: optax.GradientTransformation | Sequence[optax.GradientTransformation] | None = None,
    loss: Loss = default_loss,
    regularizers: Iterable[AbstractRegularizer] | Sequence[Iterable[AbstractRegularizer]] = (),
    batches: AbstractBatches | None = None,
    epoch_steps: Count = 64,
    until: Threshold | None = None,
    progress: bool = True,
    checkpoint: Checkpoint | None = None,
    workers: Count | None = None,
    devices: Count | None = None,
) -> Ensemble:
    r"""Train many networks on a task, each independently of the others.

    Network k is trained as by `sx.train(networks[k], task, key=keys[k], …)`. A network that reaches
    the threshold `until` stops, while the others go on. A network that diverges stops as well, and
    keeps its weights after the last epoch before the divergence. The other networks are not
    affected.

    Parameters
    ----------
    networks
        The networks to start from. If they are trained on `devices`, they may differ only in
        weights and private noise.
    task
        The task whose trials the networks are trained on.
    keys
        A JAX random key for each network: `jax.random.split(key, len(networks))`.
    optimizer
        One optimizer for all networks, or a list with one for each network.
    regularizers
        The regularizers of all networks, or a list with the regularizers of each network.
    workers
        The number of processes on this machine in which to train. Results are the same, bit for
        bit, as if each network were trained alone in a process of one thread. The processes are
        kept for the next call, which then does not import and compile again. On a CPU the default
        is one process for each core. A script must call this function under
        `if __name__ == "__main__":`, because each process reads the script again. A script without
        that line is refused.
    devices
        The number of `jax.devices()` to train on, in one program that maps over the networks. Each
        network gets the same trials as if it were trained alone, and results are the same except
        for rounding. On an accelerator the default is all devices.

        One program can train only networks of the same form. They may differ in weights and private
        noise, their regularizers in strength, and their optimizers in state. To give each network a
        different learning rate, use `optax.inject_hyperparams(optax.adam)(learning_rate=…)`. The
        trials of an epoch are in memory for all networks at once: fewer `epoch_steps` need less
        memory.
    steps, batch_size, loss, batches, epoch_steps, until
        As in `sx.train`.
    progress
        Whether to show a live progress bar.
    checkpoint
        As in `sx.train`, but only for training in processes. `sx.Checkpoint("fits")` keeps network
        k in the file `fits.k`. If you repeat a call that was stopped, the training of all networks
        continues.

    Returns
    -------
    Ensemble
        `.networks`, `.history` (loss and accuracy of every network and step) and `.endings`.
        `ensemble[k]` is the `Training` of network k.

    Raises
    ------
    InvalidInputError
        In all cases in which `sx.train` raises this error. If there is no network, or if there are
        not as many keys, optimizers or lists of regularizers as networks. If both `workers` and
        `devices` are given, or if `devices` is above the number of `jax.devices()`. If a
        `checkpoint` is given and the networks are trained on devices. If networks, regularizers or
        optimizers of different forms are trained on devices, because one program cannot train them.
    SeparatrixError
        If a network could not be trained because of another error, or because a worker process was
        lost.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.GoNoGo()
    >>> keys = jax.random.split(jax.random.key(0), (2, 3))
    >>> nets = [
    ...     sx.networks.CTRNN(task.num_inputs, 16, task.num_outputs, key=key) for key in keys[0]
    ... ]
    >>> ensemble = sx.train_ensemble(
    ...     nets, task, keys=keys[1], steps=64, progress=False, devices=1
    ... )
    >>> ensemble.history.loss.shape
    (3, 64)
    """
    batches = WholeTrials() if batches is None else batches
    plan = Plan(task, steps, batch_size, loss, batches, epoch_steps, until)
    members: list[Member] = []
    for number, row in enumerate(_rows(networks, keys, optimizer, regularizers)):
        try:
            members.append(Member(*row))
            plan.check(members[-1])
        except InvalidInputError as error:
            raise InvalidInputError(f"network {number}: {error}") from error
    in_processes = _is_in_processes(workers, devices)
    if checkpoint is not None and not in_processes:
        raise InvalidInputError(
            "checkpoint needs training in worker processes, which keep each network in a file: "
            "give workers= and leave devices out. Training in one program keeps no checkpoints."
        )
    bar = _bar(plan.steps, len(members)) if progress else nullcontext(lambda done, ended: None)
    with bar as on_progress:
        if in_processes:
            trainings = train_in_workers(plan, members, on_progress, workers, checkpoint)
        else:
            trainings = train_mapped(plan, members, on_progress, devices)
    trained = tuple(training.network for training in trainings)
    return Ensemble(trained, EnsembleHistory.of(trainings))


def _is_in_processes(workers: int | None, devices: int | None) -> bool:
    """Whether networks are trained in processes; raise InvalidInputError for both numbers."""
    if workers is not None and devices is not None:
        raise InvalidInputError(
            "give workers, to train in processes, or devices, to train in one program, not both."
        )
    return devices is None and (workers is not None or jax.default_backend() == "cpu")


def _rows(networks: Any, keys: Any, optimizer: Any, regularizers: Any) -> list[tuple]:
    """Return what belongs to each member; raise InvalidInputError unless all are of one number."""
    if not _is_list(networks) and not isinstance(networks, Iterator):
        raise InvalidInputError(f"networks must be a list of networks, got {networks!r:.60}.")
    networks = list(networks)
    if not networks:
        raise InvalidInputError("networks: expected at least one network, got none.")
    count = len(networks)
    optimizer = optax.adam(1e-3) if optimizer is None else optimizer
    # An optimizer is a tuple itself, of two functions.
    is_one = isinstance(optimizer, optax.GradientTransformation) or not _is_list(optimizer)
    optimizers = [optimizer] * count if is_one else _of_each(optimizer, "optimizer", count)
    given = list(regularizers) if isinstance(regularizers, Iterable) else [regularizers]
    if any(map(_is_list, given)):
        prices = [listed_regularizers(each) for each in _of_each(given, "regularizers", count)]
    else:
        prices = [listed_regularizers(given)] * count
    return list(zip(networks, _keys(keys, count), optimizers, prices, strict=True))


def _keys(keys: Any, count: int) -> list[Any]:
    if not _is_list(keys) or (is_random_key(keys) and keys.shape == ()):
        raise InvalidInputError(
            "keys must be a random key for each network, such as "
            f"jax.random.split(jax.random.key(0), {count}), got {type(keys).__name__}."
        )
    return _of_each(keys, "keys", count)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or getattr(value, "ndim", 0) > 0


def _of_each(values: Any, name: str, count: int) -> list[Any]:
    if len(values) != count:
        raise InvalidInputError(
            f"{name}: expected one for each of the {count} networks, got {len(values)}."
        )
    return list(values)


@contextmanager
def _bar(steps: int, count: int) -> Iterator[ProgressCallback]:
    """Show how many networks have ended, and the steps of all together."""
    text = "{task.fields[ended]}/" + f"{count} networks"
    with progress_bar("training", text, total=steps * count, ended=0) as update:
        so_far = np.zeros(2, int)

        def on_progress(done: int, ended: int) -> None:
            so_far[:] += done, ended
            update(completed=int(so_far[0]), ended=int(so_far[1]))

        yield on_progress
