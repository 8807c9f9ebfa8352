"""How far apart two networks' activity in the same trials is, up to a rotation."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy
from jaxtyping import Float

from ..topology import Undecided
from .measure import AbstractMeasure, Dynamics, Reading

States = Float[np.ndarray, "_ _"]
"""A sample in each row, a unit in each column; of two networks of any sizes."""


@dataclass(frozen=True)
class Procrustes(AbstractMeasure[States]):
    r"""Compare activity in the same trials, up to shift, rotation, reflection and scale.

    The distance is the angular distance between shapes, in radians:
    $\arccos \max_Q \langle X, Y Q\rangle / (\|X\| \|Y\|)$ over orthogonal Q. Here X and Y are the
    states `(sample, unit)` of the two networks, minus their means. The distance is a metric. If one
    network has fewer units than the other, silent units are added to it. This measure compares only
    the states, not the dynamics behind them.

    References
    ----------
    Williams, Kunz, Kornblith & Linderman (2021) NeurIPS 34.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> states = np.random.default_rng(0).normal(size=(5, 20, 3))
    >>> both = {"one": states, "turned": 2 * states[..., [2, 0, 1]] + 1}
    >>> networks = {name: sx.measures.Dynamics(states=each) for name, each in both.items()}
    >>> bool(abs(sx.compare(networks, "procrustes").distances[0, 1]) < 1e-6)
    True
    """

    name: ClassVar[str] = "procrustes"
    needs: ClassVar[tuple[str, ...]] = ("states", "inside")
    no_null: ClassVar[str] = "all networks see the same trials"

    def read(self, network: Dynamics) -> Reading[States]:
        if network.states is None:
            return None, "its activity is not known"
        states = np.asarray(network.states, float)
        inside = slice(None) if network.inside is None else np.asarray(network.inside)
        samples = states[inside].reshape(-1, states.shape[-1])
        centered = samples - samples.mean(0)
        size = np.linalg.norm(centered)
        if not np.isfinite(size) or size == 0:
            return None, "its activity is not finite, or does not vary"
        return centered / size, f"{len(samples)} states"

    def between(self, first: States, second: States) -> float | Undecided:
        if len(first) != len(second):
            return Undecided(f"{len(first)} and {len(second)} states are not of the same trials")
        units = max(first.shape[1], second.shape[1])
        one, other = (np.pad(x, ((0, 0), (0, units - x.shape[1]))) for x in (first, second))
        overlap = scipy.linalg.orthogonal_procrustes(one, other)[1]
        return float(np.arccos(np.clip(overlap, -1.0, 1.0)))
