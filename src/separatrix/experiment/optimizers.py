"""The optimizers and schedules that settings can name."""

from collections.abc import Callable
from typing import Annotated

import optax

from .._checked import Bounds, Natural, Share, checked
from .._types import InvalidInputError

OPTIMIZERS = {
    name: getattr(optax, name)
    for name in ("adam", "adamw", "sgd", "rmsprop", "adagrad", "lion", "nadam")
}


@checked
def cosine(peak: float, steps: int, end: Share = 0.0, warmup_steps: Natural = 0) -> optax.Schedule:
    """Return a schedule that falls from `peak` to `end * peak` along half a period of a cosine."""
    return _warmed_up(optax.cosine_decay_schedule, peak, steps, end, warmup_steps)


@checked
def linear(peak: float, steps: int, end: Share = 0.0, warmup_steps: Natural = 0) -> optax.Schedule:
    """Return a schedule that falls from `peak` to `end * peak` along a straight line."""
    return _warmed_up(
        lambda peak, steps, end: optax.linear_schedule(peak, end * peak, steps),
        peak, steps, end, warmup_steps,
    )  # fmt: skip


@checked
def exponential(
    peak: float,
    steps: int,
    end: Annotated[float, Bounds(above=0, most=1)] = 0.01,
    warmup_steps: Natural = 0,
) -> optax.Schedule:
    """Return a schedule that falls from `peak` to `end * peak` by the same factor in every step."""
    return _warmed_up(optax.exponential_decay, peak, steps, end, warmup_steps)


SCHEDULES: dict[str, Callable[..., optax.Schedule]] = {
    "cosine": cosine,
    "linear": linear,
    "exponential": exponential,
}
"""How a learning rate falls over the steps of a training, after it rose in `warmup_steps`."""


def _warmed_up(
    fall: Callable[[float, int, float], optax.Schedule],
    peak: float,
    steps: int,
    end: float,
    warmup_steps: int,
) -> optax.Schedule:
    """Return a rise from 0 to `peak` along a line, and the fall in the steps that are left."""
    if warmup_steps >= steps:
        raise InvalidInputError(
            f"warmup_steps must be fewer than the {steps} steps of the training, "
            f"got {warmup_steps}."
        )
    schedule = fall(peak, steps - warmup_steps, end)
    if warmup_steps == 0:
        return schedule
    rise = optax.linear_schedule(0.0, peak, warmup_steps)
    return optax.join_schedules([rise, schedule], [warmup_steps])
