"""What an experiment that was stopped has left, and going on from there."""

import glob
import shutil
from pathlib import Path

from .._types import InvalidInputError
from ..store import Run, load_run
from ..store.directory import CHECKPOINT, EXPERIMENT, discard_partial, incomplete, is_run
from ..training import Checkpoint
from .settings import Experiment
from .setup import Setup


def checkpoint_of(setup: Setup, out: Path, resume: bool, force: bool) -> Checkpoint:
    """Return where the training of a run is kept while it goes on.

    What an earlier training has left there is what the training goes on from; without `resume` it
    gives way, but to `force` only: InvalidInputError is raised.
    """
    path = out.with_name(out.name + CHECKPOINT)
    if path.is_dir():
        raise InvalidInputError(
            f"{path} is a directory, but while the training goes on it is kept in a file of that "
            "name: move the directory, or give another name to the run."
        )
    if path.exists() and not force and (is_run(out) or not resume):
        both = " --force, which replaces the run that is there" if is_run(out) else ""
        raise InvalidInputError(
            f"{path} holds a training that was stopped. Continue it with --resume{both}, or begin "
            "again with --force alone."
        )
    if resume:
        target = out.resolve()  # beside which `new_directory` makes its own
        discard_partial(target.parent, glob.escape(target.name))
    settings = setup.trained
    if setup.experiment.training.schedule is None:  # more steps may follow
        settings["training"] = {k: v for k, v in settings["training"].items() if k != "steps"}
    return Checkpoint(path, settings=settings)


def finished(experiment: Experiment, place: Path) -> Run | None:
    """Return the run of that experiment that is complete at `place`, if there is one."""
    return load_run(place) if is_of(experiment, place) else None


def discard_incomplete(experiment: Experiment, out: Path) -> None:
    """Delete what was kept of an experiment when it was stopped, now that it is complete."""
    if is_of(experiment, kept := incomplete(out)):
        shutil.rmtree(kept, ignore_errors=True)


def is_of(experiment: Experiment, place: Path) -> bool:
    """Return whether a run directory is of just this experiment."""
    written = experiment.to_toml()
    return is_run(place) and (place / EXPERIMENT).read_text("utf-8", errors="replace") == written
