"""The flip-flop experiments at a small size: fewer bits, the same story."""

import numpy as np
import pytest

from separatrix.experiment import Experiment, run_experiment
from separatrix.report import write_report

SMALL = [
    "task.duration=3200.0",
    "network.num_units=9",  # up to 8 would be searched exhaustively
    "training.steps=300",
    "training.batch_size=16",
    "training.epoch_steps=300",
    "analysis.num_trials=4",
    "analysis.num_candidates=64",
]


def run(name, variant, out, bits):
    changes = [*SMALL, f"task.bits={bits}", f"analysis.input={[0.0] * bits}"]
    experiment = Experiment.named(name).with_changes(changes).variant(variant)
    return run_experiment(experiment, out, progress=False)


def test_two_bits_in_an_lstm_are_nine_proved_points(tmp_path):
    done = run("sussillo2013", "lstm", tmp_path / "run", bits=2)
    points = done.fixed_points.fixed
    assert np.bincount(points.n_unstable).tolist() == [4, 4, 1] and points.index_sum == 1
    assert points.certified.all() and points.n_unstable_certified.all()
    assert done.history.accuracy[-50:].mean() > 0.98
    assert (done.records["fixed_point_graph"].target >= 0).all()


@pytest.fixture(scope="module")
def one_bit(tmp_path_factory):
    out = tmp_path_factory.mktemp("one_bit")
    return {v: run("maheswaranathan2019", v, out / v, bits=1) for v in ("vanilla", "gru")}


def test_one_bit_has_the_same_topology_in_two_architectures(one_bit):
    vanilla, gru = (done.records["topology"] for done in one_bit.values())
    assert vanilla.is_cube is True and vanilla.same_as(gru) is True
    assert sorted(vanilla.names.tolist()) == ["*", "+", "-"]


def test_the_report_tells_the_topology(one_bit, tmp_path):
    text = write_report(one_bit["gru"], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "independent bits, a segment with its two ends." in text
    assert "3 fixed points, 2 + 1: the segment of 1 bit" in text


def test_a_memory_with_a_thin_share_is_found(tmp_path):
    """In this network none of 256 departures from the body leads to one of the eight memories."""
    changes = ["network.num_units=24", "training.steps=600", 'analysis.questions=["topology"]']
    experiment = Experiment.named("sussillo2013").variant("gru").with_changes(changes)
    done = run_experiment(experiment, tmp_path / "run", progress=False)
    topology = done.records["topology"]
    assert topology.counts == (8, 12, 6, 1) and topology.undecided == ""
    assert topology.is_cube is True
