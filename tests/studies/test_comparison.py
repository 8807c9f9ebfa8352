"""Comparing networks that runs hold: of one task, in the same trials."""

import dataclasses
import re
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import pandas as pd
import pytest
from small_experiment import STUDY

import separatrix as sx
from separatrix.analysis import FrozenInputs
from separatrix.report import write_study_report
from separatrix.store import Run
from separatrix.studies import Status, Study, StudyResults

TASK = sx.tasks.PerceptualDecisionMaking()
SETTINGS = {"name": "one", "task": {"name": "PerceptualDecisionMaking"}}
INPUT = np.array([[1.0, 0.5, 0.5]])


def network(seed, gain=0.5):
    made = sx.networks.CTRNN(3, 6, 3, dt=TASK.dt, activation="tanh", key=jax.random.key(seed))
    return eqx.tree_at(lambda n: n.recurrent_weights, made, gain * made.recurrent_weights)


def permuted(made, order):
    """The same network, its units in another order."""
    where = lambda n: (n.recurrent_weights, n.input_weights, n.bias, n.readout_weights)  # noqa: E731
    W, inputs, bias, readout = where(made)
    changed = W[order][:, order], inputs[order], bias[order], readout[:, order]
    return eqx.tree_at(where, made, changed)


def run(made, **records):
    system = made.at_input(INPUT[0])
    states = np.random.default_rng(0).uniform(-1, 1, (64, 6))
    points = sx.find_fixed_points(system, states, slow_points=False)
    inputs = FrozenInputs(np.array(["stimulus"]), INPUT, np.array(["both 0.5"]))
    found = {"fixed_points": points, "linearization": sx.linearize(system, points)}
    return Run(Path("nowhere"), SETTINGS, made, {"frozen_inputs": inputs, **found, **records})


@pytest.fixture(scope="module")
def runs():
    first = network(0)
    order = np.random.default_rng(1).permutation(6)
    return {"one": run(first), "permuted": run(permuted(first, order)), "other": run(network(1))}


def test_a_permuted_network_is_the_same_by_every_measure(runs):
    topology, spectrum, procrustes = (
        sx.compare(runs, name, num_trials=30) for name in ("topology", "spectrum", "procrustes")
    )
    assert topology.distances[0, 1] == 0
    assert spectrum.distances[0, 1] < 1e-9 < spectrum.distances[0, 2]
    assert procrustes.distances[0, 1] < 1e-3 < procrustes.distances[0, 2]
    assert not any(found.null.any() for found in (topology, spectrum, procrustes))
    assert procrustes.names.tolist() == list(runs)
    assert spectrum.rank_correlation(procrustes).num_pairs == 3


def test_a_network_of_another_task_is_not_known(runs):
    another = sx.networks.CTRNN(2, 6, 3, dt=TASK.dt, key=jax.random.key(0))
    settings = SETTINGS | {"task": {"name": "FlipFlop"}}
    for change in ({"network": another}, {"experiment": settings}):
        odd = dataclasses.replace(runs["one"], records=dict(runs["one"].records), **change)
        found = sx.compare(runs | {"odd": odd}, "procrustes", num_trials=20)
        assert np.isnan(found.distances[:, 3]).all() and found.cluster[3] == -1
        assert np.isnan(found.null[3]) and found.evidence[3]


def nameless(runs):
    """Return runs whose settings, and so whose task, are not known."""
    return {name: dataclasses.replace(run, experiment={}) for name, run in runs.items()}


@pytest.mark.parametrize(
    ("compare", "word"),
    [
        (lambda runs: sx.compare({}, "topology"), "no network"),
        (lambda runs: sx.compare(runs, "procustes"), "'procrustes'"),
        (lambda runs: sx.compare(runs, by="seed"), "label"),
        (lambda runs: sx.compare(runs, by={"one": "a"}), "'permuted'"),
        (lambda runs: sx.compare(nameless(runs), "procrustes"), "built"),
    ],
)
def test_what_cannot_be_compared_is_refused(runs, compare, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        compare(runs)


def results(place, study, rows):
    table = pd.DataFrame.from_dict(rows, orient="index")
    return StudyResults(place, Study.from_dict(study), table, Status({}))


def test_a_studys_report_sorts_topologies_and_draws_the_map(runs, tmp_path, monkeypatch):
    missing = dataclasses.replace(runs["one"].fixed_points, complete=False, index_sum=2)
    known = runs | {"one": run(network(0), fixed_points=missing)}
    monkeypatch.setattr(StudyResults, "run", lambda self, key, *, only=None: known[key])
    same = {"state": "done", "error": "", "fixed_points": 1, "topology": "1", "cube": False}
    same["seed"] = 0
    rate = "training.optimizer.learning_rate"
    rows = {name: {**same, rate: k % 2} for k, name in enumerate(runs)}
    rows["one"]["cube"], rows["permuted"]["cube"] = None, True
    held = results(tmp_path, STUDY, rows)
    assert sx.compare(held, "spectrum", by=rate).groups.tolist() == ["0", "1"]
    with pytest.raises(sx.InvalidInputError, match="'fixed_points'"):
        sx.compare(held, by="fixed_point")
    page = write_study_report(held, tmp_path / "report.html").read_text()
    assert "How far the networks are apart" in page and f"by {rate}" in page
    # Wilson's interval from 1 of 3 up to 2 of 3, whatever the unknown one is
    assert "1 unknown (95 % interval 6.1 % to 93.9 %)" in re.sub(r"\s+", " ", page)
    assert "Topology 1: 1 of" in page and "Topology 2: 1 of" in page
    assert "Undecided: 1 of 3 networks" in page
