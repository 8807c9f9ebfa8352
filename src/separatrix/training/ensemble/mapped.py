"""Many networks in one compiled program, divided among devices."""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ..._stopping import stop_if_asked
from ...networks import AbstractNetwork, trained_leaves
from ..checkpoint import Keeper, TrainingSnapshot
from ..devices import Division
from ..history import Ending, Training, TrainingDivergedError
from ..plan import Member, Plan
from ..state import TrainingState, begun, epochs_of
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
    found: dict[int, Training] = {}
    states = [
        TrainingState(
            plan,
            begun(program.epoch, (batch, number), None),
            Keeper(None, dict),
            functools.partial(_taken_out, member.network),
        )
        for number, member in enumerate(members)
    ]
    trials = program.draw(batch, 0)
    for first, count in epochs_of(0, plan.steps, plan.epoch_steps):
        done, ended = first + count, len(found)
        after, measures, sound = program.advance(batch, trials, first, count)
        if done < plan.steps:
            trials = program.draw(batch, done)
        stop_if_asked()
        measures, sound = tuple(map(np.asarray, measures)), np.asarray(sound)
        for row, number in enumerate(batch.members.tolist()):
            if number >= 0 and number not in found:
                reached = TrainingSnapshot((after, row), None, tuple(m[row] for m in measures))
                states[number].wait_for(first, count, reached, np.asarray(sound[row]))
                if (training := _ended(states[number])) is not None:
                    found[number] = training
        going = [number for number in range(len(states)) if number not in found]
        ended = len(found) - ended
        on_progress(count * len(going) + (plan.steps - first) * ended, ended)
        if not going:
            break
        batch, trials = program.without_others(going, after, trials)
    return [found[number] for number in range(len(states))]


def _ended(state: TrainingState) -> Training | None:
    """Wait for an epoch; return the training that ends with it, None if it goes on."""
    try:
        state.settle()
    except TrainingDivergedError as error:
        return error.training
    if state.is_over:
        return state.training(Ending.THRESHOLD)
    return state.training(Ending.ALL_STEPS) if state.steps >= state.plan.steps else None


def _taken_out(start: AbstractNetwork, place: tuple[Batch, int]) -> AbstractNetwork:
    """Return the network of a row with its trained weights; the rest is as at its start."""
    batch, row = place
    leaves, structure = jax.tree.flatten(start)
    trained = jax.tree.leaves(trained_leaves(start))
    now = [
        jnp.asarray(np.asarray(rows)[row]) if is_trained else leaf
        for leaf, rows, is_trained in zip(leaves, batch.leaves, trained, strict=True)
    ]
    return jax.tree.unflatten(structure, now)
