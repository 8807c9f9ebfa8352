"""Is there a line attractor in the networks of Yang & Wang (2020)? Fifty seeds of three recipes.

``train`` trains the networks that ``separatrix run NAME --seed K`` trains, and ``analyze`` writes
one line of JSON for each of them. Both skip what is there already, so that they can be stopped and
started again:

    python benchmarks/yang2020_claim.py train --out DIRECTORY
    python benchmarks/yang2020_claim.py analyze --out DIRECTORY
    python benchmarks/yang2020_claim.py table --out DIRECTORY
    python benchmarks/yang2020_claim.py figure --out DIRECTORY --file docs/classics/yang2020.png
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jax
import numpy as np

import separatrix as sx
from separatrix.experiment.setup import Setup

PRESETS = ("yang2020", "yang2020-pytorch", "yang2020-line")
STIMULUS = 2000.0  # ms: how long the task asks for evidence to be held
TRIALS = 256  # whose states at the end of the stimulus are watched
CANDIDATES = 2200  # the states of 100 trials, as in a run
RESULTS = "verdicts.jsonl"
COLORS = {"yang2020": "C0", "yang2020-pytorch": "C1", "yang2020-line": "C2"}


def train(experiment: sx.Experiment) -> sx.networks.AbstractNetwork:
    """Train the network of an experiment as a run of it does."""
    setup = Setup(experiment)
    settings = setup.experiment.training
    return sx.train(
        setup.network,
        setup.task,
        steps=settings.steps,
        batch_size=settings.batch_size,
        optimizer=setup.optimizer,
        key=setup.key_training,
        regularizers=setup.regularizers,
        batches=setup.batches,
        epoch_steps=settings.epoch_steps,
        progress=False,
        devices=settings.devices,
    ).network


def analyze(
    network: sx.networks.AbstractNetwork, task: sx.tasks.PerceptualDecisionMaking
) -> dict[str, Any]:
    """Return what speaks for a line attractor, and against one, as plain numbers."""
    system = network.at_input(task.evidence_input(0.0))
    activity = sx.simulate(network, task.trials(TRIALS, key=jax.random.key(2020)))
    points = sx.find_fixed_points(system, activity.flat_states[:CANDIDATES])
    fixed = points.fixed
    stability = Counter(np.asarray(fixed.stability).tolist())
    last = task.period_steps()["stimulus"][1] - 1
    ends = np.asarray(activity.states, float)[:, last]
    axis = np.asarray(network.readout_weights[1] - network.readout_weights[2], float)
    held = sx.verdict(system, ends, duration=STIMULUS, axis=axis, points=points)
    modes = sx.linearize(system, ends[:: len(ends) // 32])
    times = np.sort(np.abs(np.asarray(modes.time_constants)), axis=1)[:, ::-1]
    first = np.asarray(activity.pca(1).components)[0]
    return {
        "fixed": len(fixed),
        "proved": int(np.asarray(fixed.certified).sum()),
        "stability": dict(sorted(stability.items())),
        "slow": len(points.slow),
        "held": held.held,
        "answer": held.answer,
        "line": held.is_held_by("line"),
        "verdict": held.sentences,
        "ends": shares(held),
        "periods": [c.numbers["period"] for c in held.claims if c.numbers.get("period")],
        "drift": value(held, "moved"),
        "spread": value(held, "spread"),
        "order": value(held, "order"),
        "kept_at_T": value(held, "spread") >= 0.5 and abs(value(held, "order")) >= 0.5,
        "kept": held.keeps_differences,
        "along_pc1": abs(float(direction(np.asarray(held.settled)) @ first)),
        "slowest_time": float(np.median(times[:, 0])),
        "next_time": float(np.median(times[:, 1])),
    }


def shares(held: sx.records.Verdict) -> dict[str, float]:
    """Return the share of the states that end at each kind of end."""
    found: Counter[str] = Counter()
    for claim in held.claims:
        if claim.kind == "end":
            found[claim.numbers["what"]] += claim.numbers["share"]
    return dict(found)


def value(held: sx.records.Verdict, kind: str) -> float:
    """Return the value of a claim, NaN where it is not made."""
    claim = held.claim(kind)
    return float("nan") if claim is None else float(claim.numbers["value"])


def direction(settled: np.ndarray) -> np.ndarray:
    """Return the direction in which settled states extend most."""
    there = settled[np.isfinite(settled).all(1)]
    return np.linalg.svd(there - there.mean(0), full_matrices=False)[2][0]


def accuracy(
    network: sx.networks.AbstractNetwork, setup: Setup, task: sx.tasks.PerceptualDecisionMaking
) -> dict[str, float]:
    """Return the accuracy on as many test trials as a run has, with the key of the run."""
    count = setup.experiment.analysis.test_trials
    behavior = sx.psychometric(network, task, num_trials=count, key=setup.key_test)
    return {"accuracy": behavior.mean_accuracy, "ideal": behavior.ideal_mean_accuracy}


def papers_task(setup: Setup) -> sx.tasks.PerceptualDecisionMaking:
    """Return the task of the paper: that of the run, or the one beside it where it is another."""
    if isinstance(setup.task, sx.tasks.PerceptualDecisionMaking):
        return setup.task
    return sx.tasks.PerceptualDecisionMaking(
        dt=setup.task.dt, stimulus=STIMULUS, noise_on="stimulus"
    )


def experiment_of(preset: str, seed: int) -> sx.Experiment:
    """Return the experiment of ``separatrix run PRESET --seed SEED``; a preset may be a file."""
    named = sx.Experiment.from_toml if preset.endswith(".toml") else sx.Experiment.named
    return named(preset).with_changes([f"seed={seed}"])


def place_of(out: Path, experiment: sx.Experiment) -> Path:
    """Return where a network is kept."""
    return out / experiment.name / f"seed-{experiment.seed:02d}.safetensors"


def train_all(out: Path, presets: list[str], seeds: range) -> None:
    """Train what is not there."""
    for preset in presets:
        for seed in seeds:
            experiment = experiment_of(preset, seed)
            place = place_of(out, experiment)
            if place.exists():
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            start = time.perf_counter()
            sx.save_network(train(experiment), place)
            print(f"{experiment.name} {seed}: {time.perf_counter() - start:.1f} s", flush=True)


def analyze_all(out: Path, presets: list[str], seeds: range) -> None:
    """Analyze the networks that are there and are not analyzed yet, a line of JSON for each."""
    done = {(row["preset"], row["seed"]) for row in results(out)}
    for preset in presets:
        for seed in seeds:
            experiment = experiment_of(preset, seed)
            place = place_of(out, experiment)
            if (experiment.name, seed) in done or not place.exists():
                continue
            network = sx.load_network(place)
            setup = Setup(experiment)
            task = papers_task(setup)
            row = {"preset": experiment.name, "seed": seed}
            row |= accuracy(network, setup, task) | analyze(network, task)
            with (out / RESULTS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(json.dumps(row), flush=True)


def results(out: Path) -> list[dict[str, Any]]:
    """Return the lines that were written, in the order of the seeds."""
    path = out / RESULTS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sorted(map(json.loads, lines), key=lambda row: (row["preset"], row["seed"]))


def table(out: Path) -> None:
    """Print medians and ranges by preset."""
    columns = (
        *("accuracy", "drift", "spread", "order", "along_pc1"),
        *("slowest_time", "next_time", "fixed", "proved", "slow"),
    )
    rows = results(out)
    for preset in dict.fromkeys(row["preset"] for row in rows):
        mine = [row for row in rows if row["preset"] == preset]
        print(preset, len(mine), dict(Counter(row["held"] for row in mine).most_common()))
        print("    a line:", dict(Counter(row["line"] for row in mine).most_common()))
        answers = Counter((row["held"], row["answer"]) for row in mine if row["line"] != "no")
        print("    lines:", dict(answers), "ends of 95 %:", dict(main_ends(mine).most_common()))
        kept = sum(row["kept_at_T"] for row in mine), sum(bool(row["kept"]) for row in mine)
        print("    differences kept at T, and throughout where they swing:", *kept)
        print("    mean accuracy", np.mean([r["accuracy"] for r in mine]))
        for name in columns:
            values = np.array([row[name] for row in mine], float)
            low, middle, high = np.nanpercentile(values, [0, 50, 100])
            print(f"    {name:13s} {middle:10.4g}  ({low:.4g} to {high:.4g})")


def main_ends(rows: list[dict[str, Any]]) -> Counter[str]:
    """Count the networks by the kind of end that 95 % of their states have."""
    kinds = ({w: s for w, s in row["ends"].items() if s >= 0.95} for row in rows)
    return Counter(next(iter(kind), "several") for kind in kinds)


def figure(out: Path, file: Path) -> None:
    """Draw drift against the spread that is kept, and accuracy, one dot a network."""
    import matplotlib.pyplot as plt

    rows = results(out)
    fig, (motion_axes, score_axes) = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
    for column, preset in enumerate(dict.fromkeys(row["preset"] for row in rows)):
        mine = [row for row in rows if row["preset"] == preset]
        line = np.array([row["held"] == "line" for row in mine])
        drift, kept, score = (
            np.array([row[name] for row in mine], float) for name in ("drift", "spread", "accuracy")
        )
        color = COLORS.get(preset, f"C{column + 3}")
        shift = column + np.random.default_rng(0).uniform(-0.3, 0.3, len(mine))
        for chosen, face in ((line, color), (~line, "none")):
            style = {"s": 16, "facecolors": face, "edgecolors": color, "linewidths": 0.8}
            motion_axes.scatter(drift[chosen], kept[chosen], **style)
            score_axes.scatter(shift[chosen], score[chosen], **style)
        motion_axes.scatter([], [], s=16, color=color, label=preset)
        score_axes.annotate(preset, (column, 1.01), xycoords=("data", "axes fraction"),
                            ha="center", fontsize=7, color=color)  # fmt: skip
    motion_axes.axvline(0.05, color="0.6", lw=0.8, ls=":")
    motion_axes.set(xscale="log", xlabel="movement in 2 s, of the extent",
                    ylabel="spread along the choice left after 2 s")  # fmt: skip
    motion_axes.set_yscale("symlog", linthresh=2.0)
    motion_axes.legend(frameon=False, fontsize=7)
    if rows:
        score_axes.axhline(rows[0]["ideal"], color="0.6", lw=0.8, ls=":")
    score_axes.set(xticks=[], ylabel="accuracy (dotted: ideal observer)")
    file.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(file, dpi=150)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("train", "analyze", "table", "figure"))
    parser.add_argument("--out", type=Path, required=True, help="where networks and results are")
    parser.add_argument("--presets", nargs="+", default=list(PRESETS))
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 50), help="first, past the last")
    parser.add_argument("--file", type=Path, default=Path("yang2020.png"))
    given = parser.parse_args()
    if given.what == "train":
        train_all(given.out, given.presets, range(*given.seeds))
    elif given.what == "analyze":
        analyze_all(given.out, given.presets, range(*given.seeds))
    elif given.what == "table":
        table(given.out)
    else:
        figure(given.out, given.file)


if __name__ == "__main__":
    main()
