"""Files of other packages, each made here as that package makes it."""

import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

import separatrix as sx
from separatrix.models import load

RNG = np.random.default_rng(0)


def draw(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def same(one, other):
    """Tell whether two systems take a state to the same, bit for bit."""
    state = np.random.default_rng(1).standard_normal(one.size)
    return np.array_equal(one.evaluate(state), other.evaluate(state))


M, N, H, WU = draw(6, 2), draw(2, 6), draw(6), draw(6, 3)
SMC = {
    "R_z": draw(1), "transition.decay_param": np.array([-2.0], np.float32), "transition.h": H,
    "transition.n": N, "transition.m": M, "observation.B": draw(6), "observation.Bias": draw(6),
}  # fmt: skip
DECAY = np.exp(-np.exp(-2.0))
A, W, HZ = draw(4), draw(4, 4), draw(4)
W1, W2, H2 = draw(4, 5), draw(5, 4), draw(5)
GATES = {
    "weight_ih": draw(12, 2),
    "weight_hh": draw(12, 4),
    "bias_ih": draw(12),
    "bias_hh": draw(12),
}
LFADS = {f"decoder.rnn.cell.gen_cell.{name}": array for name, array in GATES.items()}
OTHERS = {f"decoder.rnn.cell.con_cell.{name}": array for name, array in GATES.items()}
SSM = {"As": draw(3, 2, 2), "bs": draw(3, 2), "Rs": draw(3, 2), "r": draw(3)}
DRIVEN = SSM | {"Vs": draw(3, 2, 1), "Ws": draw(3, 1)}
EXPERTS = {f"experts.{k}.{n}": k + a for k in (0, 1) for n, a in (("A", A), ("W", W), ("h", HZ))}
SHALLOW = {"A": A, "W1": W1, "W2": W2, "h1": HZ, "h2": H2}
OWN = {"m": M, "n": N, "h": H, "hz": draw(2), "decay": np.float32(0.9)}

CASES = {
    "smc_rnns": (
        SMC, {"activation": "relu"},
        lambda: sx.models.low_rank(M, N, H, decay=DECAY).latent,
    ),
    "smc_rnns, early": (
        {"latent_step.AW": np.full((1, 1, 1, 1), -2.0), "latent_step.hz": draw(2) * 0,
         "latent_step.m": M, "latent_step.n": N, "latent_step.h": H},
        {"activation": "clipped_relu", "dt": 20.0},
        lambda: sx.models.low_rank(M, N, H, decay=DECAY, activation="clipped_relu").latent,
    ),
    "smc_rnns, an input": (
        SMC | {"transition.Wu": WU}, {"activation": "relu", "input": [0.5, 0.0, 1.0]},
        lambda: sx.models.low_rank(
            M, N, H, decay=DECAY, input_weights=WU, input=[0.5, 0.0, 1.0]
        ).latent,
    ),
    "smc_rnns, of one's own": (
        OWN, {"activation": "relu"}, lambda: sx.models.low_rank(**OWN).latent
    ),
    "al_rnn": (
        {"A": A, "W": W, "h": HZ, "B": draw(3, 4)}, {"rectified": 2},
        lambda: sx.models.al_rnn(A, W, HZ, 2),
    ),
    "dynamix": (
        EXPERTS | {"gating_network.D": draw(3, 4)}, {"expert": 1, "rectified": 2},
        lambda: sx.models.al_rnn(1 + A, 1 + W, 1 + HZ, 2),
    ),
    "dynamix, shallow": (
        {f"experts.0.{name}": array for name, array in SHALLOW.items()}, {"expert": 0},
        lambda: sx.models.shallow_plrnn(**SHALLOW, clipped=True),
    ),
    "ssm": (SSM, {}, lambda: sx.models.rslds(*SSM.values())),
    "ssm, an input": (
        DRIVEN, {"input": [2.0], "next_state": "mean"},
        lambda: sx.models.rslds(
            SSM["As"], SSM["bs"] + 2.0 * DRIVEN["Vs"][..., 0], SSM["Rs"],
            SSM["r"] + 2.0 * DRIVEN["Ws"][:, 0], next_state="mean",
        ),
    ),
    "lfads": (
        LFADS | OTHERS, {"input": [0.5, 1.0]},
        lambda: sx.models.lfads_generator(**GATES, input=[0.5, 1.0]),
    ),
    "plrnn": ({"A": A, "W": W, "h": HZ}, {}, lambda: sx.models.plrnn(A, W, HZ)),
    "shallow_plrnn": (SHALLOW, {"clipped": True}, lambda: sx.models.shallow_plrnn(
        **SHALLOW, clipped=True)),
}  # fmt: skip


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize("name", CASES)
def test_a_file_becomes_its_model(name, ending, tmp_path):
    arrays, settings, expected = CASES[name]
    path = tmp_path / f"model.{ending}"
    if ending == "npz":
        np.savez(path, **arrays)
    else:
        save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, path)
    model = load(path, kind=name.partition(",")[0], **settings)
    system = getattr(model, "latent", model)
    assert same(system, expected())
    assert system.dt == settings.get("dt", 1.0)


def test_a_network_of_lint_steps_as_it_does():
    """Its state h, (unit,), stays in the span of m and of the input."""
    m, n, b, wi, si = draw(8, 2), draw(8, 2), draw(8), draw(3, 8), draw(3)
    arrays = {"m": m, "n": n, "b": b, "wi": wi, "si": si, "wo": draw(8, 1), "h0": np.zeros(8)}
    u, kappa = np.array([1.0, -0.5, 0.2]), np.array([0.3, -0.7])
    model = load(arrays, kind="lint", alpha=0.2, input=u)
    drive = u @ (wi * si[:, None])
    h = m @ kappa + drive
    later = h + 0.2 * (-h + np.tanh(h + b) @ n @ m.T / 8 + drive)
    assert model.currents(kappa) == pytest.approx(h)
    assert model.currents(np.asarray(model.latent.evaluate(kappa))) == pytest.approx(
        later, abs=1e-6
    )


REFUSED = {
    "kind": (SMC, "smcrnns", {}, "'smc_rnns'"),
    "a setting that is needed": (SMC, "smc_rnns", {}, "activation="),
    "a setting that is none": (SHALLOW, "shallow_plrnn", {"clip": True}, "'clipped'"),
    "a missing array": ({"A": A, "W": W}, "plrnn", {}, "for h"),
    "several": (EXPERTS, "al_rnn", {"rectified": 2}, "several"),
    "no such expert": (EXPERTS, "dynamix", {"expert": 7, "rectified": 2}, "experts.7"),
    "an expert's P": (EXPERTS, "dynamix", {"expert": 0}, "rectified="),
    "sticky": (SSM | {"log_Ps": draw(3, 3)}, "ssm", {}, "recurrent_only"),
    "a shape": ({"A": A, "W": W1, "h": HZ}, "plrnn", {}, r"W.*\(4, 5\)"),
    "decay or its parameter": (
        {"m": M, "n": N, "h": H, "AW": np.array([0.9])},
        "smc_rnns",
        {"activation": "relu"},
        "AW",
    ),
    "an input without weights": (
        SMC,
        "smc_rnns",
        {"activation": "relu", "input": [1.0]},
        "input_weights",
    ),
    "an input of another length": (DRIVEN, "ssm", {"input": [1.0, 2.0]}, "channel"),
    "a file of another kind": ("model.mat", "plrnn", {}, "model.mat"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    source, kind, settings, word = REFUSED[name]
    with pytest.raises(sx.InvalidInputError, match=word):
        load(source, kind=kind, **settings)


@pytest.mark.parametrize("name", ["model.pkl", "model.ckpt", "model"])
def test_files_of_pytorch_say_what_to_do_without_it(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(sx.InvalidInputError, match=r"\.safetensors"):
        load(tmp_path / name, kind="smc_rnns", activation="relu")
