"""The story of a run: its figures, its numbers and its page."""

from .comparison import write_comparison
from .page import write_report
from .sections import write_figures
from .tables import key_numbers

__all__ = ["key_numbers", "write_comparison", "write_figures", "write_report"]
