"""The story of a run: its figures, its numbers and its page."""

from .comparison import write_comparison
from .numbers import key_numbers
from .page import write_report
from .pictures import write_figures

__all__ = ["key_numbers", "write_comparison", "write_figures", "write_report"]
