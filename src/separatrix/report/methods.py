"""A paragraph on methods to paste, and what lets a reader check that the data are the same."""

import hashlib
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._files import sha256
from .._tables import describe_duration
from .._types import counted
from ..store import Run
from ..store.directory import PROOFS


def methods(run: Run) -> str:
    """Return what was done to the network, with versions, settings and digests, in sentences."""
    about = run.provenance
    versions = ", ".join(
        f"{name} {about[name]}" for name in ("separatrix", "jax", "numpy") if name in about
    )
    points, verdict = run.find("fixed_points"), run.find("verdict")
    activity, inputs = run.find("activity"), run.find("frozen_inputs")
    said = [f"The network was analyzed with Separatrix ({versions}) in float64, without noise."]
    if inputs is not None:
        said.append(f"The input was held constant ({inputs.words[0]}).")
    if points is not None:
        said.append(
            f"Fixed and slow points were searched from {counted(len(points.outcomes), 'state')} by "
            "Levenberg–Marquardt and Newton iterations to rounding level (in a piecewise linear "
            "network, by exact solution in its pieces). Interval Newton (Krawczyk) tests proved "
            f"{int(np.sum(points.fixed.certified))} of {len(points.fixed)} fixed points to exist."
        )
        said += _proofs(run) if points.certified.any() else []
    if verdict is not None:
        lasted = describe_duration(verdict.duration, verdict.time_units)
        over = f" over {lasted}" if verdict.held else ""
        said.append(
            f"{counted(len(verdict.followed), 'state')} were followed{over} with the input held "
            "constant, and then to their ends; intervals of shares are 95 % Wilson intervals."
        )
    digests = [f"network {_digest(run.network)}"] if run.network is not None else []
    digests += [f"states {_digest(activity)}"] if activity is not None else []
    if digests:
        said.append(f"First 16 digits of the SHA-256: {', '.join(digests)}.")
    return " ".join(said)


def _proofs(run: Run) -> list[str]:
    """Return where the proofs are, for others to check, or how to write them."""
    if "task" not in run.experiment or run.network is None:
        return [
            "If such a file can hold the network or the equations, sx.export_certificates writes "
            "the proofs to a file that anyone can check."
        ]
    if (run.path / PROOFS).is_file():
        return [
            f"The proofs are in {PROOFS}, whose SHA-256 is {sha256(run.path / PROOFS)}; "
            "tools/verify_certificates.py checks them without this package."
        ]
    return [
        f"The proofs are not in a file yet. The command separatrix certify RUN writes {PROOFS} "
        "beside this page, and anyone can check this file. After that, separatrix report RUN gives "
        "the SHA-256 of the file here."
    ]


def _digest(tree: Any) -> str:
    """Return the first digits of a digest of all arrays, with their types and shapes."""
    total = hashlib.sha256()
    for leaf in jax.tree.leaves(eqx.filter(tree, eqx.is_array)):
        values = np.ascontiguousarray(leaf)
        total.update(f"{values.dtype}{values.shape}".encode() + values.tobytes())
    return total.hexdigest()[:16]
