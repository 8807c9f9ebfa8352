"""The command line: parses and speaks, nothing else."""

import functools
import os
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ._types import SeparatrixError

app = typer.Typer(
    name="separatrix",
    help="Train recurrent networks on cognitive tasks and take them apart as dynamical systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(soft_wrap=True, highlight=False)
errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting.")
]
Out = Annotated[Path | None, typer.Option("--out", help="The run directory to make.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier run.")]


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what the user can mend into one line and exit code 2, Ctrl-C into exit code 130."""

    @functools.wraps(command)
    def run_guarded(*args: Any, **kwargs: Any) -> None:
        from ._cache import enable_compilation_cache

        try:
            enable_compilation_cache()
        except OSError as error:
            errors.print(f"separatrix: no compilation cache: {error.strerror}.")
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt as stopped:
            kept = getattr(stopped, "kept", None)
            where = f"the network and history so far are in {kept}" if kept else "nothing written"
            errors.print(f"separatrix: {str(stopped) or 'interrupted'}: {where}.")
            raise typer.Exit(130) from None
        except SeparatrixError as error:
            errors.print(f"separatrix: {' '.join([str(error), *getattr(error, '__notes__', [])])}")
            raise typer.Exit(2) from None

    return run_guarded


@app.command()
@guarded
def run(
    experiment: Annotated[str, typer.Argument(help="A name from `list`, or a TOML file.")],
    out: Out = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    changes: Changes = None,
    force: Force = False,
) -> None:
    """Run an experiment: train, simulate, analyse, draw, report."""
    from .experiment import Experiment, run_experiment

    if experiment.endswith(".toml"):
        chosen = Experiment.from_toml(experiment)
    else:
        chosen = Experiment.named(experiment)
    if seed is not None:
        chosen = chosen.with_changes([f"seed={seed}"], "--seed")
    chosen = chosen.with_changes(changes or [])
    target = out or Path("runs") / chosen.name
    done = run_experiment(
        chosen, target, force=force, announce=_announce, finish=_write_figures_and_report
    )
    _print_summary(done)


@app.command()
@guarded
def analyze(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    out: Out = None,
    changes: Changes = None,
    force: Force = False,
) -> None:
    """Analyse the network of a run again, with other settings, into a new run directory."""
    from .experiment import reanalyze

    target = out or path.with_name(path.name + "-analysis")
    done = reanalyze(
        path,
        target,
        changes=changes or [],
        force=force,
        announce=_announce,
        finish=_write_figures_and_report,
    )
    _print_summary(done)


@app.command()
@guarded
def report(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
) -> None:
    """Write the report and the figures of a run again."""
    from .store import load_run

    found = load_run(path)
    _write_figures_and_report(found, path)
    console.print(f"report: {(path / 'report.html').resolve()}")


@app.command("list")
@guarded
def list_() -> None:
    """List the experiments, tasks and networks that come with the package."""
    from .experiment import NETWORKS, TASKS, Experiment, experiment_names

    table = Table("experiment", "what it does", box=None, pad_edge=False)
    for name in experiment_names():
        table.add_row(name, Experiment.named(name).description)
    console.print(table)
    console.print(f"\ntasks: {', '.join(TASKS)}\nnetworks: {', '.join(NETWORKS)}")


@app.command()
@guarded
def doctor() -> None:
    """Show versions, devices and caches, and try a small computation."""
    import jax
    import jax.numpy as jnp

    from ._cache import enable_compilation_cache

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("python", sys.version.split()[0])
    for package in ("separatrix", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy", "xarray"):
        table.add_row(package, metadata.version(package))
    table.add_row("devices", ", ".join(str(d) for d in jax.devices()))
    table.add_row("cores", str(os.cpu_count()))
    cache = enable_compilation_cache()
    files = [f for f in cache.rglob("*") if f.is_file()]
    size = sum(f.stat().st_size for f in files) / 2**20
    table.add_row("compilation cache", f"{cache} ({len(files)} files, {size:.1f} MiB)")
    with jax.enable_x64(True):
        error = abs(float(jnp.tanh(jnp.float64(0.5))) - 0.46211715726000975)
    table.add_row("float64", f"works (tanh off by {error:.1e})" if error < 1e-15 else "INEXACT")
    console.print(table)


def _announce(stage: str) -> None:
    if errors.is_terminal:
        errors.print(f"· {stage}", style="dim")


def _write_figures_and_report(found: Any, directory: Path) -> None:
    from .report import write_figures, write_report

    write_figures(found, directory)
    write_report(found, directory / "report.html", figures=directory / "figures")


def _print_summary(done: Any) -> None:
    from .report import key_numbers

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in key_numbers(done):
        table.add_row(name, value)
    console.print(table)
    console.print(f"report: {(done.path / 'report.html').resolve()}")


def main() -> None:
    """Run the command line."""
    app(prog_name="separatrix")
