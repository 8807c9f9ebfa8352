import jax
import numpy as np
import pytest
from small_experiment import SETTINGS

import separatrix as sx
from separatrix.experiment import Experiment, run_experiment, run_variants
from separatrix.report import write_comparison

COMPARED = {
    "name": "compared",
    "variants": {
        "still": {},
        "pushed": {"analysis": {"input": [1.0, 0.9, 0.1]}},
        "gated": {"network": {"name": "GRU", "num_units": 4}},
    },
}


def experiment(**changes):
    return Experiment.from_dict(SETTINGS | COMPARED | changes)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    out = tmp_path_factory.mktemp("compared") / "all"
    return out, run_variants(experiment(), out, progress=False)


def test_a_variant_merges_its_tables_key_by_key():
    pushed = experiment().variant("pushed")
    assert (pushed.name, pushed.seed) == ("compared-pushed", 3)
    assert pushed.analysis.input == (1.0, 0.9, 0.1)
    assert pushed.analysis.num_trials == 4
    assert pushed.network.arguments == {"num_units": 8}
    assert not pushed.variants


def test_a_change_reaches_the_variants_that_say_something_else():
    changed = experiment().with_changes(["network.num_units=6", "training.steps=2"])
    assert changed.variant("gated").network.arguments["num_units"] == 6
    assert changed.variant("pushed").network.arguments["num_units"] == 6
    assert changed.variant("gated").training.steps == 2
    alone = experiment().with_changes(["variants.still.training.steps=1"])
    assert [alone.variant(name).training.steps for name in alone.variants] == [1, 4, 4]


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        (
            {"gru": {"network": {"nam": "GRU"}, "trianing": {}}},
            "unknown key 'trianing' in variants.gru in the settings: did you mean 'training'",
        ),
        ({"a": {"variants": {}}}, "variants.a in the settings has variants of its own."),
        ({"a/b": {}}, "variants.a/b"),
    ],
)
def test_what_is_wrong_in_a_variant_is_said_at_once(variants, said):
    with pytest.raises(sx.InvalidInputError, match=said):
        experiment(variants=variants)


@pytest.mark.runs
def test_every_variant_is_a_run(compared):
    out, runs = compared
    assert sorted(entry.name for entry in out.iterdir()) == [
        "experiment.toml",
        "gated",
        "pushed",
        "still",
    ]
    read = sx.load_runs(out)
    assert list(read) == list(runs) == ["still", "pushed", "gated"]
    assert type(read["gated"].network).__name__ == "GRU"
    assert runs["pushed"].path == out / "pushed"
    with pytest.raises(sx.UnreadableFileError, match="holds the runs still, pushed, gated"):
        sx.load_run(out)


@pytest.mark.runs
def test_variants_of_the_analysis_share_their_training(compared):
    _, runs = compared
    still, pushed = runs["still"], runs["pushed"]
    for one, other in zip(
        jax.tree.leaves(still.network), jax.tree.leaves(pushed.network), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(still.history.loss, pushed.history.loss)
    assert not np.array_equal(runs["gated"].history.loss, still.history.loss)


def test_an_experiment_with_variants_is_no_single_run(tmp_path):
    with pytest.raises(sx.InvalidInputError, match="has the variants still, pushed, gated"):
        run_experiment(experiment(), tmp_path / "run")
    with pytest.raises(sx.InvalidInputError, match="has no variants: use run_experiment"):
        run_variants(experiment(variants={}), tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.runs
def test_what_is_complete_stays_when_a_variant_fails(tmp_path):
    out = tmp_path / "all"
    broken = {"still": {}, "wild": {"training": {"optimizer": {"learning_rate": 1e9}}}}
    with pytest.raises(sx.TrainingDivergedError) as caught:
        run_variants(experiment(variants=broken), out, progress=False)
    kept = tmp_path / "all.incomplete"
    assert not out.exists()
    assert sorted(e.name for e in kept.iterdir()) == ["experiment.toml", "still", "wild.incomplete"]
    assert f"What is complete stays in {kept}." in caught.value.__notes__
    run_variants(experiment(variants={"still": {}}), out, progress=False, force=True)
    assert list(sx.load_runs(out)) == ["still"]


@pytest.mark.runs
@pytest.mark.runs
def test_the_comparison_sets_numbers_and_figures_side_by_side(compared, tmp_path):
    _, runs = compared
    page = write_comparison("compared", "Three of them.", runs, tmp_path / "report.html")
    text = page.read_text(encoding="utf-8")
    for name in runs:
        assert f'<a href="{name}/report.html">{name}</a>' in text
    assert "accuracy of the ideal observer" in text
    assert text.count("data:image/png;base64,") >= 3 * 3
    # one network was trained for two of the variants, so its learning is shown once
    assert "<figcaption>still, pushed</figcaption>" in text


@pytest.mark.runs
def test_the_comparison_says_which_variants_were_not_completed(compared, tmp_path):
    _, runs = compared
    some = {"still": runs["still"]}
    page = write_comparison("c", "", some, tmp_path / "report.html", missing=["pushed", "gated"])
    text = page.read_text(encoding="utf-8")
    assert "Not here, for they were not completed: pushed, gated." in text
