"""Many networks, one after the other in each of several processes."""

import functools
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import cloudpickle
import jax

from ..._processes import check_workers, in_processes
from ..._types import InvalidInputError, SeparatrixError, first_line
from ..checkpoint import Checkpoint
from ..history import Training, TrainingDivergedError
from ..plan import Member, Plan
from ..train import train_member
from .result import ProgressCallback

_SETTINGS = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_default_prng_impl",
    "jax_numpy_dtype_promotion",
    "jax_threefry_partitionable",
)
"""JAX's settings on which the numbers of a training depend."""


def train_in_workers(
    plan: Plan,
    members: Sequence[Member],
    on_progress: ProgressCallback,
    workers: int | None,
    checkpoint: Checkpoint | None,
) -> list[Training]:
    """Train each network by itself, in warm processes of this machine with one thread each.

    On a processor this is the fastest way: the steps of a recurrence keep little more than one core
    busy. Each network is trained as `train` trains it in a process of one thread, bit for bit. The
    processes stay for the next call, which finds everything imported and compiled.
    """
    settings = {name: getattr(jax.config, name) for name in _SETTINGS}
    shared = cloudpickle.dumps(plan)
    jobs = [
        (number, _train, (shared, cloudpickle.dumps((member, _of(number, checkpoint))), settings))
        for number, member in enumerate(members)
    ]
    found: dict[int, Training] = {}
    count = min(check_workers(workers), len(jobs))
    with closing(in_processes(jobs, count, threads=1, keep_warm=True)) as ended:
        for number, future in ended:
            if (error := future.exception()) is not None:
                raise _with_member_number(number, error) from error
            found[number] = cloudpickle.loads(future.result())
            on_progress(plan.steps, 1)
    return [found[number] for number in range(len(members))]


def _of(number: int, checkpoint: Checkpoint | None) -> Checkpoint | None:
    """Return the checkpoint of one network."""
    if checkpoint is None:
        return None
    path = checkpoint.path.resolve()
    path = path.with_name(f"{path.name}.{number}")
    return Checkpoint(path, checkpoint.seconds, checkpoint.settings)


def _with_member_number(number: int, error: BaseException) -> BaseException:
    """Return an error of a worker with the number of its network."""
    if isinstance(error, InvalidInputError):
        return InvalidInputError(f"network {number}: {error}")
    return SeparatrixError(
        f"network {number} could not be trained: {first_line(error)}. Where the process was lost "
        "it may have run out of memory (fewer workers help), or a script calls this without "
        '`if __name__ == "__main__":`.'
    )


def _train(shared: bytes, own: bytes, settings: dict[str, Any]) -> bytes:
    """Train a network in a worker; what is returned of one that diverges is what it reached."""
    jax.config.update("jax_platforms", "cpu")
    for name, value in settings.items():
        jax.config.update(name, value)
    member, checkpoint = cloudpickle.loads(own)
    try:
        training = train_member(_plan(shared), member, checkpoint=checkpoint)
    except TrainingDivergedError as error:
        training = error.training
    return cloudpickle.dumps(training)


@functools.lru_cache(maxsize=1)
def _plan(shared: bytes) -> Plan:
    """Return the plan of an ensemble, the same object for each member: functions compile once."""
    return cloudpickle.loads(shared)
