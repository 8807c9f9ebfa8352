"""Plan of a training, and the member that is trained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import optax
from jaxtyping import PRNGKeyArray

from .._types import require_count, require_kind, require_room
from ..networks import AbstractNetwork, check_network_fits
from ..tasks import AbstractTask
from .batches import AbstractBatches
from .devices import Division, check_divisible
from .epoch import Epoch
from .loss import Loss
from .optimizer import Optimizer
from .regularizers import AbstractRegularizer
from .threshold import Threshold


@dataclass(frozen=True)
class Member:
    """Network to train, and what belongs to it alone where there are several."""

    network: AbstractNetwork
    key: PRNGKeyArray
    optimizer: optax.GradientTransformation
    regularizers: tuple[AbstractRegularizer, ...]


@dataclass(frozen=True)
class Plan:
    """How it is trained; raises InvalidInputError for what cannot be done."""

    task: AbstractTask
    steps: int
    batch_size: int
    loss: Loss
    batches: AbstractBatches
    epoch_steps: int
    until: Threshold | None
    devices: int = 1

    def __post_init__(self) -> None:
        kinds: tuple[tuple[Any, Any, str, str], ...] = (
            (self.task, AbstractTask, "task", "one such as sx.tasks.GoNoGo()"),
            (self.loss, Callable, "loss", "a function of outputs and trials"),
            (self.batches, AbstractBatches, "batches", "sx.WholeTrials() or sx.Windows(steps)"),
        )
        for value, kind, name, expected in kinds:
            require_kind(value, kind, name, expected)
        for name in ("steps", "batch_size", "epoch_steps", "devices"):
            require_count(getattr(self, name), name)
        if self.until is not None:
            require_kind(self.until, Threshold, "until", "one such as sx.Threshold(loss=0.02)")
            self.until.check(self.steps)
        trial = getattr(self.batches, "steps", self.task.num_steps)
        each = trial * (self.task.num_inputs + self.task.num_outputs)
        epoch = f"an epoch of {self.epoch_steps:,} batches of {self.batch_size:,} trials"
        require_room(self.epoch_steps * self.batch_size * each, epoch)
        require_room(2 * self.steps, f"the history of {self.steps:,} steps")
        Division(self.devices)  # all of which must be there
        check_divisible(self.batch_size, self.devices)

    @property
    def division(self) -> Division:
        """The devices among which the trials of a batch are divided."""
        return Division(self.devices)

    def check(self, member: Member) -> None:
        """Raise InvalidInputError unless this member can be trained so."""
        for value, kind, name, expected in (
            (member.network, AbstractNetwork, "network", "one such as sx.networks.CTRNN(…)"),
            (
                member.optimizer,
                optax.GradientTransformation,
                "optimizer",
                "one of optax, as optax.adam(1e-3)",
            ),
        ):
            require_kind(value, kind, name, expected)
        task = self.task
        check_network_fits(member.network, task.num_inputs, task.num_outputs, task.dt)

    def program(self, member: Member) -> Epoch:
        """Return the program of an epoch."""
        return Epoch(
            self.task,
            self.batches,
            self.loss,
            Optimizer(member.optimizer, member.network),
            self.batch_size,
            self.epoch_steps,
            member.regularizers,
            self.division,
        )
