"""The points that branches start from: those given, and disconnected ones that are searched for."""

import numpy as np

from ..._types import InvalidInputError
from ...solvers.continuation import Deflation, correct_at, deflated_newton
from ...systems import AbstractSystem
from .family import Family
from .models import SystemOf

NEAR = 0.25
"""How far, in units of the state scale (root mean square over units), a start may be corrected."""


def checked_range(
    parameter: tuple[float, float], at: float | None, name: str
) -> tuple[float, float, float]:
    """Return the two ends of the range and the value at which the starts are fixed points."""
    first, last = parameter
    if first == last:
        raise InvalidInputError(f"the range of {name} is empty: both its ends are {first:g}.")
    if at is None:
        return first, last, first
    if not min(first, last) <= at <= max(first, last):
        raise InvalidInputError(
            f"the start lies at {name} = {at!r:.60}, outside the range from {first:g} to {last:g}: "
            "widen the range, or give a start inside it."
        )
    return first, last, at


def checked_system(system_of: SystemOf, parameter: float) -> AbstractSystem:
    """Return the system at a parameter; raise InvalidInputError where it is none."""
    system = system_of(parameter)
    if not isinstance(system, AbstractSystem):
        raise InvalidInputError(
            f"system_of({parameter:g}) must return a DiscreteMap or a Flow, got "
            f"{type(system).__name__}."
        )
    return system


def corrected_start(family: Family, state: np.ndarray, parameter: float, name: str) -> np.ndarray:
    """Return the scaled point of the fixed point at a start; raise unless one is near."""
    guess = family.point(state, parameter)
    if not family.residual_and_jacobian(guess)[0].any():
        return guess  # exact already, where Newton's method may not work: at a special point
    found = correct_at(family.residual_and_jacobian, guess, 30)
    moved = float(np.linalg.norm(found.point - guess))
    if found.converged and moved <= NEAR * max(1.0, float(np.linalg.norm(guess[:-1]))):
        return found.point
    with np.errstate(all="ignore"):
        residual = float(np.abs(family.residual_and_jacobian(guess)[0]).max())
    where = (
        f"leads to a state that is {moved:.2g} times the state_scale away"
        if found.converged
        else "does not converge"
    )
    raise InvalidInputError(
        f"the start is not a fixed point at {name} = {parameter:g}: its residual is {residual:.2g} "
        f"and Newton's method {where}. Start from what find_fixed_points finds for "
        f"system_of({parameter:g}), or say with `at` at which value the start is a fixed point."
    )


def disconnected_points(
    family: Family,
    search: Deflation,
    known: np.ndarray,
    parameter: float,
    box: tuple[np.ndarray, np.ndarray] | None,
    scale: float = 1.0,
) -> np.ndarray:
    """Return scaled points at a parameter that deflation finds beside the known states.

    Distances are measured in parts of the family's units: `scale`.
    """
    rng = np.random.default_rng(search.seed)
    found = np.zeros((0, family.size))
    known = known / family.units
    box = None if box is None else (box[0] / family.units, box[1] / family.units)
    for _ in range(search.rounds):
        starts = _random_states(rng, search.starts, known, box, scale, family.size)
        everything = np.concatenate([known, found])
        new = deflated_newton(
            lambda states: family.at_parameter(states, parameter),
            starts,
            everything,
            search.max_steps,
            scale,
        )
        found = np.concatenate([found, new])
        if not len(new):
            break
    states = found * family.units
    points = [correct_at(family.residual_and_jacobian, family.point(x, parameter)) for x in states]
    return np.array([p.point for p in points if p.converged]).reshape(-1, family.size + 1)


def _random_states(
    rng: np.random.Generator,
    count: int,
    known: np.ndarray,
    box: tuple[np.ndarray, np.ndarray] | None,
    scale: float,
    size: int,
) -> np.ndarray:
    """Return states in the box that holds every fixed point, or about the known ones."""
    if box is not None:
        return rng.uniform(*box, (count, size))
    center = known[rng.integers(len(known), size=count)] if len(known) else np.zeros(size)
    spread = max(scale, float(np.abs(known).max(initial=0.0)))
    return 0.5 * center + spread * rng.standard_normal((count, size))


def enclosing_box(systems: list[AbstractSystem]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return a box that holds the domains of all systems, if they have finite ones."""
    if any(system.domain is None for system in systems):
        return None
    shape = (systems[0].size,)
    sides = [
        [np.broadcast_to(np.asarray(s.domain[k], float), shape) for s in systems] for k in (0, 1)
    ]
    low, high = np.min(sides[0], axis=0), np.max(sides[1], axis=0)
    return (low, high) if np.isfinite(low).all() and np.isfinite(high).all() else None
