"""The origin of results: versions, machine and date, and all that the last digits depend on."""

import datetime
import importlib.metadata
import os
import platform
import re
from pathlib import Path

from .._parallel import cores

PACKAGES = ("separatrix", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy")
SETTINGS = r"XLA_FLAGS|NPROC|\w+_NUM_THREADS|OPENBLAS_CORETYPE|JAX_\w+"
"""Environment variables that change what is computed, or in which order."""
VECTORS = r"(avx|fma|amx|sve|asimd)\w*"
"""Instructions of processors by which compiled programs differ."""


def provenance() -> dict[str, str]:
    """Return the date (UTC), the machine and the versions of what computes, as texts by name.

    Runs of one experiment have the same numbers, bit for bit, where the texts are the same but for
    the date, and no script changes JAX's settings.
    """
    import jax

    stamp = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    facts = {
        "created": stamp.isoformat().replace("+00:00", "Z"),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, "
        f"{os.cpu_count()} CPUs",
        "processor": _processor(),
        "cores": f"{cores()} that the process may use",
        "settings": _settings(),
        "device": jax.devices()[0].device_kind,
        "python": platform.python_version(),
    }
    return facts | {name: _version(name) for name in PACKAGES}


def _processor() -> str:
    """Return the model and its vector instructions, as far as the system tells them."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    lines = {key.strip(): text for key, _, text in (row.partition(":") for row in told.split("\n"))}
    model = lines.get("model name", platform.machine()).strip()
    flags = lines.get("flags", lines.get("Features", "")).split()
    return ", ".join([model, *sorted(flag for flag in flags if re.fullmatch(VECTORS, flag))])


def _settings() -> str:
    """Return the environment's variables that are set of those that count."""
    there = [n for n in sorted(os.environ) if re.fullmatch(SETTINGS, n)]
    return ", ".join(f"{n}={ascii(os.environ[n])[1:-1]}" for n in there) or "none"


def _version(package: str) -> str:
    if package == "separatrix":
        from .. import __version__

        return __version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
