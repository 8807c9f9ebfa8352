"""Models from the files of other packages, read without running code that they may hold."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._checked import Named
from .._types import InvalidInputError, nearest
from ..networks.interop.reading import listed, read_arrays
from ..systems import DiscreteMap
from .checks import checked
from .lfads import lfads_generator
from .low_rank import LowRank, low_rank
from .piecewise_linear import al_rnn, plrnn, rslds, shallow_plrnn

Arrays = dict[str, np.ndarray]


def load(file: str | Path | Mapping[str, Any], kind: str, **settings: Any) -> DiscreteMap | LowRank:
    r"""Load a model that was fitted with another package, from a file with the model's arrays.

    =============== ========================================= ===================================
    kind            arrays, by the ends of their names        settings
    =============== ========================================= ===================================
    "smc_rnns"      m, n, h; decay_param, AW or decay;        activation; input
                    hz; Wu
    "lint"          m, n; b; wi, si                           alpha=0.2, activation="tanh", input
    "lfads"         gen_cell.weight_ih, weight_hh, bias_ih,   input, clip=5.0
                    bias_hh
    "al_rnn"        A, W, h                                   rectified
    "dynamix"       experts.K.A, W, h; or A, W1, W2, h1, h2   expert; rectified, of AL-RNNs
    "ssm"           As, bs, Rs, r; Vs, Ws                     next_state="most likely", input
    "plrnn"         A, W, h                                   none
    "shallow_plrnn" A, W1, W2, h1, h2                         clipped=False
    =============== ========================================= ===================================

    The first five kinds are files of these packages: smc_rnns (mackelab), lowrank_inference (LINT),
    lfads-torch, and the AL-RNN and DynaMix of DurstewitzLab. From a file of DynaMix one expert is
    read, without the gates that mix the experts. The kind "ssm" means arrays of the package ssm
    with "recurrent_only" transitions, saved with `numpy.savez(file, As=slds.dynamics.As,
    bs=slds.dynamics.bs, Rs=slds.transitions.Rs, r=slds.transitions.r)`. Other arrays of a file,
    such as an encoder or a readout, are ignored.

    The settings in the table give what the arrays do not determine, such as the activation, the
    number of rectified units, or α. If the table has a value for a setting, such as `alpha=0.2`,
    this value is the default. The setting `input` is an input `(channel,)` that is frozen in; None,
    its default, means zeros. All other settings must be given. The arrays hz, Wu, b, wi and si may
    be missing, and Vs and Ws are needed only with an input.

    In files of smc_rnns, the array `decay_param`, `AW`, or one whose name ends in `.decay`, holds a
    parameter p, and the decay is $e^{-e^p}$. Only an array whose whole name is `decay`, such as one
    that you wrote, is the decay itself.

    Parameters
    ----------
    file
        A `.npz`, `.safetensors`, `.pt`, `.pth`, `.ckpt` or `.pkl` file, or a file without an ending
        that `torch.save` wrote. All of these except `.npz` and `.safetensors` need PyTorch. You may
        also give a dictionary of arrays.
    kind
        One of the kinds in the table.
    **settings
        The settings in the table, and `dt`, the duration of a step in ms.

    Returns
    -------
    DiscreteMap or LowRank
        A `LowRank` for "smc_rnns" and "lint", as `low_rank` returns it, and a map for all other
        kinds.

    Raises
    ------
    InvalidInputError
        If arrays are missing or have wrong shapes, or if the kind or a setting is unknown.
    UnreadableFileError
        If the file is missing or damaged, or holds more than arrays.

    References
    ----------
    Those of `low_rank`, `lfads_generator`, `al_rnn`, `shallow_plrnn` and `rslds`; Hemmer &
    Durstewitz (2025) NeurIPS (DynaMix).

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> weights = {"A": np.array([0.9, 0.5]), "W": np.zeros((2, 2)), "h": np.ones(2)}
    >>> system = sx.models.load(weights, kind="al_rnn", rectified=1)
    >>> sx.find_fixed_points(system, np.zeros((1, 2))).states.round(9).tolist()
    [[10.0, 2.0]]
    """
    Named(tuple(READERS))(kind, "kind")
    reader = READERS[kind]
    _check_settings(kind, reader, settings)
    return reader(read_arrays(file).left, **settings)


def _check_settings(kind: str, reader: Callable, settings: dict[str, Any]) -> None:
    parameters = list(inspect.signature(reader).parameters.values())[1:]
    names = [parameter.name for parameter in parameters]
    needed = [p.name for p in parameters if p.default is p.empty and p.name not in settings]
    if needed:
        raise InvalidInputError(
            f"kind={kind!r} needs {' and '.join(f'{name}=' for name in needed)}, which the arrays "
            "do not tell: give the value with which the model was fitted."
        )
    for name in settings:
        if name not in names:
            raise InvalidInputError(
                f"kind={kind!r} has no setting {name!r}: {nearest(name, names)}"
            )


def _pick(arrays: Arrays, kind: str, names: str, optional: str = "", within: str = "") -> Arrays:
    """Return arrays by the ends of their names, of those whose names begin or go on with `within`.

    Raises InvalidInputError where one is missing, or there are several.
    """
    found: Arrays = {}
    for name in (names + " " + optional).split():
        end = f"{within}.{name}" if within else name
        fit = [key for key in arrays if f".{key}".endswith(f".{end}")]
        if len(fit) > 1 or (not fit and name in names.split()):
            what = f"has several: {listed(fit)}" if fit else f"has {listed(arrays)}"
            raise InvalidInputError(
                f"kind={kind!r} expects arrays whose names end in {', '.join(names.split())}"
                f"{f' below {within}' if within else ''}; for {name} the file {what}. Choose "
                "another kind=, or give a dictionary with these names."
            )
        if fit:
            found[name] = arrays[fit[0]]
    return found


def _input(weights: np.ndarray | None, input: Any) -> dict[str, Any]:
    """Return input weights and input as settings; without channels there is no input."""
    if weights is None or not weights.size:
        return {"input": input}
    return {"input_weights": weights, "input": input}


def _smc_rnns(arrays: Arrays, activation: str, input: Any = None, dt: float = 1.0) -> LowRank:
    w = _pick(arrays, "smc_rnns", "m n h", "decay_param AW hz Wu")
    return low_rank(
        w["m"], w["n"], w["h"], decay=_decay(arrays, w), hz=w.get("hz", 0.0),
        activation=activation, dt=dt, **_input(w.get("Wu"), input),
    )  # fmt: skip


def _decay(arrays: Arrays, picked: Arrays) -> np.ndarray:
    if "decay" in arrays:
        return np.squeeze(arrays["decay"])
    stored = picked.get("decay_param", picked.get("AW"))
    if stored is None:
        stored = _pick(arrays, "smc_rnns", "decay")["decay"]  # an early name of the parameter
    elif "AW" in picked and (stored >= 0).any():
        raise InvalidInputError(
            f"AW = {np.squeeze(stored)} may be the decay itself or its parameter. Which of them it "
            "is depends on a setting (`exp_par`) that the file does not hold: give a dictionary "
            "with m, n, h and decay."
        )
    return np.squeeze(np.exp(-np.exp(np.asarray(stored, float))))


def _lint(
    arrays: Arrays,
    alpha: float = 0.2,
    activation: str = "tanh",
    input: Any = None,
    dt: float = 1.0,
) -> LowRank:
    w = _pick(arrays, "lint", "m n", "b wi si")
    neurons = len(w["m"])
    into = w["wi"] * w["si"][:, None] if "wi" in w and "si" in w else w.get("wi")
    return low_rank(
        w["m"], alpha / neurons * np.asarray(w["n"], float).T, -w.get("b", np.zeros(neurons)),
        decay=1 - alpha, activation=activation, dt=dt,
        **_input(None if into is None else into.T, input),
    )  # fmt: skip


def _lfads(
    arrays: Arrays, input: Any = None, clip: float | None = 5.0, dt: float = 1.0
) -> DiscreteMap:
    names, within = "weight_ih weight_hh bias_ih bias_hh", "gen_cell"
    if not any("gen_cell" in name for name in arrays):
        within = ""
    return lfads_generator(
        **_pick(arrays, "lfads", names, within=within), input=input, clip=clip, dt=dt
    )


def _al_rnn(arrays: Arrays, rectified: int, dt: float = 1.0) -> DiscreteMap:
    return al_rnn(**_pick(arrays, "al_rnn", "A W h"), rectified=rectified, dt=dt)


def _dynamix(
    arrays: Arrays, expert: int, rectified: int | None = None, dt: float = 1.0
) -> DiscreteMap:
    within = f"experts.{expert}"
    if any(f".{name}".endswith(f".{within}.W1") for name in arrays):
        picked = _pick(arrays, "dynamix", "A W1 W2 h1 h2", within=within)
        return shallow_plrnn(**picked, clipped=True, dt=dt)
    picked = _pick(arrays, "dynamix", "A W h", within=within)
    if rectified is None:
        raise InvalidInputError(
            "an expert of DynaMix that is an AL-RNN needs rectified=, its setting P. The arrays do "
            "not contain this number."
        )
    return al_rnn(**picked, rectified=rectified, dt=dt)


def _ssm(
    arrays: Arrays, next_state: str = "most likely", input: Any = None, dt: float = 1.0
) -> DiscreteMap:
    if any(name.rpartition(".")[2] == "log_Ps" for name in arrays):
        raise InvalidInputError(
            "log_Ps are transitions that depend on the present discrete state, so the state of the "
            'map would have to be (x, k). Only "recurrent_only" transitions can be read.'
        )
    w = _pick(arrays, "ssm", "As bs Rs r", "Vs Ws")
    b, r = w["bs"], w["r"]
    if input is not None:
        into = _pick(arrays, "ssm", "Vs Ws")
        V, W, u = checked(
            "ssm", Vs=(into["Vs"], "state latent channel"), Ws=(into["Ws"], "state channel"),
            input=(input, "channel"),
        )  # fmt: skip
        b, r = b + V @ u, r + W @ u
    return rslds(w["As"], b, w["Rs"], r, next_state=next_state, dt=dt)


def _plrnn(arrays: Arrays, dt: float = 1.0) -> DiscreteMap:
    return plrnn(**_pick(arrays, "plrnn", "A W h"), dt=dt)


def _shallow_plrnn(arrays: Arrays, clipped: bool = False, dt: float = 1.0) -> DiscreteMap:
    picked = _pick(arrays, "shallow_plrnn", "A W1 W2 h1 h2")
    return shallow_plrnn(**picked, clipped=clipped, dt=dt)


READERS: dict[str, Callable[..., DiscreteMap | LowRank]] = {
    "smc_rnns": _smc_rnns,
    "lint": _lint,
    "lfads": _lfads,
    "al_rnn": _al_rnn,
    "dynamix": _dynamix,
    "ssm": _ssm,
    "plrnn": _plrnn,
    "shallow_plrnn": _shallow_plrnn,
}
"""Readers of the arrays of each kind."""
