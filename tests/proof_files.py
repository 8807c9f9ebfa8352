"""Files of proofs, changed by hand: numbers are read, and written again as a file has them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from separatrix.store.certificates import _ENTRIES, _claim, _hexadecimal

Json = dict[str, Any]


def numbers(told: Any) -> Any:
    """Return what a file holds with its numbers read, and without its sentences."""
    if isinstance(told, dict):
        return {key: numbers(each) for key, each in told.items() if key != "sentence"}
    if isinstance(told, list):
        return [numbers(each) for each in told]
    is_number = isinstance(told, str) and re.match("-?0x", told)
    return float.fromhex(told) if is_number else told


def read(path: Path) -> Json:
    return numbers(json.loads(path.read_text()))


def written(system: Json) -> Json:
    """Return a system as a file has it."""
    changed = {key: _ENTRIES[key](value) for key, value in system.items() if key in _ENTRIES}
    return system | changed | {"points": [point(each) for each in system["points"]]}


def point(told: Json) -> Json:
    claims = [
        _claim(told["label"], claim["claim"], **{k: v for k, v in claim.items() if k != "claim"})
        for claim in told["claims"]
    ]
    return told | {"center": _hexadecimal(told["center"]), "claims": claims}


def write(told: Json, path: Path) -> Path:
    """Write a file of systems whose numbers were read."""
    systems = [written(system) for system in told["systems"]]
    path.write_text(json.dumps(told | {"systems": systems}))
    return path


def arrays(system: Json) -> dict[str, np.ndarray]:
    return {name: np.asarray(rows, float) for name, rows in system["parameters"].items()}
