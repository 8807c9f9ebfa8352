"""The answer to a user's question: what holds the states of a network, and for how long?"""

from .question import verdict
from .record import Verdict

__all__ = ["Verdict", "verdict"]
