import pytest
from small_experiment import SETTINGS, VARIANTS

import separatrix as sx
from separatrix.experiment import Experiment, run_experiment


def experiment(**changes):
    return Experiment.from_dict(SETTINGS | VARIANTS | changes)


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


def test_an_experiment_with_variants_is_no_single_run(tmp_path):
    with pytest.raises(sx.InvalidInputError, match="has the variants still, pushed, gated"):
        run_experiment(experiment(), tmp_path / "run")
    assert not list(tmp_path.iterdir())
