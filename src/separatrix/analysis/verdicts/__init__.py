"""The answer to a user's question: what holds the states of a network, and where do they end?"""

from .answer import Verdict
from .claims import Claim
from .question import verdict

__all__ = ["Claim", "Verdict", "verdict"]
