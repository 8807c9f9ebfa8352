"""Cognitive tasks, whose random trials are generated on JAX's device, such as a GPU."""

from .._names import show_public_names
from .accumulation.cues import EvidenceAccumulation
from .accumulation.pulses import PulseDecisionMaking
from .accumulation.shapes import ProbabilisticReasoning
from .association import DelayPairedAssociation, DualDelayMatchSample, GoNoGo
from .decision import PerceptualDecisionMaking, signed_coherence
from .delayed_decision import PerceptualDecisionMakingDelayResponse, PostDecisionWager
from .durations import Choice, Duration, Multiple, TruncatedExponential, Uniform
from .generation import FlipFlop, SineWave
from .memory.delayed_comparison import DelayComparison
from .memory.matching import DelayMatchCategory, DelayMatchSample
from .modalities.context import ContextDecisionMaking, SingleContextDecisionMaking
from .modalities.multisensory import MultiSensoryIntegration
from .neurogym import NeuroGymTask, from_neurogym
from .reaching import AntiReach, Reaching1D
from .staged import Scene, StagedTask
from .task import AbstractTask, SolvableTask
from .timeline import Timeline
from .timing.discrimination import IntervalDiscrimination
from .timing.hierarchical import HierarchicalReasoning
from .timing.production import ReadySetGo
from .trials import Trials, accuracy, choice_of
from .yang2019.rules import RULES
from .yang2019.task import Yang2019

__all__ = [
    "RULES",
    "AbstractTask",
    "AntiReach",
    "Choice",
    "ContextDecisionMaking",
    "DelayComparison",
    "DelayMatchCategory",
    "DelayMatchSample",
    "DelayPairedAssociation",
    "DualDelayMatchSample",
    "Duration",
    "EvidenceAccumulation",
    "FlipFlop",
    "GoNoGo",
    "HierarchicalReasoning",
    "IntervalDiscrimination",
    "MultiSensoryIntegration",
    "Multiple",
    "NeuroGymTask",
    "PerceptualDecisionMaking",
    "PerceptualDecisionMakingDelayResponse",
    "PostDecisionWager",
    "ProbabilisticReasoning",
    "PulseDecisionMaking",
    "Reaching1D",
    "ReadySetGo",
    "Scene",
    "SineWave",
    "SingleContextDecisionMaking",
    "SolvableTask",
    "StagedTask",
    "Timeline",
    "Trials",
    "TruncatedExponential",
    "Uniform",
    "Yang2019",
    "accuracy",
    "choice_of",
    "from_neurogym",
    "signed_coherence",
]

show_public_names(__name__)
