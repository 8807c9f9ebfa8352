"""The contract of a method that trains many networks."""

import abc
from collections.abc import Callable, Sequence

import equinox as eqx

from ..history import Training
from ..plan import Member, Plan

Tell = Callable[[int, int], None]
"""What is called with the steps that are done or left out, and how many networks have ended."""


class AbstractEnsembleMethod(eqx.Module):
    """How many networks are trained together."""

    @abc.abstractmethod
    def train(self, plan: Plan, members: Sequence[Member], tell: Tell) -> list[Training]:
        """Return the training of each member; those that diverge are among them."""
