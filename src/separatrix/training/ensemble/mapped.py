"""Many networks in one compiled program, divided among devices."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ..._stopping import stop_if_asked
from ..._types import Array
from ...networks import AbstractNetwork, trained_leaves
from ..devices import Division
from ..history import Ending, Measures, Training, completed_measures, history_of
from ..plan import Member, Plan
from ..state import epochs_of
from .batch import Batch, begin
from .result import ProgressCallback


def train_mapped(
    plan: Plan, members: Sequence[Member], on_progress: ProgressCallback, devices: int | None
) -> list[Training]:
    """Train all networks in one program that maps over them, divided among devices.

    On an accelerator, which one network does not fill, this is the fastest way. Trials are those
    that each network has alone; numbers are the same but for rounding. When half of the networks
    have stopped, the others go on in a smaller program.
    """
    division = Division(len(jax.devices()) if devices is None else devices)
    program, batch = begin(plan, members, division)
    states = [_MemberState(member.network) for member in members]
    trials = program.draw(batch, 0)
    for first, count in epochs_of(0, plan.steps, plan.epoch_steps):
        done = first + count
        after, measures, sound = program.advance(batch, trials, first, count)
        if done < plan.steps:
            trials = program.draw(batch, done)
        stop_if_asked()
        ended = _settle(plan, states, (batch, after), measures, sound, count)
        going = [k for k, state in enumerate(states) if state.ending is None]
        on_progress(count * len(going) + (plan.steps - first) * ended, ended)
        if not going:
            break
        batch, trials = program.without_others(going, after, trials)
    return [state.training(plan) for state in states]


class _MemberState:
    """State of one network: its history, and once it has ended its trained weights."""

    def __init__(self, network: AbstractNetwork):
        self.network, self.ending = network, None
        self.kept: list[Measures] = []

    network: AbstractNetwork
    ending: Ending | None

    def judge(self, plan: Plan, measures: Measures, sound: bool, count: int) -> Ending | None:
        """Keep an epoch; return how the training ends with it, None if it goes on."""
        rows, is_finite = completed_measures(measures, count)
        self.kept.append(rows)
        if not (is_finite and sound):
            return Ending.DIVERGED
        length = plan.epoch_steps
        if plan.until is not None:
            last = self.kept[-plan.until.epochs(length) :]
            if plan.until.is_reached(history_of(last, length)):
                return Ending.THRESHOLD
        return Ending.ALL_STEPS if len(self.kept) * length >= plan.steps else None

    def end(self, ending: Ending, leaves: Sequence[np.ndarray]) -> None:
        """Take the trained weights out of the leaves of the network as they are at the end."""
        start, structure = jax.tree.flatten(self.network)
        trained = jax.tree.leaves(trained_leaves(self.network))
        now = [
            jnp.asarray(leaf) if is_trained else before
            for before, leaf, is_trained in zip(start, leaves, trained, strict=True)
        ]
        self.network, self.ending = jax.tree.unflatten(structure, now), ending

    def training(self, plan: Plan) -> Training:
        assert self.ending is not None
        return Training(self.network, history_of(self.kept, plan.epoch_steps), self.ending)


def _settle(
    plan: Plan,
    states: Sequence[_MemberState],
    batches: tuple[Batch, Batch],
    measures: Measures,
    sound: Array,
    count: int,
) -> int:
    """Wait for an epoch, keep it, and end what ends with it; return how many networks that are.

    Given are the networks before the epoch, which stay of one that diverges in it, and after it.
    """
    measures, sound = tuple(map(np.asarray, measures)), np.asarray(sound)
    ended = []
    for row, number in enumerate(batches[0].members):
        if number >= 0 and states[number].ending is None:
            of_row = tuple(each[row] for each in measures)
            ending = states[number].judge(plan, of_row, bool(sound[row]), count)
            if ending is not None:
                ended.append((row, number, ending))
    if ended:
        before, after = (list(map(np.asarray, batch.leaves)) for batch in batches)
        for row, number, ending in ended:
            leaves = before if ending is Ending.DIVERGED else after
            states[number].end(ending, [leaf[row] for leaf in leaves])
    return len(ended)
