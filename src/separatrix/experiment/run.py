"""One experiment from its settings to its run directory."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._checked import checked
from .._files import as_path
from .._parallel import give_memory_back
from .._records import Record
from .._stopping import stop_if_asked, stop_noticed
from .._types import InvalidInputError
from ..networks import AbstractNetwork
from ..plan import Announce
from ..store import Run, load_run, new_directory
from ..store.directory import check_replaceable
from ..training import (
    Checkpoint,
    Training,
    TrainingDivergedError,
    TrainingInterruptedError,
    train,
)
from .analysis import analyze
from .settings import Experiment
from .setup import Setup
from .unfinished import checkpoint_of, discard_incomplete, finished
from .writing import keep_incomplete, write_run

Hook = Callable[[Run, Path], Any]
"""Called with a run and the directory that it is being written to."""


@checked
def run_experiment(
    experiment: Experiment | str | Path,
    out: str | Path,
    *,
    force: bool = False,
    progress: bool | Callable[[int, float, float], None] = True,
    announce: Announce = lambda stage: None,
    finish: Hook | None = None,
    training: Training | None = None,
    resume: bool = False,
) -> Run:
    """Run an experiment and write its run directory.

    The directory appears at `out` only when everything is done, so it is always complete. It holds
    `experiment.toml` (the settings as executed), `weights.safetensors` and `results.nc`. Until
    then, the state of the training is saved in `<out>.checkpoint`, about once a minute and at the
    end of the training.

    Parameters
    ----------
    experiment
        An `Experiment`, the name of an experiment that comes with the package, or the path of a
        TOML file.
    out
        The directory to make.
    force
        Whether to replace an earlier run at `out`.
    progress
        As in `train`. True also shows the progress of searches for fixed points.
    announce
        A function that is called with the name of each stage when the stage begins.
    finish
        A function that is called with the run and its temporary directory before the directory is
        moved to `out`. It may add figures and a report.
    training
        The result of an earlier training of the network of this experiment. If it is given, the
        network is not trained again.
    resume
        Whether to go on with the training in `<out>.checkpoint`, if there is one. If `out` is
        already a complete run of the same settings, and `force` is False, it is returned as it is.

    Returns
    -------
    Run
        The run that is now at `out`.

    Raises
    ------
    InvalidInputError
        If the settings cannot be executed; this is checked before any work. If the experiment has
        variants (use `sweep`), or if `out` cannot be used. If `<out>.checkpoint` belongs to other
        settings, or if it exists and neither `resume` nor `force` is set.
    TrainingDivergedError, TrainingInterruptedError
        If the training diverges or is interrupted. The history and the last network are first
        written to `<out>.incomplete`. If anything else stops the run after the training, such as
        Ctrl-C, the trained network is left there as well, and `reanalyze` continues from it.

    Examples
    --------
    >>> import tempfile, separatrix as sx
    >>> small = sx.Experiment.named("yang2020").with_changes(
    ...     ["training.steps=4", "network.num_units=8", "analysis.num_trials=4",
    ...      "analysis.test_trials=20", "analysis.num_candidates=4"]
    ... )
    >>> run = sx.run_experiment(small, tempfile.mkdtemp() + "/small", progress=False)
    >>> run.activity.states.shape
    (4, 22, 8)
    """
    setup, out = Setup(as_experiment(experiment)), as_path(out)
    if resume and not force and (done := finished(setup.experiment, out)):
        return done
    # Before what is kept beside it is looked for, or named: "." and "/" have no name.
    check_replaceable(out.resolve(), True, out)
    checkpoint = checkpoint_of(setup, out, resume, force) if training is None else None
    with new_directory(out, force) as directory:
        if checkpoint is not None:
            if not resume:
                checkpoint.path.unlink(missing_ok=True)
            training = _train(setup, out, checkpoint, progress, announce)
        assert training is not None  # given, if there is no checkpoint
        records: dict[str, Record] = {"history": training.history}
        try:
            records |= analyze(setup, training.network, announce, progress is True)
            run = _complete(setup, training.network, records, directory, announce, finish)
        except BaseException as stopped:  # Ctrl-C, too: training may have taken hours
            stop_noticed()
            what = "The trained network is"
            keep_incomplete(setup.experiment, training.network, records, out, stopped, what)
            raise
    if checkpoint is not None:
        checkpoint.path.unlink(missing_ok=True)
    if resume:
        discard_incomplete(setup.experiment, out)
    return dataclasses.replace(run, path=out)


@checked
def as_experiment(experiment: Experiment | str | Path) -> Experiment:
    """Return an experiment by its name, its file, or as it is."""
    if isinstance(experiment, Experiment):
        return experiment
    if isinstance(experiment, Path) or str(experiment).endswith(".toml"):
        return Experiment.from_toml(experiment)
    return Experiment.named(experiment)


def _train(
    setup: Setup,
    out: Path,
    checkpoint: Checkpoint,
    progress: bool | Callable[..., None],
    announce: Announce,
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
            until=setup.until,
            progress=progress,
            checkpoint=checkpoint,
            devices=settings.devices,
        )
    except (TrainingDivergedError, TrainingInterruptedError) as stopped:
        reached = stopped.training
        records: dict[str, Record] = {"history": reached.history}
        if isinstance(stopped, TrainingDivergedError):
            checkpoint.path.unlink(missing_ok=True)  # from there it would diverge again
        resumable = checkpoint.path.exists()
        if resumable:
            stopped.add_note("The same command with --resume goes on with the training.")
        what, experiment = "The network and the history so far are", setup.experiment
        network = reached.network
        keep_incomplete(experiment, network, records, out, stopped, what, goes_on=not resumable)
        raise


def _complete(
    setup: Setup,
    network: AbstractNetwork,
    records: dict[str, Record],
    directory: Path,
    announce: Announce,
    finish: Hook | None,
) -> Run:
    """Write the results of a run and whatever `finish` adds to them."""
    announce("writing results")
    stop_if_asked()
    give_memory_back()
    run = write_run(setup.experiment, network, records, directory)
    if finish is not None:
        announce("figures and report")
        finish(run, directory)
    return run


@checked
def reanalyze(
    path: str | Path,
    out: str | Path,
    *,
    changes: list[str] | tuple[str, ...] = (),
    force: bool = False,
    progress: bool = True,
    announce: Announce = lambda stage: None,
    finish: Hook | None = None,
) -> Run:
    """Analyze the network of an earlier run again with changed settings, and write a new run.

    Parameters
    ----------
    path
        The directory of the earlier run. The new run takes over the weights and the training
        history of the earlier run.
    out, force, progress, announce, finish
        As in `run_experiment`.
    changes
        Changes such as `"analysis.num_trials=20"`. Only settings of `analysis` may change.

    Returns
    -------
    Run
        The run that is now at `out`.

    Raises
    ------
    InvalidInputError
        If a change concerns a setting outside of `analysis`, or if the run has no network. If a
        user wrote the class of the task or of the network: a run directory may come from others, so
        no class that its files name is imported.
    UnreadableFileError
        If `path` is not a run.

    Examples
    --------
    >>> import tempfile, separatrix as sx
    >>> small = sx.Experiment.named("yang2020").with_changes(
    ...     ["training.steps=4", "network.num_units=8", "analysis.num_trials=4",
    ...      "analysis.test_trials=20", "analysis.num_candidates=4"]
    ... )
    >>> run = sx.run_experiment(small, tempfile.mkdtemp() + "/small", progress=False)
    >>> out = tempfile.mkdtemp() + "/again"
    >>> again = sx.reanalyze(run.path, out, changes=["analysis.num_trials=6"], progress=False)
    >>> again.activity.states.shape
    (6, 22, 8)
    """
    earlier = load_run(path)
    for change in changes:
        if not change.startswith("analysis."):
            raise InvalidInputError(
                f"--set {change}: only analysis.* can change when a trained network is analyzed "
                "again; `separatrix run` trains a new one."
            )
    if earlier.network is None and earlier.unknown_class is None:
        raise InvalidInputError(f"{path} holds no network to analyze.")
    source = str(as_path(path) / "experiment.toml")
    setup = Setup(Experiment.from_dict(earlier.experiment, source).with_changes(changes))
    assert earlier.network is not None  # else its class is the user's own, which Setup refuses
    with new_directory(out, force) as directory:
        kept = {name: r for name, r in earlier.records.items() if name == "history"}
        records = kept | analyze(setup, earlier.network, announce, progress)
        run = _complete(setup, earlier.network, records, directory, announce, finish)
    return dataclasses.replace(run, path=as_path(out))
