"""The command line: parses and speaks, nothing else."""

import gc
import inspect
import os
import sys
from collections.abc import Collection, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .._double import double_precision
from .._files import sha256, written_in_one_piece
from .._stopping import asked_to_stop, end, stop_signals, stopped_by
from .._types import InvalidInputError
from .guard import errors, guarded, noting, settle_in

app = typer.Typer(
    name="separatrix",
    help="Train recurrent networks on cognitive tasks and take them apart as dynamical systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(soft_wrap=True, highlight=False, markup=False)

Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting.")
]
Out = Annotated[Path | None, typer.Option("--out", help="The run directory to write.")]
Workers = Annotated[
    int | None,
    typer.Option(help="Number of processes for a study. Default: one per core. 0: this process."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier run in this directory.")]


def _tell_version(asked: bool) -> bool:
    if asked:
        from .. import __version__

        console.print(f"separatrix {__version__}")
        raise typer.Exit
    return asked


@app.callback()
def separatrix(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Train recurrent networks on cognitive tasks and take them apart as dynamical systems."""


@app.command()
@guarded
def run(
    experiment: Annotated[
        str, typer.Argument(help="A name from `separatrix list`, or a TOML file.")
    ],
    out: Out = None,
    seed: Annotated[int | None, typer.Option(help="The seed of all random numbers.")] = None,
    variant: Annotated[
        str | None, typer.Option(help="Run only this variant of the experiment.")
    ] = None,
    changes: Changes = None,
    force: Force = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a run that was stopped, if there is one.")
    ] = False,
    seeds: Annotated[
        str | None, typer.Option(help="Run a study with one network for each seed, such as 0:20.")
    ] = None,
    workers: Workers = None,
) -> None:
    """Run an experiment: train, simulate, analyze, draw, report."""
    from ..experiment import Experiment, run_experiment

    if experiment.endswith(".toml"):
        chosen = Experiment.from_toml(experiment)
    else:
        chosen = Experiment.named(experiment)
    if seed is not None:
        chosen = chosen.with_changes([f"seed={seed}"], "--seed")
    chosen = chosen.with_changes(changes or [])
    for line in chosen.left_out:
        errors.print(f"separatrix: {line}")
    if variant is not None:
        chosen = chosen.variant(variant)
    if seeds is not None or chosen.variants:
        from ..studies import Study

        _refuse(force=force, seed=seed is not None and seeds is not None)
        name = chosen.name if seeds is None else f"{chosen.name}-seeds"
        if workers is None and seeds is None:
            workers = 0  # a few large networks, each with all threads
        _sweep(Study.of(chosen, seeds), out or Path("runs") / name, workers=workers)
        return
    target = out or Path("runs") / chosen.name
    asked: dict[str, Any] = {"force": force, "resume": resume, "announce": _say, "finish": _draw}
    _print_summary(run_experiment(chosen, target, **asked))


@app.command()
@guarded
def sweep(
    study: Annotated[Path, typer.Argument(help="The TOML file of a study.")],
    out: Annotated[Path | None, typer.Option("--out", help="The study directory to write.")] = None,
    workers: Workers = None,
    part: Annotated[
        str | None,
        typer.Option(help="Run only this part of the study, such as 3/16, in a job array."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="The address of a Dask scheduler that runs the cells.")
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Run the cells that failed again.")
    ] = False,
    slurm: Annotated[
        int | None,
        typer.Option(help="Print a script for a SLURM array with this many parts; run nothing."),
    ] = None,
) -> None:
    """Run a study: many networks of one experiment. The same command continues a stopped study."""
    from ..studies import Study, slurm_script

    chosen = Study.from_toml(study)
    target = out or Path("runs") / chosen.name
    if slurm is not None:
        console.print(slurm_script(chosen, study, target, slurm), end="")
        return
    _sweep(chosen, target, workers=workers, part=part, scheduler=scheduler, retry=retry)


@app.command()
@guarded
def status(
    path: Annotated[Path, typer.Argument(metavar="STUDY", help="A study directory.")],
) -> None:
    """Print how far a study is: what is planned, running, done or failed, and why it failed."""
    from ..studies import load_study

    study = load_study(path)
    console.print(str(study.status))
    _print_rows([(key, where) for key, where in study.status.running.items()])
    _print_rows([(f"{key} ({row.state})", row.error) for key, row in study.failed.iterrows()])


@app.command()
@guarded
def analyze(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    out: Out = None,
    changes: Changes = None,
    force: Force = False,
) -> None:
    """Analyze the network of a run again, with other settings, into a new run directory."""
    from ..experiment import reanalyze

    target = out or _beside(path, "-analysis")
    asked: dict[str, Any] = {"force": force, "announce": _say, "finish": _draw}
    _print_summary(reanalyze(path, target, changes=changes or [], **asked))


@app.command()
@guarded
def report(
    path: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run directory or a study directory.")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="Also write the figures in this format, such as pdf, beside png and svg.",
        ),
    ] = None,
    network: Annotated[
        Path | None, typer.Option(help="Instead of a run: a file with the weights of a network.")
    ] = None,
    states: Annotated[
        Path | None,
        typer.Option(
            help="An .npz file with the `states` of this network, (trial, time, unit) or (state, "
            "unit). It may also hold `inputs`, `outputs` and `labels`."
        ),
    ] = None,
    frozen: Annotated[
        str | None,
        typer.Option("--input", help="The input that is held constant, such as 1,0.5,0.5."),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(help="How long the states should be held, in ms or steps.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The page to write.")] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            "--row", metavar="KEY", help="For a study: also draw the page of this network."
        ),
    ] = None,
) -> None:
    """Write the report and figures of a run again, or the page of a network from files."""
    from ..studies import is_study, load_study

    if (path is None) == (network is None):
        raise InvalidInputError("give a run directory, or --network with --states.")
    if rows and (path is None or not is_study(path)):
        raise InvalidInputError("--row can be used only with a study directory.")
    if network is not None:
        if states is None:
            raise InvalidInputError(
                "--network needs --states, an .npz file with the states of the network."
            )
        from ..report import report_of_files

        page = out or Path("report.html")
        made = report_of_files(network, states, page, frozen=frozen, duration=duration)
        for sentence in made.verdict.sentences:
            console.print(sentence)
        console.print(f"report: {page.resolve()}")
        return
    assert path is not None
    _refuse_of_runs(states=states, input=frozen, duration=duration, out=out)
    from ..store import load_run

    if is_study(path):
        results = load_study(path)
        for row in [results.run(row) for row in rows or ()]:
            _draw(row, row.path, formats or ())
        _write_study(results, formats or ())
        return
    found = load_run(path)
    with noting(
        f"No figure or report in {path} is half-written. Some may be new and others old; run the "
        "same command again to write all of them."
    ):
        _draw(found, path, formats or ())
        console.print(f"report: {(path / 'report.html').resolve()}")


@app.command()
@guarded
def certify(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run or study directory.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write. Default: RUN/proofs.json.")
    ] = None,
) -> None:
    """Write the proofs about the points of a run, for tools/verify_certificates.py to check."""
    from ..store import certify_run, load_run
    from ..store.directory import PROOFS
    from ..studies import is_study, load_study

    runs = load_study(path).runs if is_study(path) else {"": load_run(path)}
    written = certify_run(runs, path / PROOFS if out is None else out)
    console.print(f"proofs: {written.resolve()}")
    console.print(f"SHA-256: {sha256(written)}")


@app.command("list")
@guarded
def list_() -> None:
    """List the experiments, tasks, networks and questions that come with the package."""
    from ..experiment import NETWORKS, TASK_MAKERS, Experiment, all_questions, experiment_names

    names = experiment_names()
    _print_rows([(name, Experiment.named(name).description) for name in names])
    console.print(f"\ntasks: {', '.join(TASK_MAKERS)}\nnetworks: {', '.join(NETWORKS)}\nquestions:")
    said = {name: inspect.getdoc(question) or "" for name, question in all_questions().items()}
    _print_rows([(name, text.partition("\n")[0]) for name, text in said.items()])


@app.command()
@guarded
def doctor() -> None:
    """Show versions, devices and caches, and try a small computation."""
    import jax
    import jax.numpy as jnp

    packages = ("separatrix", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy", "xarray")
    with double_precision():
        error = abs(float(jnp.tanh(jnp.float64(0.5))) - 0.46211715726000975)
    _print_rows(
        [
            ("python", sys.version.split()[0]),
            *((package, metadata.version(package)) for package in packages),
            ("devices", ", ".join(str(d) for d in jax.devices())),
            ("cores", str(os.cpu_count())),
            ("compilation cache", _describe_cache()),
            ("float64", f"works (tanh off by {error:.1e})" if error < 1e-15 else "INEXACT"),
        ]
    )


def _describe_cache() -> str:
    from .._cache import enable_compilation_cache

    try:
        cache = enable_compilation_cache()
        files = [f.stat().st_size for f in cache.rglob("*") if f.is_file()]
    except InvalidInputError as error:
        return f"NONE, so every process compiles again: {error}"
    return f"{cache} ({len(files)} files, {sum(files) / 2**20:.1f} MiB)"


def _beside(path: Path, ending: str) -> Path:
    """Return the path with `ending` after its name, also where it is "." or ends in "..".

    Of a cell: beside its study, whose directory holds nothing else.
    """
    from ..studies import is_study

    named = path if path.name not in ("", "..") else path.resolve()
    study = named.absolute().parent.parent
    if named.absolute().parent.name == "cells" and is_study(study):
        return study.with_name(f"{study.name}-{named.name}{ending}")
    return named.parent / (named.name + ending)


def _say(stage: str) -> None:
    if errors.is_terminal:
        errors.print(f"· {stage}", style="dim")


def _draw(found: Any, directory: Path, formats: Collection[str] = ()) -> None:
    """Write the figures of a run, as PNG, SVG and further `formats`, and its report."""
    from ..report import write_figures, write_report

    write_figures(found, directory, formats=list(dict.fromkeys(("png", "svg", *formats))))
    write_report(found, directory / "report.html", figures=directory / "figures")


def _sweep(study: Any, target: Path, **asked: Any) -> None:
    from ..studies import sweep

    note = f"Finished networks are kept in {target}; the same command continues the study."
    with noting(note, of_refusals=False):
        results = sweep(study, target, **asked, progress=True)
    console.print(repr(results))
    if running := int((results.table.state == "running").sum()):
        console.print(
            f"Other processes are running {running} of the networks. Repeat this command when "
            "they are done."
        )
    for error, rows in results.failed.groupby("error"):
        console.print(f"failed ({len(rows)}): {error}")
    _write_study(results)


def _write_study(results: Any, formats: Collection[str] = ()) -> None:
    """Write the table of a study and its report; of a few variants, their own reports as well."""
    from ..report import write_study_report

    with written_in_one_piece(results.path / "table.csv") as temporary:
        results.table.to_csv(temporary)
    console.print(f"table: {(results.path / 'table.csv').resolve()}")
    if results.varied == ["variant"]:
        for found in results.runs.values():
            _draw(found, found.path, formats)
    page = write_study_report(results, results.path / "report.html")
    console.print(f"report: {page.resolve()}")


def _refuse(**given: bool) -> None:
    """Raise InvalidInputError for options that mean nothing for several networks."""
    if named := [f"--{name}" for name, is_given in given.items() if is_given]:
        raise InvalidInputError(
            f"{' and '.join(named)} cannot be used with several networks, because a study "
            "continues where it was stopped. To begin again, give another --out."
        )


def _refuse_of_runs(**given: Any) -> None:
    """Raise InvalidInputError for options of a page from files."""
    if named := [f"--{name}" for name, value in given.items() if value is not None]:
        raise InvalidInputError(f"{' and '.join(named)} can be used only with --network.")


def _print_rows(rows: Sequence[tuple[str, str]]) -> None:
    """Print two columns, each row on one line however narrow the window is."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        console.print(f"{name:<{width}}  {value}")


def _print_summary(done: Any) -> None:
    with noting(_complete(done.path)):
        from ..report import summary

        for sentence in summary(done):
            console.print(sentence.unescape())
        console.print(done.analyses.summary())
        console.print(f"report: {(done.path / 'report.html').resolve()}")


def _complete(directory: Path) -> str:
    return f"The results in {directory} are complete."


def start() -> None:
    """Run the command line."""
    # A command makes millions of small objects, by imports above all, and few cycles: looking for
    # those less often saves a twentieth of its time.
    gc.set_threshold(200_000, 20, 20)
    settle_in()
    # A cluster says so that the time is over; what was reached is kept as on Ctrl-C.
    with stopped_by(*stop_signals()):
        try:
            app(prog_name="separatrix")
        except SystemExit as ended:
            if asked_to_stop() and isinstance(ended.code, int):
                end(ended.code)
            raise
