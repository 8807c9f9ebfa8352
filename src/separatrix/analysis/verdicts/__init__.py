"""The answer to a user's question: what holds the states of a network, and for how long?"""

from .answer import Verdict
from .question import verdict

__all__ = ["Verdict", "verdict"]
