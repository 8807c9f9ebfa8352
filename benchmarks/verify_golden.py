"""Prove the golden table's rows of standard cells, and have every statement checked by others.

    python benchmarks/verify_golden.py [ROW …] [--quick] [--out DIRECTORY]

Each row is searched, its proofs are written to DIRECTORY/ROW.json, and
`tools/verify_certificates.py` checks them in a process of its own. The exit code is 1 where a
statement is refuted.
"""

import argparse
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests")]


from golden import BY_NAME, fitted, textbook, trained  # noqa: E402
from golden.row import WEIGHTS  # noqa: E402

import separatrix as sx  # noqa: E402

VERIFIER = ROOT / "tools" / "verify_certificates.py"


def of_network(name, input):
    """Return a network in a file of ours, and its input."""
    return sx.load_network(WEIGHTS / f"{name}.safetensors"), input


def of_lfads(name):
    weights = {f"decoder.rnn.cell.gen_cell.{k}": a for k, a in fitted.load(name)[0].items()}
    network = sx.networks.from_state_dict(weights, layout="lfads", clip=fitted.CLIP, dt=20.0)
    return network, np.zeros(network.num_inputs)


def rates(W, b=0.0, activation="tanh", kind="flow", equation="rate", alpha=1.0, tau=1.0, **more):
    """Return τ r' = −r + f(W r + b), or the same of currents, without an input."""
    size = len(W)
    parameters = {"recurrent_weights": W, "bias": np.broadcast_to(b, size)}
    parameters |= {"input_weights": np.zeros((size, 1))}
    about = {
        "equation": equation,
        "kind": kind,
        "activation": activation,
        "input": [0.0],
        "dt": alpha,
        "alpha": [alpha],
        "tau": np.atleast_1d(tau).tolist(),
        "parameters": parameters | more,
    }
    about |= {"leak": "outside"} if equation == "rate" else {}
    return about | ({"divisor": 1} if "left" in more else {})


def of_primer(seed):
    data = trained.arrays(f"brainpy_seed{seed}")
    drive = np.array([1.0, 0.5, 0.5]) @ data["w_ir"] + data["b_rr"]
    return rates(data["w_rr"].T, drive, "relu", "map")


def of_tanh16():
    data = trained.arrays("flipflop_tanh16")
    bias = data["rnn.bias_ih_l0"] + data["rnn.bias_hh_l0"]
    return rates(data["rnn.weight_hh_l0"], bias, kind="map")


def of_gru32():
    data = trained.arrays("flipflop_gru32")
    names = {"recurrent_weights": "weight_hh", "input_bias": "bias_ih", "recurrent_bias": "bias_hh"}
    parameters = {key: data[f"rnn.{name}_l0"] for key, name in names.items()}
    parameters["input_weights"] = np.zeros((96, 1))
    return {"equation": "gru", "kind": "map", "input": [0.0], "parameters": parameters}


def rectified(linear, constant, weights, gate_weights, gate_bias):
    names = ("linear", "constant", "weights", "gate_weights", "gate_bias")
    parameters = dict(zip(names, (linear, constant, weights, gate_weights, gate_bias), strict=True))
    return {"equation": "rectified", "kind": "map", "parameters": parameters}


def of_gates(name):
    """Return a fitted piecewise-linear model as z → L z + c + a max(0, g z + b)."""
    model, w = fitted.MODELS[name], fitted.weights(name)
    if model in (fitted.plrnn, fitted.al_rnn):
        size = len(w["h"])
        plain = 0 if model is fitted.plrnn else size - fitted.RECTIFIED
        L = np.diag(w["A"])
        L[:, :plain] += w["W"][:, :plain]
        return rectified(L, w["h"], w["W"][:, plain:], np.eye(size)[plain:], np.zeros(size - plain))
    if model in (fitted.low_rank, fitted.low_rank_clipped):
        sign = -1 if model is fitted.low_rank else 1
        L, c, a, g, b = of_low_rank(w, sign)
    else:
        L, c, a, g, b = np.diag(w["A"]), w["h1"], w["W1"], w["W2"], w["h2"]
    if model in (fitted.low_rank_clipped, fitted.shallow_clipped):
        a, g, b = np.hstack([a, -a]), np.vstack([g, g]), np.concatenate([b, 0 * b])
    return rectified(L, c, a, g, b)


def of_low_rank(w, sign=-1):
    return w["decay"] * np.eye(len(w["n"])), w["hz"], w["n"], w["m"], sign * w["h"]


def of_published():
    return rectified(*of_low_rank(fitted.weights("lowrank_relu_rank3")))


def of_echo_states(name):
    w = fitted.dense(fitted.load(name)[0])
    thin = {"left": w["B"], "right": w["C"].T}
    return rates(w["W"], w["b"], kind="map", alpha=fitted.LEAK, **thin)


def of_finder(size, kind="map"):
    W = np.stack([-np.roll(np.linspace(-1, 1, size), -i) for i in range(size)])
    return rates(W.T, kind=kind)


def of_random(size):
    return rates(
        3 * np.random.default_rng(0).standard_normal((size, size)) / np.sqrt(size), kind="map"
    )


def of_random_rectified():
    rng = np.random.default_rng(0)
    W, b = 1.5 * rng.standard_normal((10, 10)) / np.sqrt(10), rng.standard_normal(10)
    return rates(W, b, "relu", "map")


def of_rank_one(size):
    m, n = textbook.factors(size)
    return rates(np.outer(m, n) / size, equation="current")


def of_hopfield():
    patterns = textbook.patterns()
    return rates(3 * (patterns.T @ patterns / 64))


def of_plrnn():
    parameters = {
        "linear": np.diag([-0.0222311, 0.96461297]),
        "weights": np.array([[0, -0.64375], [0.52505308, 0]]),
        "constant": np.array([0.37298253, -0.97931491]),
        "gate_weights": np.eye(2),
        "gate_bias": np.zeros(2),
    }
    return {"equation": "rectified", "kind": "map", "parameters": parameters}


NEUTRAL, QUIET = trained.NEUTRAL, trained.NO_PULSES
NETWORKS = {
    "yang2020": NEUTRAL,
    "yang2020_line": NEUTRAL,
    "decision_tanh64": NEUTRAL,
    "decision_relu480": NEUTRAL,
    "decision_dale50": NEUTRAL,
    "decision_lowrank128": NEUTRAL,
    "flipflop_tanh128": QUIET,
    "flipflop_gru128": QUIET,
    "flipflop_lstm32": QUIET,
    "flipflop_lowrank512": QUIET,
    "comparison_relu64": trained.CUE,
    "comparison_lstm48": trained.CUE,
    "comparison_dale80": trained.CUE,
    "context_softplus64": trained.FIRST_CONTEXT,
    "context_tanh256": trained.FIRST_CONTEXT,
    "context_gru48": trained.FIRST_CONTEXT,
    "yang2019_softplus128": trained.DELAY_GO,
    "decision_plastic64": (1.0, 0.0, 0.0),
    "match_plastic32": (1.0, 0.0, 0.0),
}
EQUATIONS = {name: partial(of_network, name, input) for name, input in NETWORKS.items()}
EQUATIONS["decision_tanh64_flow"] = partial(of_network, "decision_tanh64", NEUTRAL)
EQUATIONS |= {f"brainpy_seed{seed}": partial(of_primer, seed) for seed in (0, 1)}
EQUATIONS |= {"flipflop_tanh16": of_tanh16, "flipflop_gru32": of_gru32}
EQUATIONS |= {name: partial(of_lfads, name) for name in ("lfads_decision", "lfads_oscillator")}
PIECEWISE = ("low_rank", "low_rank_clipped", "plrnn", "shallow", "shallow_clipped", "al_rnn")
EQUATIONS |= {
    name: partial(of_gates, name)
    for name, model in fitted.MODELS.items()
    if getattr(model, "__name__", "") in PIECEWISE
}
EQUATIONS["lowrank_relu_rank3"] = of_published
EQUATIONS |= {name: partial(of_echo_states, name) for name in ("esn_memory", "esn_oscillator")}
EQUATIONS |= {f"fpf_map_{n}": partial(of_finder, n) for n in range(2, 8)}
EQUATIONS |= {
    "fpf_flow_4": partial(of_finder, 4, "flow"),
    "tanh_unit": partial(rates, np.array([[2.0]]), kind="map"),
    "before_fold": partial(rates, np.array([[2.0]]), -0.5328399),
    "after_fold": partial(rates, np.array([[2.0]]), -0.53284),
    "plrnn_2": of_plrnn,
    "random_tanh_4": partial(of_random, 4),
    "random_tanh_8": partial(of_random, 8),
    "winner_take_all_3": partial(rates, textbook.COMPETITION, -1.0, "sigmoid"),
    "hopfield_64": of_hopfield,
    "rank_one_50": partial(of_rank_one, 50),
    "rank_one_300": partial(of_rank_one, 300),
    "combinatorial_8": partial(lambda: rates(textbook.graph(8, 0.5), 1.0, "relu")),
    "combinatorial_9": partial(lambda: rates(textbook.graph(9, 0.3), 1.0, "relu")),
    "combinatorial_12": partial(lambda: rates(textbook.graph(12, 0.5), 1.0, "relu")),
    "rectified_winners_7": partial(lambda: rates(textbook.graph(7, 0.0), 1.0, "relu")),
    "random_rectified_10": of_random_rectified,
    "threshold_ring_detuned": lambda: rates(textbook.threshold_ring_weights(3.28), 1.0, "relu"),
    "smooth_ring_1e-3": lambda: rates(textbook.ring_weights(1e-3)),
    "smooth_ring_1e-5": lambda: rates(textbook.ring_weights(1e-5)),
}
QUICK = [
    "tanh_unit", "after_fold", "brainpy_seed0", "decision_dale50", "flipflop_tanh16",
    "fpf_flow_4", "plrnn_lorenz", "combinatorial_9", "lowrank2_clipped_256",
]  # fmt: skip
TOO_LONG = {"decision_relu480", "lowrank4_clipped_512"}
"""Searches of more than a minute: only where they are named."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(EQUATIONS)}")
    parser.add_argument("--quick", action="store_true", help="a row of each kind: a minute")
    parser.add_argument("--out", type=Path, default=Path(".cache/proofs"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    sx.enable_compilation_cache()
    refuted = []
    every = QUICK if arguments.quick else [name for name in EQUATIONS if name not in TOO_LONG]
    for name in arguments.rows or every:
        path = arguments.out / f"{name}.json"
        points = BY_NAME[name].search()
        known = EQUATIONS[name]()
        given = known if isinstance(known, tuple) else (known,)
        sx.export_certificates({name: (*given, points)}, path)
        start = time.perf_counter()
        code = subprocess.run([sys.executable, VERIFIER, path], check=False).returncode
        print(f"  {time.perf_counter() - start:.1f} s\n", flush=True)
        refuted += [name] * (code != 0)
    print(f"refuted: {', '.join(refuted) or 'nothing'}")
    return int(bool(refuted))


if __name__ == "__main__":
    sys.exit(main())
