"""What an experiment that was stopped has left, and going on from there."""

import shutil
from pathlib import Path

from .._types import InvalidInputError
from ..store import Run, load_run
from ..store.directory import CHECKPOINT, EXPERIMENT, incomplete, is_run
from ..training import Checkpoint
from .settings import Experiment
from .setup import Setup


def checkpoint_of(setup: Setup, out: Path, resume: bool, force: bool) -> Checkpoint:
    """Return where the training of a run is kept while it goes on.

    What an earlier training has left there is what the training goes on from; without `resume`
    it is deleted, but by `force` only: InvalidInputError is raised.
    """
    path = out.with_name(out.name + CHECKPOINT)
    if path.exists() and not resume:
        if not force:
            raise InvalidInputError(
                f"{path} holds a training that was stopped: go on with it by --resume, or begin "
                "anew by --force."
            )
        path.unlink()
    return Checkpoint(path, settings=setup.trained)


def finished(experiment: Experiment, place: Path) -> Run | None:
    """Return the run of that experiment that is complete at `place`, if there is one."""
    return load_run(place) if _is_of(experiment, place) else None


def discard_incomplete(experiment: Experiment, out: Path) -> None:
    """Delete what was kept of an experiment when it was stopped, now that it is complete."""
    if _is_of(experiment, kept := incomplete(out)):
        shutil.rmtree(kept, ignore_errors=True)


def _is_of(experiment: Experiment, place: Path) -> bool:
    """Tell whether a run directory is of just this experiment."""
    return is_run(place) and (place / EXPERIMENT).read_text("utf-8") == experiment.to_toml()
