"""An experiment with variants is a study, and its page sets them side by side."""

import numpy as np
import pytest
from same import assert_same
from small_experiment import SETTINGS, VARIANTS

import separatrix as sx
from separatrix.experiment import Experiment
from separatrix.report import write_study_report
from separatrix.studies import is_study

pytestmark = pytest.mark.runs


def experiment(**changes):
    return Experiment.from_dict(SETTINGS | VARIANTS | changes)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    out = tmp_path_factory.mktemp("compared") / "all"
    return out, dict(sx.sweep(experiment(), out, workers=0).runs)


def test_every_variant_is_a_run(compared):
    out, runs = compared
    assert is_study(out)
    read = sx.load_study(out).runs
    assert list(read) == list(runs) == ["still", "pushed", "gated"]
    assert type(read["gated"].network).__name__ == "GRU"
    assert {run.path.parent for run in runs.values()} == {out / "cells"}
    for place in (out / "cells", out):
        with pytest.raises(sx.UnreadableFileError, match="load_study"):
            sx.load_run(place)


def test_a_directory_of_runs_is_read_like_a_study(compared):
    out, runs = compared
    loose, whole = sx.load_study(out / "cells"), sx.load_study(out)
    assert list(loose.runs) == sorted(run.path.name for run in runs.values())
    for key in loose.table.index:
        assert loose.table.loss[key] == whole.table.loss[key]
        assert loose.runs[key].path.name == whole.run(key).path.name
    assert loose.study is None and loose.status.is_over and loose.status.count("done") == 3
    assert loose.arrays("history").sizes["network"] == 3
    assert "StudyResults: cells, 3 networks (3 done)" in repr(loose)
    assert sx.compare(loose, "spectrum").matrix.shape == (3, 3)


def test_variants_of_the_analysis_share_their_training(compared):
    _, runs = compared
    still, pushed = runs["still"], runs["pushed"]
    assert_same((still.network, still.history), (pushed.network, pushed.history))
    assert not np.array_equal(runs["gated"].history.loss, still.history.loss)


def test_one_network_is_trained_once(tmp_path, monkeypatch):
    from separatrix.experiment import run as module

    trained, train = [], module.train
    monkeypatch.setattr(module, "train", lambda *a, **b: trained.append(1) or train(*a, **b))
    grid = {"analysis.num_candidates": [2, 3], "analysis.slow_points": [True, False]}
    study = sx.Study.from_dict({"name": "one", "experiment": SETTINGS, "grid": grid})
    results = sx.sweep(study, tmp_path / "one", workers=0)
    assert (len(results.done), len(trained)) == (4, 1)
    assert results.varied == list(grid)
    assert not results.is_independent
    assert np.isnan(sx.compare(results, "spectrum").mean_low).all()
    page = write_study_report(results, tmp_path / "report.html").read_text()
    assert "Some networks share their training" in page and "95 % interval " not in page
    first = next(iter(results.names.values()))
    assert first == "analysis.num_candidates=2, analysis.slow_points=True"
    found = [len(run.fixed_points.outcomes) for run in results.runs.values()]
    assert found == [2, 2, 3, 3]


def test_the_report_sets_figures_of_variants_side_by_side(compared):
    out, runs = compared
    text = write_study_report(sx.load_study(out), out / "report.html").read_text(encoding="utf-8")
    for name, run in runs.items():
        assert f"--row {run.path.name}</code>" in text  # not drawn yet
        assert f"<strong>{name}</strong>: A {type(run.network).__name__} of" in text
    assert text.count("data:image/png;base64,") >= 3 * 3
    # one network was trained for two of the variants, so its learning is shown once
    assert "<figcaption>still, pushed</figcaption>" in text
