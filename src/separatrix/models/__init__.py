"""Models from textbooks, and models that are fitted to recordings, in the form of systems."""

from .._names import show_public_names
from .circuits import Circuit, circuit
from .files import load
from .lfads import lfads_generator
from .low_rank import LowRank, low_rank
from .piecewise_linear import al_rnn, plrnn, rslds, shallow_plrnn
from .populations import jansen_rit, wilson_cowan, wong_wang
from .recurrent import echo_state, hopfield

__all__ = [
    "Circuit",
    "LowRank",
    "al_rnn",
    "circuit",
    "echo_state",
    "hopfield",
    "jansen_rit",
    "lfads_generator",
    "load",
    "low_rank",
    "plrnn",
    "rslds",
    "shallow_plrnn",
    "wilson_cowan",
    "wong_wang",
]

show_public_names(__name__)
