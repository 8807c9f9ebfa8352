"""Many networks trained together: each is what it is alone."""

import dataclasses
import os
import pickle
import subprocess
import sys
import time

import equinox as eqx
import jax
import numpy as np
import optax
import pytest
from same import assert_same

import separatrix as sx
from separatrix.training import Ending

COUNT = 3
KEYS = jax.random.split(jax.random.key(5), COUNT)
HOW = {"steps": 20, "epoch_steps": 4, "batch_size": 8, "progress": False}
MAPPED = {"devices": 2}
"""Over both of the devices that `tests/conftest.py` makes: three networks and one of padding."""
adam = optax.inject_hyperparams(optax.adam)


@pytest.fixture(scope="module")
def networks():
    return made()


def made(noise=(0.0,) * COUNT):
    keys = jax.random.split(jax.random.key(4), COUNT)
    return [sx.networks.CTRNN(3, 8, 3, noise=s, key=k) for s, k in zip(noise, keys, strict=True)]


def fit(networks, task, place=MAPPED, **changes):
    how = {"keys": KEYS[: len(networks)]} | HOW | place | changes
    return sx.train_ensemble(networks, task, **how)


def alone(network, task, number, **changes):
    return sx.train(network, task, key=KEYS[number], **HOW | changes)


ALONE = """
import pickle, sys
import jax, numpy as np, separatrix as sx
networks, keys, how, out = pickle.load(open(sys.argv[1], "rb"))
task = sx.tasks.PerceptualDecisionMaking()
fits = [sx.train(n, task, key=k, **how) for n, k in zip(networks, keys, strict=True)]
pickle.dump([(jax.tree.leaves(f.network), f.history.loss) for f in fits], open(out, "wb"))
"""


@pytest.mark.runs
def test_workers_give_the_bits_of_a_process_with_one_thread(networks, task, tmp_path):
    given, out = tmp_path / "given", tmp_path / "out"
    given.write_bytes(pickle.dumps((networks, list(KEYS), HOW, out)))
    one = dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    subprocess.run([sys.executable, "-c", ALONE, str(given)], env=os.environ | one, check=True)
    ensemble = fit(networks, task, {"workers": 2})
    assert set(ensemble.endings) == {Ending.ALL_STEPS}
    found = [(jax.tree.leaves(each.network), each.history.loss) for each in ensemble]
    assert_same(found, pickle.loads(out.read_bytes()), rtol=0)


KILLED = """
import pickle, sys
import separatrix as sx
networks, keys, how, out = pickle.load(open(sys.argv[1], "rb"))
task, kept = sx.tasks.PerceptualDecisionMaking(), sx.Checkpoint(out, seconds=0)
if __name__ == "__main__":
    sx.train_ensemble(networks, task, keys=keys, workers=1, checkpoint=kept, **how)
"""


@pytest.mark.runs
def test_an_ensemble_that_was_killed_goes_on_to_the_same_bits(networks, task, tmp_path):
    """Killed when the second network has done some of its steps: the first is not done again."""
    given, script, out = tmp_path / "given", tmp_path / "script.py", tmp_path / "fits"
    long = {"steps": 4000, "epoch_steps": 20}
    given.write_bytes(pickle.dumps((networks, list(KEYS), HOW | long, out)))
    script.write_text(KILLED)
    first, second, third = (out.with_name(f"fits.{k}") for k in range(COUNT))
    with subprocess.Popen([sys.executable, str(script), str(given)]) as process:
        while not second.exists() and process.poll() is None:
            time.sleep(0.05)
        process.kill()
    assert second.exists() and not third.exists()
    before = first.stat().st_mtime_ns
    kept = {"checkpoint": sx.Checkpoint(out, seconds=3600)}
    again = fit(networks, task, {"workers": 1}, **long, **kept)
    whole = fit(networks, task, {"workers": 1}, **long)
    assert_same((again.networks, again.history), (whole.networks, whole.history))
    assert first.stat().st_mtime_ns == before


def test_a_script_that_each_worker_would_run_again_is_refused_at_once(tmp_path, monkeypatch):
    from separatrix._processes import in_processes

    script, main = tmp_path / "script.py", sys.modules["__main__"]
    monkeypatch.setattr(main, "__file__", str(script), raising=False)
    monkeypatch.setattr(main, "__spec__", None)
    script.write_text("work()")
    monkeypatch.setattr("threading.Thread.start", None)  # nothing begins
    with pytest.raises(sx.InvalidInputError, match=r"script\.py lacks"):
        next(in_processes([("", os.getpid, ())], 1))
    script.write_text('if __name__ == "__main__":\n    work()')
    with pytest.raises(TypeError):
        next(in_processes([("", os.getpid, ())], 1))


@pytest.mark.parametrize("devices", [1, 2])
def test_mapped_networks_learn_what_each_learns_alone(networks, task, devices):
    ensemble = fit(networks, task, {"devices": devices})
    for number, network in enumerate(networks):
        one = alone(network, task, number)
        assert ensemble.history.loss[number] == pytest.approx(one.history.loss, rel=1e-5)
        assert ensemble[number].history.accuracy == pytest.approx(one.history.accuracy, abs=1e-6)
        assert_same(ensemble.networks[number], one.network, atol=1e-5)


def test_each_network_has_its_rate_its_noise_and_its_penalties(task):
    networks = made(noise=(0.0, 0.4, 0.0))[:2]
    optimizers = [adam(learning_rate=rate) for rate in (1e-3, 3e-2)]
    prices = [[sx.regularizers.Rates(s), sx.regularizers.Weights(s)] for s in (0.0, 1e-1)]
    ensemble = fit(networks, task, optimizer=optimizers, regularizers=prices)
    for number, network in enumerate(networks):
        own = {"optimizer": optimizers[number], "regularizers": prices[number]}
        one = alone(network, task, number, **own)
        assert ensemble.history.loss[number] == pytest.approx(one.history.loss, rel=1e-5)
        assert ensemble[number].history.penalty == pytest.approx(one.history.penalty, rel=1e-5)
        assert jax.tree.structure(ensemble.networks[number]) == jax.tree.structure(network)
    workers = fit(networks, task, {"workers": 1}, optimizer=optimizers, regularizers=prices)
    assert workers.history.penalty == pytest.approx(ensemble.history.penalty, rel=1e-4)


@pytest.mark.parametrize(("place", "rounding"), [(MAPPED, 1e-5), ({"workers": 1}, 0.0)])
def test_one_that_diverges_is_set_aside_and_the_others_are_what_they_are(
    networks, task, place, rounding
):
    """Where numbers are mapped the program is another one without it."""
    optimizers = [adam(learning_rate=rate) for rate in (1e-3, 1e30, 1e-3)]
    ensemble = fit(networks, task, place, optimizer=optimizers)
    calm = fit(networks, task, place, optimizer=optimizers[0])
    assert ensemble.endings == (Ending.ALL_STEPS, Ending.DIVERGED, Ending.ALL_STEPS)
    for number in (0, 2):
        losses = ensemble.history.loss[number], calm.history.loss[number]
        np.testing.assert_allclose(*losses, rtol=rounding)
        assert_same(ensemble.networks[number], calm.networks[number], rtol=0, atol=rounding)
    with pytest.raises(sx.TrainingDivergedError) as caught:
        alone(networks[1], task, 1, optimizer=optimizers[1])
    reached = caught.value.training
    assert reached.ending is Ending.DIVERGED
    assert len(ensemble[1].history) == len(reached.history) < HOW["steps"]
    assert_same(ensemble.networks[1], reached.network, rtol=0)  # that before the first step
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(ensemble.networks[1]))


def test_those_that_stop_leave_the_batch_and_the_others_go_on(task):
    """Of seven networks on two devices one is slow, so that the program shrinks."""
    keys = jax.random.split(jax.random.key(4), (2, 7))
    networks = [sx.networks.CTRNN(3, 8, 3, key=key) for key in keys[0]]
    optimizers = [adam(learning_rate=1e-4 if k == 4 else 1e-2) for k in range(7)]
    until = sx.Threshold(loss=0.9, patience=6)
    how = {"steps": 120, "optimizer": optimizers, "keys": keys[1]}
    ensemble, whole = fit(networks, task, until=until, **how), fit(networks, task, **how)
    assert sum(ending is Ending.THRESHOLD for ending in ensemble.endings) >= 4
    for number, ending in enumerate(ensemble.endings):
        steps = int(ensemble.history.steps[number])
        losses, followed = whole.history.loss[number], ensemble.history.loss[number]
        np.testing.assert_allclose(followed[:steps], losses[:steps], rtol=1e-4)
        assert np.isnan(followed[steps:]).all()
        held = losses.reshape(-1, 4).mean(1) <= until.loss
        assert steps == 4 * next((k for k in range(2, 31) if held[k - 2 : k].all()), 30)
        assert (ending is Ending.THRESHOLD) == (steps < 120)
    assert ensemble.history.steps[4] == 120
    own = HOW | {"steps": 120, "optimizer": optimizers[0], "key": keys[1][0], "until": until}
    one = sx.train(networks[0], task, **own)
    assert one.ending is ensemble.endings[0] and len(one.history) == ensemble.history.steps[0]
    assert_same(ensemble.networks[0], one.network, atol=1e-3)


def test_an_ensemble_is_labeled_data(networks, task, capsys):
    ensemble = fit(networks, task, regularizers=[sx.regularizers.Rates(1e-3)], progress=True)
    assert "3/3 networks" in capsys.readouterr().err
    data = ensemble.history.to_xarray()
    assert data.loss.dims == ("member", "step") and list(data.ending.values) == ["all steps"] * 3
    assert "3 networks: 3 all steps" in repr(ensemble)
    inputs = task.trials(2, key=KEYS[0]).inputs
    states = eqx.filter_vmap(lambda network: network.unroll(inputs))(ensemble.stacked)
    np.testing.assert_allclose(states[2], ensemble.networks[2].unroll(inputs), rtol=1e-4, atol=1e-5)
    mixed = dataclasses.replace(ensemble, networks=tuple(made(noise=(0.0, 0.1, 0.0))))
    with pytest.raises(sx.InvalidInputError, match="noise"):
        mixed.stacked  # noqa: B018


def test_a_loss_of_ones_own_goes_to_workers(networks, task):
    factor = 2.0

    def loss(outputs, trials):
        return factor * sx.training.default_loss(outputs, trials)

    twice, once = (fit(networks[:1], task, {"workers": 1}, **own) for own in ({"loss": loss}, {}))
    assert twice.history.loss[0, 0] == pytest.approx(2 * once.history.loss[0, 0], rel=1e-6)


BAD = {
    "no network": (lambda n: {"networks": []}, "network"),
    "keys": (lambda n: {"keys": KEYS[:2]}, "keys"),
    "one key": (lambda n: {"keys": KEYS[0]}, "keys"),
    "no key": (lambda n: {"keys": [0, 1, 2]}, "key"),
    "optimizers": (lambda n: {"optimizer": [optax.adam(1e-3)]}, "optimizer"),
    "rates in the program": (
        lambda n: {"optimizer": [optax.adam(r) for r in (1e-3, 1e-3, 1e-2)]},
        "network 2 .*inject_hyperparams",
    ),
    "prices": (lambda n: {"regularizers": [[sx.regularizers.Rates(1.0)], []]}, "regularizers"),
    "other prices": (
        lambda n: {"regularizers": [[], [], [sx.regularizers.Rates(1.0)]]},
        "regularizers.* 2",
    ),
    "another size": (
        lambda n: {"networks": [*n[:2], sx.networks.CTRNN(3, 9, 3, key=KEYS[0])]},
        "network 2 .*num_units",
    ),
    "another network": (
        lambda n: {"networks": [n[0], sx.networks.GRU(3, 8, 3, dt=100.0, key=KEYS[0]), n[2]]},
        "network 1 .*GRU",
    ),
    "another task": (
        lambda n: {"networks": [*n[:2], sx.networks.CTRNN(4, 8, 3, key=KEYS[0])]},
        "network 2.*input",
    ),
    "patience": (lambda n: {"until": sx.Threshold(loss=0.1, patience=21)}, "patience"),
    "both": (lambda n: {"workers": 2}, "both"),
    "devices": (lambda n: {"devices": 3}, "devices"),
    "kept": (lambda n: {"checkpoint": sx.Checkpoint("fits")}, "checkpoint.*workers"),
    "no devices": (lambda n: {"devices": 0}, "devices"),
    "no workers": (lambda n: {"devices": None, "workers": 0}, "workers"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_trained_together_is_refused(case, networks, task):
    change, word = BAD[case]
    given = {"networks": networks, "keys": KEYS} | MAPPED | HOW | change(networks)
    with pytest.raises(sx.InvalidInputError, match=word):
        sx.train_ensemble(given.pop("networks"), task, **given)
