"""One experiment from its settings to its run directory."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jax.random as jr
import numpy as np

from .. import networks, tasks
from .._records import Record
from .._types import InvalidInputError
from ..activity import Activity, simulate
from ..analysis import FixedPoints, find_fixed_points, linearize
from ..evaluation import psychometric
from ..networks import AbstractNetwork, check_network_fits
from ..store import Run, load_run, new_directory
from ..tasks import AbstractTask, PerceptualDecisionMaking
from ..training import (
    Training,
    TrainingDivergedError,
    TrainingInterruptedError,
    WholeTrials,
    Windows,
    train,
)
from .building import construct, fill_defaults
from .geometry import Geometry, readout_weights
from .optimizers import build_optimizer, build_regularizers, fill_optimizer
from .settings import Experiment
from .writing import keep_incomplete, write_run

Announce = Callable[[str], None]
"""Called with a short text when a stage begins."""

TASKS = {
    name: thing
    for name, thing in vars(tasks).items()
    if inspect.isclass(thing) and issubclass(thing, AbstractTask) and not inspect.isabstract(thing)
}
NETWORKS = {
    name: getattr(networks, name)
    for name in ("CTRNN", "DaleCTRNN", "GRU", "LSTM", "LowRankRNN", "ShortTermPlasticityRNN")
}
_GIVEN = ("num_inputs", "num_outputs", "dt", "key")


class Setup:
    """The objects that an experiment's settings describe; building it checks them all."""

    def __init__(self, experiment: Experiment):
        source = experiment.source
        self.task: AbstractTask = construct(experiment.task, TASKS, "task", source)
        keys = jr.split(jr.key(experiment.seed), 5)
        self.key_network, self.key_training, self.key_trials, self.key_test, self.key_starts = keys
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
        self.optimizer = build_optimizer(settings, self.network, source)
        self.regularizers = build_regularizers(settings.regularizers)
        self.batches = WholeTrials() if settings.window is None else Windows(settings.window)
        self.input = _frozen_input(experiment, self.task)
        self.network.at_input(self.input)
        self.experiment = experiment.model_copy(
            update={
                "task": fill_defaults(experiment.task, TASKS, ()),
                "network": fill_defaults(experiment.network, NETWORKS, _GIVEN),
                "training": fill_optimizer(settings),
                "analysis": experiment.analysis.model_copy(update={"input": tuple(self.input)}),
            }
        )


def _frozen_input(experiment: Experiment, task: AbstractTask) -> list[float]:
    given = experiment.analysis.input
    if given is None:
        if not isinstance(task, PerceptualDecisionMaking):
            raise InvalidInputError(
                f"analysis.input in {experiment.source}: give the input to freeze, "
                f"{task.num_inputs} values."
            )
        return [float(u) for u in task.evidence_input(0.0)]
    if len(given) != task.num_inputs:
        raise InvalidInputError(
            f"analysis.input in {experiment.source}: expected {task.num_inputs} values "
            f"({', '.join(task.channels)}), got {len(given)}."
        )
    return list(given)


def run_experiment(
    experiment: Experiment | str | Path,
    out: str | Path,
    *,
    force: bool = False,
    progress: bool | Callable[[int, float, float], None] = True,
    announce: Announce = lambda stage: None,
    finish: Callable[[Run, Path], Any] | None = None,
) -> Run:
    """Run an experiment and write its run directory.

    The directory appears, complete, when everything is done; until then nothing is at `out`. It
    holds `experiment.toml` (the configuration as executed), `weights.safetensors` and `results.nc`.

    Parameters
    ----------
    experiment
        An `Experiment`, the name of one that comes with the package, or the path of a TOML file.
    out
        The directory to make.
    force
        Replace an earlier run at `out`.
    progress
        As in `train`.
    announce
        Called with the name of each stage.
    finish
        Called with the run and its still temporary directory before it is put in place: adds
        figures and report to it.

    Returns
    -------
    Run
        The run that is now at `out`.

    Raises
    ------
    InvalidInputError
        For settings that cannot be executed, before any work; or an unusable `out`.
    TrainingDivergedError, TrainingInterruptedError
        After the history and the last network were written to `<out>.incomplete`. Whatever else
        stops the run once the network is trained, Ctrl-C included, leaves it there too, and
        `reanalyze` goes on from it.
    """
    setup, out = Setup(_as_experiment(experiment)), Path(out)
    with new_directory(out, force) as directory:
        training = _train(setup, out, progress, announce)
        records: dict[str, Record] = {"history": training.history}
        try:
            records |= analyze(setup, training.network, announce)
            run = _complete(setup, training.network, records, directory, announce, finish)
        except BaseException as stopped:  # Ctrl-C, too: training may have taken hours
            what = "The trained network is"
            keep_incomplete(setup.experiment, training.network, records, out, stopped, what)
            raise
    return dataclasses.replace(run, path=out)


def _as_experiment(experiment: Experiment | str | Path) -> Experiment:
    if isinstance(experiment, Experiment):
        return experiment
    if isinstance(experiment, Path) or str(experiment).endswith(".toml"):
        return Experiment.from_toml(experiment)
    return Experiment.named(experiment)


def _train(
    setup: Setup, out: Path, progress: bool | Callable[..., None], announce: Announce
) -> Training:
    settings = setup.experiment.training
    announce("training")
    try:
        return train(
            setup.network,
            setup.task,
            steps=settings.steps,
            batch_size=settings.batch_size,
            optimizer=setup.optimizer,
            key=setup.key_training,
            regularizers=setup.regularizers,
            batches=setup.batches,
            epoch_steps=settings.epoch_steps,
            progress=progress,
        )
    except (TrainingDivergedError, TrainingInterruptedError) as stopped:
        reached = stopped.training
        records: dict[str, Record] = {"history": reached.history}
        what = "The network and the history so far are"
        keep_incomplete(setup.experiment, reached.network, records, out, stopped, what)
        raise


def _complete(
    setup: Setup,
    network: AbstractNetwork,
    records: dict[str, Record],
    directory: Path,
    announce: Announce,
    finish: Callable[[Run, Path], Any] | None,
) -> Run:
    """Write the results of a run and whatever `finish` adds to them."""
    announce("writing results")
    run = write_run(setup.experiment, network, records, directory)
    if finish is not None:
        announce("figures and report")
        finish(run, directory)
    return run


def analyze(
    setup: Setup, network: AbstractNetwork, announce: Announce = lambda stage: None
) -> dict[str, Record]:
    """Return every result for a trained network, by name."""
    settings = setup.experiment.analysis
    announce("activity")
    activity = simulate(network, setup.task.trials(settings.num_trials, key=setup.key_trials))
    components = activity.pca(min(3, network.num_units))
    records: dict[str, Record] = {"activity": activity, "principal_components": components}
    if isinstance(setup.task, PerceptualDecisionMaking) and setup.task.num_choices == 2:
        records["psychometric"] = psychometric(
            network, setup.task, num_trials=settings.test_trials, key=setup.key_test
        )
    announce("fixed points")
    system = network.at_input(setup.input)
    points = find_fixed_points(
        system, _candidates(setup, activity, system.size), slow_points=settings.slow_points
    )
    records["fixed_points"] = points
    if len(points):
        announce("linearization")
        chosen = _to_linearize(
            points, np.asarray(components.components[0]), settings.max_linearized
        )
        linear = linearize(system, points[chosen])
        readout = readout_weights(network, np.asarray(points.states)[0])
        records["linearization"] = linear
        records["non_normality"] = linear.non_normality()
        records["selection_vectors"] = linear.selection_vectors(1, readout)
    geometry = Geometry(settings.geometry, setup.task, network, setup.input, activity, points)
    return records | geometry.records(announce)


def _candidates(setup: Setup, activity: Activity, size: int) -> np.ndarray:
    settings = setup.experiment.analysis
    if settings.candidates == "random":
        low, high = settings.random_range
        shape = (settings.num_candidates or 1024, size)
        return np.asarray(jr.uniform(setup.key_starts, shape, minval=low, maxval=high), float)
    states = activity.flat_states
    count = settings.num_candidates or len(states)
    if count >= len(states):
        return states
    return states[np.asarray(jr.choice(setup.key_starts, len(states), (count,), replace=False))]


def _to_linearize(points: FixedPoints, axis: np.ndarray, limit: int) -> np.ndarray:
    """Choose the fixed points, the middle point, then the slowest ones, up to `limit`."""
    order = np.lexsort((points.speed, points.kind))
    first = np.flatnonzero(order == points.middle(axis))
    order = np.concatenate([order[first], np.delete(order, first)])
    return np.sort(order[:limit])


def reanalyze(
    path: str | Path,
    out: str | Path,
    *,
    changes: Iterable[str] = (),
    force: bool = False,
    announce: Announce = lambda stage: None,
    finish: Callable[[Run, Path], Any] | None = None,
) -> Run:
    """Analyse the network of an earlier run again, with changed settings, into a new directory.

    Parameters
    ----------
    path
        The earlier run; its weights and its history are taken over.
    out, force, announce, finish
        As in `run_experiment`.
    changes
        Such as `"analysis.num_trials=20"`; only `analysis.*` may change.

    Raises
    ------
    InvalidInputError
        For changes elsewhere, or a run without a network.
    UnreadableFileError
        When `path` is not a run.
    """
    earlier = load_run(path)
    changes = list(changes)
    for change in changes:
        if not change.startswith("analysis."):
            raise InvalidInputError(
                f"--set {change}: only analysis.* can change when a trained network is analysed "
                "again; `separatrix run` trains a new one."
            )
    if earlier.network is None:
        raise InvalidInputError(f"{path} holds no network to analyse.")
    source = str(Path(path) / "experiment.toml")
    setup = Setup(Experiment.from_dict(earlier.experiment, source).with_changes(changes))
    with new_directory(out, force) as directory:
        records = analyze(setup, earlier.network, announce)
        if "history" in earlier.records:
            records = {"history": earlier.records["history"], **records}
        run = _complete(setup, earlier.network, records, directory, announce, finish)
    return dataclasses.replace(run, path=Path(out))
