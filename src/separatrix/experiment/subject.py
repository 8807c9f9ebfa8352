"""What is taken apart: a trained network with what is known of it before any further analysis."""

import dataclasses

import numpy as np
from jaxtyping import PRNGKeyArray

from ..activity import Activity
from ..analysis import FixedPoints
from ..networks import AbstractNetwork
from ..systems import AbstractSystem
from ..tasks import AbstractTask
from .settings import AnalysisSettings


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A trained network, its task, its activity and the points at the frozen input.

    A subject equals only itself, so that answers can be kept by `functools.lru_cache`.

    Attributes
    ----------
    task, network
        As they were trained.
    system
        The network at the frozen input.
    input
        The input that is frozen, `(channel,)`, float64.
    activity
        Of the trials that the run simulates.
    points
        The fixed and slow points at the frozen input.
    settings
        The experiment's `[analysis]`.
    key
        For whatever a question draws.
    """

    task: AbstractTask
    network: AbstractNetwork
    system: AbstractSystem
    input: np.ndarray
    activity: Activity
    points: FixedPoints
    settings: AnalysisSettings
    key: PRNGKeyArray
