"""Whether what a fitted model says is so in the circuit: recovery of planted mechanisms."""

from .judgment import Judgment as Judgment
from .recovery import Confusion as Confusion, MechanismRecovery as MechanismRecovery
from .run import mechanism_recovery as mechanism_recovery
