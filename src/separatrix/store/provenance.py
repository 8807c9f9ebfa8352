"""Where results come from: versions, machine and date."""

import datetime
import importlib.metadata
import os
import platform

PACKAGES = ("separatrix", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy")


def provenance() -> dict[str, str]:
    """Return the date (UTC), the machine and the versions of what computes, as texts by name."""
    import jax

    stamp = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    facts = {
        "created": stamp.isoformat().replace("+00:00", "Z"),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, "
        f"{os.cpu_count()} CPUs",
        "device": jax.devices()[0].device_kind,
        "python": platform.python_version(),
    }
    return facts | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str:
    if package == "separatrix":
        from .. import __version__

        return __version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
