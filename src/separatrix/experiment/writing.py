"""Writing a run, and keeping what a run had reached when it was stopped."""

import contextlib
import shlex
from pathlib import Path

from .._files import written_in_one_piece
from .._records import Record
from .._types import InvalidInputError
from ..networks import AbstractNetwork
from ..store import Run, new_directory, provenance, save_network, save_records
from ..store.directory import EXPERIMENT, RESULTS, WEIGHTS, incomplete
from ..store.integrity import write_digests
from .settings import Experiment


def write_run(
    experiment: Experiment, network: AbstractNetwork, records: dict[str, Record], directory: Path
) -> Run:
    """Write the configuration as executed, the weights and the results into `directory`."""
    write_settings(experiment, directory)
    save_network(network, directory / WEIGHTS)
    origin = provenance()
    save_records(records, directory / RESULTS, origin=origin)
    write_digests(directory)
    return Run(directory, experiment.to_dict(), network, records, origin)


def write_settings(experiment: Experiment, directory: Path) -> None:
    """Write the configuration as executed, which marks a directory as that of an experiment."""
    with written_in_one_piece(directory / EXPERIMENT) as temporary:
        temporary.write_text(experiment.to_toml(), encoding="utf-8")


def keep_incomplete(
    experiment: Experiment,
    network: AbstractNetwork,
    records: dict[str, Record],
    out: Path,
    stopped: BaseException,
    what: str,
    goes_on: bool = True,
) -> None:
    """Write what a run had reached to `<out>.incomplete`, and tell `stopped` where that is.

    `what` names in the note what is kept, `goes_on` says whether its analysis makes the run. The
    error that stopped the run stays the one that is raised: where nothing can be written, the note
    says so.
    """
    place = incomplete(out)
    try:
        with new_directory(place, force=True) as directory:
            write_run(experiment, network, records, directory)
    except (InvalidInputError, OSError) as error:
        stopped.add_note(f"{what} not kept: {error}")
        return
    command = ["separatrix", "analyze", str(place), *(["--out", str(out)] if goes_on else [])]
    does = "goes on from there" if goes_on else "looks at it as it is"
    remedy = f"`{shlex.join(command)}` {does}"
    if experiment.own_tables:  # which `analyze` does not import
        remedy = "its task or network is your own, so the same command with --resume makes the run"
    stopped.add_note(f"{what} kept in {place}; {remedy}.")
    with contextlib.suppress(AttributeError):
        stopped.kept = place  # type: ignore[attr-defined]
