"""An experiment with variants: every one of them run, and all of them compared."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._types import InvalidInputError
from ..store import Run, kept_directory, load_runs
from ..training import History, Training
from .run import Hook, as_experiment, run_experiment
from .settings import Experiment
from .setup import Setup
from .stages import Announce
from .unfinished import begin_or_go_on, finished, is_of

Progress = bool | Callable[[int, float, float], None]


def run_variants(
    experiment: Experiment | str | Path,
    out: str | Path,
    *,
    force: bool = False,
    progress: Progress = True,
    announce: Announce = lambda stage: None,
    finish: Hook | None = None,
    compare: Callable[[Experiment, dict[str, Run], Path], Any] | None = None,
    resume: bool = False,
) -> dict[str, Run]:
    """Run every variant of an experiment, each into a run directory within `out`.

    Variants that differ in their analysis alone share one trained network. Until all of them are
    complete they are in `<out>.incomplete`, where they stay when one of them fails.

    Parameters
    ----------
    experiment
        As in `run_experiment`; its `variants` name what is changed in each run.
    out
        The directory to make; it holds `experiment.toml` and a run directory for each variant.
    force, progress, announce, finish
        As in `run_experiment`.
    compare
        Called at the end with the experiment, the runs and the directory: adds what compares them.
    resume
        Go on in `<out>.incomplete`, where an earlier call of the same settings was stopped: what is
        complete there is taken over, and a training that was stopped goes on.

    Returns
    -------
    dict
        The runs by the names of the variants, in their order.

    Raises
    ------
    InvalidInputError
        For settings of any variant that cannot be executed, before any work; an experiment without
        variants; an unusable `out`; or a `<out>.incomplete` of other settings, or that is there
        without `resume` or `force`.
    TrainingDivergedError, TrainingInterruptedError
        As in `run_experiment`; the variants that were complete are kept.
    """
    experiment, out = as_experiment(experiment), Path(out)
    if not experiment.variants:
        raise InvalidInputError(f"{experiment.name} has no variants: use run_experiment.")
    chosen = {name: experiment.variant(name) for name in experiment.variants}
    setups = {name: Setup(variant) for name, variant in chosen.items()}
    networks = {name: json.dumps(setup.trained) for name, setup in setups.items()}
    trained: dict[str, Training] = {}
    runs: dict[str, Run] = {}
    if resume and not force and is_of(experiment, out):
        return load_runs(out)
    with kept_directory(out, force, resume) as directory:
        begin_or_go_on(experiment, directory)
        for name, variant in chosen.items():
            announce(f"variant {name}")
            place = directory / name
            runs[name] = (resume and finished(setups[name].experiment, place)) or run_experiment(
                variant,
                place,
                progress=progress,
                announce=announce,
                finish=finish,
                training=trained.get(networks[name]),
                resume=resume,
            )
            trained[networks[name]] = _training_of(runs[name])
        if compare is not None:
            compare(experiment, runs, directory)
    return {name: dataclasses.replace(run, path=out / name) for name, run in runs.items()}


def _training_of(run: Run) -> Training:
    history = run.records["history"]
    assert isinstance(history, History) and run.network is not None  # a complete run has both
    return Training(run.network, history)
