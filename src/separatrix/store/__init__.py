"""Files: networks, records and run directories."""

from .certificates import certify_run, export_certificates
from .directory import new_directory
from .networks import load_network, save_network
from .provenance import provenance
from .records import load_records, save_records
from .run import Run, load_run

__all__ = [
    "Run",
    "certify_run",
    "export_certificates",
    "load_network",
    "load_records",
    "load_run",
    "new_directory",
    "provenance",
    "save_network",
    "save_records",
]
