import pytest
from small_experiment import SETTINGS, VARIANTS

import separatrix as sx
from separatrix.experiment import Experiment, run_experiment


def experiment(**changes):
    return Experiment.from_dict(SETTINGS | VARIANTS | changes)


def test_a_variant_merges_its_tables_key_by_key():
    pushed = experiment().variant("pushed")
    assert (pushed.name, pushed.seed, pushed.variants) == ("compared-pushed", 3, {})
    assert (pushed.analysis.input, pushed.analysis.num_trials) == ((1.0, 0.9, 0.1), 4)
    assert pushed.network.arguments == {"num_units": 8}


def test_a_change_reaches_the_variants_that_say_something_else():
    changed = experiment().with_changes(["network.num_units=6", "training.steps=2"])
    for name in ("gated", "pushed"):
        assert changed.variant(name).network.arguments["num_units"] == 6
        assert changed.variant(name).training.steps == 2
    alone = experiment().with_changes(["variants.still.training.steps=1"])
    assert [alone.variant(name).training.steps for name in alone.variants] == [1, 4, 4]


@pytest.mark.parametrize(
    ("variants", "word"),
    [
        ({"gru": {"network": {"nam": "GRU"}, "trianing": {}}}, "variants.gru"),
        ({"a": {"variants": {}}}, "variants.a"),
        ({"a/b": {}}, "variants.a/b"),
    ],
)
def test_what_is_wrong_in_a_variant_is_said_at_once(variants, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        experiment(variants=variants)


def test_an_experiment_with_variants_is_no_single_run(tmp_path):
    with pytest.raises(sx.InvalidInputError, match="pushed"):
        run_experiment(experiment(), tmp_path / "run")
    assert not list(tmp_path.iterdir())
