"""The report of a run: its figures and its page."""

from .answer import sentences
from .page import write_report
from .pictures import write_figures
from .study import write_study_report

__all__ = ["sentences", "write_figures", "write_report", "write_study_report"]
