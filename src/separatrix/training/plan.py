"""Plan of a training, and the member that is trained."""

from dataclasses import dataclass

import optax

from .._checked import Count, checked
from .._types import GivenKey, require_room
from ..networks import AbstractNetwork, check_network_fits
from ..tasks import AbstractTask
from .batches import AbstractBatches
from .devices import Division, check_divisible
from .epoch import Epoch
from .loss import Loss
from .optimizer import Optimizer
from .regularizers import AbstractRegularizer
from .threshold import Threshold


@checked
@dataclass(frozen=True)
class Member:
    """Network to train, and what belongs to it alone where there are several."""

    network: AbstractNetwork
    key: GivenKey
    optimizer: optax.GradientTransformation
    regularizers: tuple[AbstractRegularizer, ...]


@checked
@dataclass(frozen=True)
class Plan:
    """How it is trained; raises InvalidInputError for what cannot be done."""

    task: AbstractTask
    steps: Count
    batch_size: Count
    loss: Loss
    batches: AbstractBatches
    epoch_steps: Count
    until: Threshold | None
    devices: Count = 1

    def __post_init__(self) -> None:
        if self.until is not None:
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
