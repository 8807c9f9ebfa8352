"""From an experiment's settings to the objects that they describe."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import equinox as eqx
import jax
import jax.random as jr
import optax

from .._types import InvalidInputError, require_finite
from ..analysis.verdicts.question import check_steps
from ..networks import AbstractNetwork, check_network_fits, trained_leaves
from ..tasks import AbstractTask
from ..training import AbstractBatches, WholeTrials, Windows
from ..training.devices import check_divisible, provide_devices
from .inputs import frozen_inputs
from .questions import check_questions
from .settings import Experiment, TrainingSettings


class Setup:
    """The objects that an experiment's settings describe; building it checks them all."""

    def __init__(self, experiment: Experiment):
        if experiment.variants:
            raise InvalidInputError(
                f"{experiment.name} has the variants {', '.join(experiment.variants)}: run all of "
                "them as a study with sx.sweep, or give one of them, experiment.variant(name)."
            )
        experiment.check_imported()
        settings, at = experiment.training, functools.partial(_at, source=experiment.source)
        where = f"training.batch_size in {experiment.source}"
        check_divisible(settings.batch_size, settings.devices, where)
        provide_devices(settings.devices)  # before anything is done with JAX
        with at("task"):
            self.task: AbstractTask = experiment.task.made()
        keys = jr.split(jr.key(experiment.seed), 5)
        self.key_network, self.key_training, self.key_trials, self.key_test, self.key_starts = keys
        # Folded in, so that the five above are those of runs made before there were questions.
        self.key_questions = jr.fold_in(jr.key(experiment.seed), 0x73747564)
        sizes = self.task.num_inputs, self.task.num_outputs, self.task.dt
        with at("network"):
            given = dict(zip(("num_inputs", "num_outputs", "dt"), sizes, strict=True))
            self.network: AbstractNetwork = experiment.network.made(**given, key=self.key_network)
        check_network_fits(self.network, *sizes)
        with at("training.optimizer"):
            optimizer = settings.optimizer.made()
        if settings.schedule is not None:
            with at("training.schedule"):
                peak = settings.optimizer.arguments["learning_rate"]
                rate = settings.schedule.made(peak=peak, steps=settings.steps)
                optimizer = settings.optimizer.made(learning_rate=rate)
        with at("training.optimizer"):
            self.optimizer = _limited(settings, optimizer)
            _try(self.optimizer, self.network)
        self.regularizers = settings.regularizers.made()
        with at("training.until"):
            self.until = None if settings.until is None else settings.until.made(settings.steps)
        with at("training.lengths"):
            self.batches = _batches(settings)
        asked = experiment.analysis.input
        if asked is None:
            asked = self.task.period_before_answer
        with at("analysis.input"):
            self.inputs = frozen_inputs(asked, self.task)
            require_finite(self.inputs.values, "the input to freeze in")
        self.input = self.inputs.values[0].tolist()
        question = experiment.analysis.question
        with at("analysis.question.duration"):
            check_steps((question.duration or 0.0) / self.task.dt)
        if question.period is not None and question.period not in self.task.periods:
            raise InvalidInputError(
                f"analysis.question.period in {experiment.source} is {question.period!r:.60}; the "
                f"task's periods are {', '.join(self.task.periods)}."
            )
        with at("analysis.questions"):
            check_questions(experiment.analysis.questions)
        self.experiment = _filled(experiment, asked)

    @property
    def trained(self) -> dict[str, Any]:
        """The settings on which the trained network depends, as executed."""
        executed = self.experiment.to_dict()
        return {name: executed[name] for name in ("seed", "task", "network", "training")}


@contextmanager
def _at(key: str, source: str) -> Iterator[None]:
    """Raise InvalidInputError that names the key and the source for whatever goes wrong."""
    try:
        yield
    except InvalidInputError as error:
        raise InvalidInputError(f"{key} in {source}: {error}") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"{key} in {source}: {_first_line(error)}.") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")


def _filled(experiment: Experiment, asked: Any) -> Experiment:
    """Return the settings as executed: with the defaults of what is named, and the input."""
    training, analysis = experiment.training, experiment.analysis
    named = {"optimizer": training.optimizer.filled()}
    if training.schedule is not None:
        named["schedule"] = training.schedule.filled()
    return experiment.model_copy(
        update={
            "task": experiment.task.filled(),
            "network": experiment.network.filled(),
            "training": training.model_copy(update=named),
            "analysis": analysis.model_copy(update={"input": asked}),
        }
    )


def _limited(
    settings: TrainingSettings, optimizer: optax.GradientTransformation
) -> optax.GradientTransformation:
    """Put the limits on a gradient before an optimizer."""
    if settings.clip_norm is not None:
        optimizer = optax.chain(optax.clip_by_global_norm(settings.clip_norm), optimizer)
    if settings.clip_value is not None:
        optimizer = optax.chain(optax.clip(settings.clip_value), optimizer)
    return optimizer


def _try(optimizer: optax.GradientTransformation, network: AbstractNetwork) -> None:
    """Trace one update: optax looks at most of its arguments only then."""
    weights = eqx.filter(network, trained_leaves(network))
    try:
        jax.eval_shape(lambda w: optimizer.update(w, optimizer.init(w), w), weights)
    except Exception as error:
        raise InvalidInputError(f"it cannot be used: {_first_line(error)}.") from None


def _batches(settings: TrainingSettings) -> AbstractBatches:
    if settings.window is None:
        return WholeTrials(settings.lengths)
    if settings.lengths > 1:
        raise InvalidInputError(
            "training.window sets one length for all windows, so training.lengths cannot be "
            "given, too: leave one of the two out."
        )
    return Windows(settings.window)
