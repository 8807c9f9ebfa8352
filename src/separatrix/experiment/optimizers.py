"""The optimizers and schedules that settings can name."""

from collections.abc import Callable

import optax

from .._checked import Natural, taken
from .._types import InvalidInputError

OPTIMIZERS = {
    name: getattr(optax, name)
    for name in ("adam", "adamw", "sgd", "rmsprop", "adagrad", "lion", "nadam")
}


def cosine(peak: float, steps: int, end: float = 0.0, warmup_steps: int = 0) -> optax.Schedule:
    """Return a schedule that falls from `peak` to `end * peak` along half a period of a cosine."""
    _check_fraction(end)
    after = _steps_after(steps, warmup_steps)
    return _warmed_up(peak, warmup_steps, optax.cosine_decay_schedule(peak, after, end))


def linear(peak: float, steps: int, end: float = 0.0, warmup_steps: int = 0) -> optax.Schedule:
    """Return a schedule that falls from `peak` to `end * peak` along a straight line."""
    _check_fraction(end)
    after = _steps_after(steps, warmup_steps)
    return _warmed_up(peak, warmup_steps, optax.linear_schedule(peak, end * peak, after))


def exponential(
    peak: float, steps: int, end: float = 0.01, warmup_steps: int = 0
) -> optax.Schedule:
    """Return a schedule that falls from `peak` to `end * peak` by the same factor in every step."""
    _check_fraction(end, zero=False)
    after = _steps_after(steps, warmup_steps)
    return _warmed_up(peak, warmup_steps, optax.exponential_decay(peak, after, end))


SCHEDULES: dict[str, Callable[..., optax.Schedule]] = {
    "cosine": cosine,
    "linear": linear,
    "exponential": exponential,
}
"""How a learning rate falls over the steps of a training, after it rose in `warmup_steps`."""


def _check_fraction(end: float, zero: bool = True) -> None:
    if not (0 <= end <= 1) or (end == 0 and not zero):
        least = "0 or more" if zero else "above 0"
        raise InvalidInputError(
            f"end is a fraction of the learning rate, {least} and at most 1, got {end:g}."
        )


def _steps_after(steps: int, warmup_steps: int) -> int:
    """Return how many steps are left after the warm-up."""
    if taken(warmup_steps, Natural, "warmup_steps") >= steps:
        raise InvalidInputError(
            f"warmup_steps must be fewer than the {steps} steps of the training, "
            f"got {warmup_steps}."
        )
    return steps - warmup_steps


def _warmed_up(peak: float, warmup_steps: int, schedule: optax.Schedule) -> optax.Schedule:
    """Return the schedule after a rise from 0 to `peak` along a line."""
    if warmup_steps == 0:
        return schedule
    rise = optax.linear_schedule(0.0, peak, warmup_steps)
    return optax.join_schedules([rise, schedule], [warmup_steps])
