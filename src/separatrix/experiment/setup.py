"""From an experiment's settings to the objects that they describe."""

import inspect
from collections.abc import Container, Mapping
from typing import Any

import jax.random as jr

from .. import networks
from .._types import InvalidInputError
from ..networks import AbstractNetwork, check_network_fits
from ..tasks import AbstractTask
from ..tasks.registry import TASK_MAKERS
from ..training import AbstractBatches, WholeTrials, Windows
from ..training.devices import check_divisible, provide_devices
from .building import construct, fill_defaults, keys_taken
from .inputs import frozen_inputs
from .optimizers import (
    OPTIMIZERS,
    SCHEDULES,
    build_optimizer,
    build_regularizers,
    build_until,
    fill_optimizer,
)
from .questions import check_questions
from .settings import Experiment, TrainingSettings


def _concrete(package: Any, base: type) -> dict[str, Any]:
    """Return the classes of a package that implement `base`, by name."""
    return {
        name: thing
        for name, thing in vars(package).items()
        if inspect.isclass(thing) and issubclass(thing, base) and not inspect.isabstract(thing)
    }


NETWORKS = _concrete(networks, AbstractNetwork)
"""The networks of the package, all of which settings can make."""
_GIVEN = ("num_inputs", "num_outputs", "dt", "key")


def keys_of(table: str, name: str) -> Container[str] | None:
    """Return the keys that a table of settings may have where it names `name`, None: unknown."""
    registries: dict[str, Mapping[str, Any]] = {
        "task": TASK_MAKERS,
        "network": NETWORKS,
        "training.optimizer": OPTIMIZERS,
        "training.schedule": SCHEDULES,
    }
    made = registries[table].get(name)
    return None if made is None else keys_taken(made)


class Setup:
    """The objects that an experiment's settings describe; building it checks them all."""

    def __init__(self, experiment: Experiment):
        source = experiment.source
        if experiment.variants:
            raise InvalidInputError(
                f"{experiment.name} has the variants {', '.join(experiment.variants)}: run all of "
                "them as a study, with sweep, or one of them, experiment.variant(name)."
            )
        provide_devices(experiment.training.devices)  # before anything is done with JAX
        self.task: AbstractTask = construct(experiment.task, TASK_MAKERS, "task", source)
        keys = jr.split(jr.key(experiment.seed), 5)
        self.key_network, self.key_training, self.key_trials, self.key_test, self.key_starts = keys
        # Folded in, so that the five above are those of runs made before there were questions.
        self.key_questions = jr.fold_in(jr.key(experiment.seed), 0x73747564)
        self.network: AbstractNetwork = construct(
            experiment.network,
            NETWORKS,
            "network",
            source,
            num_inputs=self.task.num_inputs,
            num_outputs=self.task.num_outputs,
            dt=self.task.dt,
            key=self.key_network,
        )
        check_network_fits(self.network, self.task.num_inputs, self.task.num_outputs, self.task.dt)
        settings = experiment.training
        where = f"training.batch_size in {source}"
        check_divisible(settings.batch_size, settings.devices, where)
        self.optimizer = build_optimizer(settings, self.network, source)
        self.regularizers = build_regularizers(settings.regularizers)
        self.until = build_until(settings, source)
        self.batches = _batches(settings, source)
        given = experiment.analysis.input
        asked = self.task.period_before_answer if given is None else given
        self.inputs = frozen_inputs(asked, self.task, f"analysis.input in {source}")
        self.input = self.inputs.values[0].tolist()
        for value in self.inputs.values:
            self.network.at_input(value)
        check_questions(experiment.analysis.questions, source)
        self.experiment = experiment.model_copy(
            update={
                "task": fill_defaults(experiment.task, TASK_MAKERS, ()),
                "network": fill_defaults(experiment.network, NETWORKS, _GIVEN),
                "training": fill_optimizer(settings),
                "analysis": experiment.analysis.model_copy(update={"input": asked}),
            }
        )

    @property
    def trained(self) -> dict[str, Any]:
        """The settings on which the trained network depends, as executed."""
        executed = self.experiment.to_dict()
        return {name: executed[name] for name in ("seed", "task", "network", "training")}


def _batches(settings: TrainingSettings, source: str) -> AbstractBatches:
    if settings.window is None:
        return WholeTrials(settings.lengths)
    if settings.lengths > 1:
        raise InvalidInputError(
            f"training.lengths in {source}: windows have one length, training.window; leave one "
            "of the two out."
        )
    return Windows(settings.window)
