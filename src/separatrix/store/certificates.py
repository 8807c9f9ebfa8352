"""Proofs in a file that others can check without this package: `tools/verify_certificates.py`."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._checked import checked
from .._files import as_path, written_in_one_piece
from .._types import InvalidInputError, UnreadableFileError, listed
from ..analysis import FixedPoints
from ..networks import (
    CTRNN,
    GRU,
    LSTM,
    AbstractNetwork,
    DaleCTRNN,
    LowRankRNN,
    ResetFirstGRU,
    ShortTermPlasticityRNN,
)
from .run import Run

FORMAT = "separatrix proofs 2"
"""Its form is `proofs-2.schema.json`, beside this file."""
Equation = Mapping[str, Any]
Stated = tuple[AbstractNetwork, Any, FixedPoints] | tuple[Equation, FixedPoints]


def equation_of(network: AbstractNetwork, input: Any, kind: str = "map") -> dict[str, Any]:
    """Return the equation of a network at a frozen input, by name and with its parameters.

    Of a network of another class than those that are documented it has the name alone, which no
    verifier knows.

    Parameters
    ----------
    network
        A network.
    input
        The frozen input `(channel,)`.
    kind
        "map" for `at_input`, "flow" for `flow_at_input`.

    Raises
    ------
    InvalidInputError
        When the network has no such system, or the input does not fit.
    """
    if kind == "flow" and not hasattr(network, "flow_at_input"):
        raise InvalidInputError(
            f"the points are of a flow, and a {type(network).__name__} is a map: it has no "
            "flow_at_input."
        )
    freeze: Any = getattr(network, "at_input" if kind == "map" else "flow_at_input")
    about = {"kind": kind, "input": np.asarray(freeze(input).input, float).tolist()}
    describe = _EQUATIONS.get(type(network))
    if describe is None:
        return about | {"equation": type(network).__name__, "parameters": {}}
    known = describe(network) | about
    if kind == "flow" and "leak" in known:  # a step may have it inside, the equation has it not
        known["leak"] = "outside"
    return known


def _gated(name: str) -> Callable[[Any], dict[str, Any]]:
    fields = ("input_weights", "recurrent_weights", "input_bias", "recurrent_bias")
    return lambda net: {"equation": name, "parameters": {f: getattr(net, f) for f in fields}}


def _rate(net: CTRNN) -> dict[str, Any]:
    parameters = {"recurrent_weights": net.recurrent_weights}
    return {"equation": "rate", "leak": net.leak} | _leaky(net, parameters)


def _dale(net: DaleCTRNN) -> dict[str, Any]:
    # Signs and a mask leave every digit as it is.
    return {"equation": "current"} | _leaky(net, {"recurrent_weights": net.connectivity()})


def _low_rank(net: LowRankRNN) -> dict[str, Any]:
    parameters = {"left": net.left, "right": net.right}
    if net.random_weights is not None:
        parameters["recurrent_weights"] = net.random_weights
    return {"equation": "current", "divisor": net.num_units} | _leaky(net, parameters)


def _leaky(net: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    own = {"input_weights": net.input_weights, "bias": net.bias}
    return {
        "activation": net.activation,
        "dt": net.dt,
        "tau": np.atleast_1d(net.tau).tolist(),
        "alpha": np.atleast_1d(net.alpha).tolist(),
        "parameters": parameters | own,
    }


def _plastic(net: ShortTermPlasticityRNN) -> dict[str, Any]:
    parameters = {"input_weights": net.input_weights, "recurrent_weights": net.connectivity()}
    for name in ("bias", "tau_x", "tau_u", "baseline"):
        parameters[name] = getattr(net, name)
    times = {"dt": net.dt, "tau": [net.tau], "alpha": [net.dt / net.tau]}
    return {"equation": "plastic", "parameters": parameters} | times


_EQUATIONS: dict[type, Callable[[Any], dict[str, Any]]] = {
    CTRNN: _rate,
    DaleCTRNN: _dale,
    LowRankRNN: _low_rank,
    GRU: _gated("gru"),
    ResetFirstGRU: _gated("reset first gru"),
    LSTM: _gated("lstm"),
    ShortTermPlasticityRNN: _plastic,
}


@checked
def export_certificates(systems: Mapping[str, Stated], path: str | Path) -> Path:
    """Write what is proved about points to a file that `tools/verify_certificates.py` checks.

    Every number is written as the string of `float.hex()`, so that it is read back as the same
    double. Every claim is also stated in a sentence. The JSON Schema
    `separatrix/store/proofs-2.schema.json` describes the format of the file.

    Parameters
    ----------
    systems
        A dictionary with names of your choice as keys. Each value is `(network, input, points)`: a
        network, the input that was frozen, and the points that were found. A value may also be
        `(equation, points)`. Then `equation` is a dictionary that you write, with at least the keys
        `equation` (a name, such as "rate"), `kind` ("map" or "flow") and `parameters` (arrays by
        name). If you wrote the class of the network, the file holds the name of the class in place
        of its equation and weights. A verifier does not know this equation, so it cannot check the
        proofs.
    path
        The path of the JSON file. An existing file is replaced.

    Returns
    -------
    The path.

    Raises
    ------
    InvalidInputError
        If the dictionary of an equation lacks one of the three keys, or has a key that the file
        format does not know. If a number is not finite, or the input does not fit the network. If a
        name is not a single line of printable text, or is longer than 300 characters. If the points
        belong to a flow, but the network cannot be turned into a flow. If the file cannot be
        written.

    Examples
    --------
    >>> import tempfile, jax, numpy as np, separatrix as sx
    >>> net = sx.networks.CTRNN(1, 8, 1, activation="tanh", key=jax.random.key(0))
    >>> points = sx.find_fixed_points(net.at_input([0.0]), np.zeros((1, 8)))
    >>> with tempfile.TemporaryDirectory() as place:
    ...     stated = {"at rest": (net, [0.0], points)}
    ...     print(sx.export_certificates(stated, place + "/proofs.json").name)
    proofs.json
    """
    path = as_path(path)
    stated = [_system(name, *_with_equation(given)) for name, given in systems.items()]
    with written_in_one_piece(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "systems": stated}, file, separators=(",", ":"))
    return path


def certify_run(runs: Mapping[str, Run], path: str | Path) -> Path:
    """Write the proofs of the points of runs, by their names, at every input that they froze.

    The report of a run names the file that is beside it as `proofs.json`.

    Raises UnreadableFileError when a run was stopped before it had points.
    """
    systems: dict[str, Stated] = {}
    for title, run in runs.items():
        inputs: Any = run.records.get("frozen_inputs")
        if run.unknown_class is not None:
            raise UnreadableFileError(
                f"{run.path}: the network of this run is of the class {run.unknown_class}, which "
                "is not imported when a run is read. Import the class in Python and give "
                "the network that load_run then returns to sx.export_certificates."
            )
        if run.network is None or inputs is None or "fixed_points" not in run.records:
            raise UnreadableFileError(
                f"the run {run.path} is not complete: it holds no fixed points."
            )
        frozen = zip(inputs.names, inputs.values, inputs.record_names, strict=True)
        for name, value, record in frozen:
            points = run.records.get(record)
            if isinstance(points, FixedPoints):
                systems[f"{title} {name}".strip()] = run.network, value, points
    return export_certificates(systems, path)


def _with_equation(given: Stated) -> tuple[Equation, FixedPoints]:
    """Return an equation with its points."""
    if len(given) == 2:
        return given
    network, input, points = given
    return equation_of(network, input, points.system), points


def _system(name: str, equation: Equation, points: FixedPoints) -> dict[str, Any]:
    if not (0 < len(name) <= 300 and name.isprintable()):
        raise InvalidInputError(
            f"the name of a system must be one line of printable text, got {name!r:.60}."
        )
    if not {"equation", "kind", "parameters"} <= set(equation):
        raise InvalidInputError(
            f"the equation of {name!r} must have the entries `equation`, `kind` and `parameters`. "
            "For a network, give (network, input, points) instead; its equation is known."
        )
    if further := set(equation) - set(_ENTRIES):
        raise InvalidInputError(
            f"the equation of {name!r} has the entries {listed(further)}, which a file of "
            f"proofs cannot hold; the possible entries are {listed(_ENTRIES, len(_ENTRIES))}."
        )
    arrays = {key: np.asarray(a, float) for key, a in equation["parameters"].items()}
    return {
        "name": name,
        **{key: _ENTRIES[key](value) for key, value in equation.items()},
        "digest": _digest(arrays),
        "points": [point for k in range(len(points)) if (point := _point(points, k))["claims"]],
    }


def _hexadecimal(numbers: Any) -> Any:
    """Return numbers as `float.hex()` writes them, which is each double and no other."""
    array = np.asarray(numbers, float)
    if not np.isfinite(array).all():
        raise InvalidInputError("a number of the equation is not finite, so nothing can be proved.")
    if array.ndim:
        return [_hexadecimal(row) for row in array]
    return float(array).hex()


_ENTRIES: dict[str, Callable[[Any], Any]] = {
    "equation": str,
    "kind": str,
    "activation": str,
    "leak": str,
    "divisor": int,
    **dict.fromkeys(("dt", "tau", "alpha", "input"), _hexadecimal),
    "parameters": lambda arrays: {key: _hexadecimal(array) for key, array in arrays.items()},
}
"""How the entries of an equation are written."""


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of the names in order, each with its shape and little-endian doubles."""
    total = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        total.update(f"{name} {list(array.shape)}\n".encode() + array.astype("<f8").tobytes())
    return total.hexdigest()


def _point(points: FixedPoints, row: int) -> dict[str, Any]:
    """Return a point with the claims that are proved of it."""
    error, radius = float(points.error_bound[row]), float(points.radius[row])
    label, counted = int(points.label[row]), bool(points.n_unstable_certified[row])
    claims: list[dict[str, Any]] = []
    if points.certified[row] and points.kind[row] == "slow":
        claims.append(_claim(label, "absent", radius))
    elif points.certified[row]:
        claims.append(_claim(label, "exists", error))
        if radius > 0:
            claims.append(_claim(label, "unique", radius))
        if counted:
            claims.append(_claim(label, "unstable", error, count=int(points.n_unstable[row])))
    return {"label": label, "center": _hexadecimal(points.states[row]), "claims": claims}


_SENTENCES = {
    "exists": "there is a fixed point.",
    "unique": "there is exactly one fixed point.",
    "unstable": "there is a fixed point; at each one there the number of unstable directions is "
    "{count}, and none is neutral.",
    "absent": "there is no fixed point.",
}


def _claim(label: int, name: str, radius: float, **count: int) -> dict[str, Any]:
    """Return a claim with its sentence, which the verifier makes again from the numbers."""
    sentence = f"Point {label}: within {radius!r} of its center in every coordinate " + _SENTENCES[
        name
    ].format(**count)
    return {"claim": name, "radius": radius.hex(), **count, "sentence": sentence}
