"""How states are watched, and what counts as evidence: the options of `continuous_attractor`."""

from dataclasses import dataclass

from ..._types import InvalidInputError, require_count, require_positive


@dataclass(frozen=True)
class Watching:
    """How long states are watched at most, how closely, and what counts as what.

    Parameters
    ----------
    step
        Of the Runge–Kutta method, in units of tau; None for a tenth of the shortest time constant
        at the states. Maps have steps of their own.
    max_steps
        Steps, at most, of the time to settle and of the watch, each.
    max_states
        States that are watched; more are thinned out evenly.
    examined
        States, far from one another, whose neighborhoods and modes are looked at.
    neighbors
        States that make up a neighborhood.
    kept
        A state has kept its distance to its neighbor when this part of it is left; the set is
        continuous when this share of the states has.
    still
        The median drift, as a part of the extent, up to which the set is at rest.
    wide
        A neighborhood extends in a direction when it does so by this part of its largest extent.
    loop
        The ratio of death to birth from which on a loop of a one-dimensional set lasts.
    flat
        The thickness of a two-dimensional set, as a part of its shorter side, up to which it is a
        plane.

    Raises
    ------
    InvalidInputError
        For a number that is not positive or not whole where it counts something, or a part that is
        not below 1.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> leaky = sx.DiscreteMap(lambda x: np.array([1.0, 0.5]) * x, size=2)
    >>> states = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    >>> strict = sx.Watching(kept=0.9, examined=32)
    >>> sx.continuous_attractor(leaky, states, method=strict).verdict
    'line'
    """

    step: float | None = None
    max_steps: int = 1_000_000
    max_states: int = 512
    examined: int = 64
    neighbors: int = 8
    kept: float = 0.5
    still: float = 0.05
    wide: float = 0.3
    loop: float = 2.0
    flat: float = 0.05

    def __post_init__(self) -> None:
        if self.step is not None:
            require_positive(self.step, "step, of the integration in units of tau,")
        require_count(self.max_steps, "max_steps")
        require_count(self.max_states, "max_states", 3)
        for name in ("examined", "neighbors"):
            require_count(getattr(self, name), name)
        for name in ("kept", "still", "wide", "loop", "flat"):
            require_positive(getattr(self, name), name)
        for name in ("kept", "still", "wide", "flat"):
            if not getattr(self, name) < 1:
                raise InvalidInputError(
                    f"{name} is a part and must be below 1, got {getattr(self, name)!r}."
                )
