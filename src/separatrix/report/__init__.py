"""The report of a run: its figures and its page."""

from .answer import summary
from .from_files import report_of_files
from .make import make_report
from .page import write_report
from .pictures import write_figures
from .study import write_study_report

__all__ = [
    "make_report",
    "report_of_files",
    "summary",
    "write_figures",
    "write_report",
    "write_study_report",
]
