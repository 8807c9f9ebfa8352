"""From the settings of the training to its optimizer and its regularizers."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import optax

from .._types import InvalidInputError, require_count
from ..networks import AbstractNetwork, trained_leaves
from ..training import AbstractRegularizer, Threshold
from ..training.regularizers import Rates, Smoothness, Weights
from .building import construct, fill_defaults
from .settings import RegularizerSettings, TrainingSettings

OPTIMIZERS = {
    name: getattr(optax, name)
    for name in ("adam", "adamw", "sgd", "rmsprop", "adagrad", "lion", "nadam")
}
_GIVEN = ("peak", "steps")


def cosine(peak: float, steps: int, end: float = 0.0, warmup_steps: int = 0) -> optax.Schedule:
    """Fall from `peak` to the fraction `end` of it along half a period of a cosine."""
    _check_fraction(end)
    after = _steps_after(steps, warmup_steps)
    return _warmed_up(peak, warmup_steps, optax.cosine_decay_schedule(peak, after, end))


def linear(peak: float, steps: int, end: float = 0.0, warmup_steps: int = 0) -> optax.Schedule:
    """Fall from `peak` to the fraction `end` of it along a line."""
    _check_fraction(end)
    after = _steps_after(steps, warmup_steps)
    return _warmed_up(peak, warmup_steps, optax.linear_schedule(peak, end * peak, after))


def exponential(
    peak: float, steps: int, end: float = 0.01, warmup_steps: int = 0
) -> optax.Schedule:
    """Fall from `peak` to the fraction `end` of it by the same factor in every step."""
    _check_fraction(end, zero=False)
    after = _steps_after(steps, warmup_steps)
    return _warmed_up(peak, warmup_steps, optax.exponential_decay(peak, after, end))


SCHEDULES: dict[str, Callable[..., optax.Schedule]] = {
    "cosine": cosine,
    "linear": linear,
    "exponential": exponential,
}
"""How a learning rate falls over the steps of a training, after it rose in `warmup_steps`."""


def build_optimizer(
    settings: TrainingSettings, network: AbstractNetwork, source: str
) -> optax.GradientTransformation:
    """Return the optimizer with its schedule and its limits on a gradient.

    Raises InvalidInputError with the key and the source for whatever cannot be used.
    """
    optimizer = construct(settings.optimizer, OPTIMIZERS, "training.optimizer", source)
    if settings.schedule is not None:
        rate = settings.optimizer.arguments["learning_rate"]
        given = {"peak": rate, "steps": settings.steps}
        schedule = construct(settings.schedule, SCHEDULES, "training.schedule", source, **given)
        arguments: dict[str, Any] = {**settings.optimizer.arguments, "learning_rate": schedule}
        optimizer = OPTIMIZERS[settings.optimizer.name](**arguments)
    if settings.clip_norm is not None:
        optimizer = optax.chain(optax.clip_by_global_norm(settings.clip_norm), optimizer)
    if settings.clip_value is not None:
        optimizer = optax.chain(optax.clip(settings.clip_value), optimizer)
    _try(optimizer, network, source)
    return optimizer


def fill_optimizer(settings: TrainingSettings) -> TrainingSettings:
    """Return the settings with the defaults of the optimizer and of the schedule written out."""
    filled = {"optimizer": fill_defaults(settings.optimizer, OPTIMIZERS, ())}
    if settings.schedule is not None:
        filled["schedule"] = fill_defaults(settings.schedule, SCHEDULES, _GIVEN)
    return settings.model_copy(update=filled)


def build_regularizers(settings: RegularizerSettings) -> tuple[AbstractRegularizer, ...]:
    """Return the regularizers whose strength is not zero."""
    every = (
        Rates(settings.rates_l2),
        Rates(settings.rates_l1, norm=1),
        Weights(settings.weights_l2),
        Weights(settings.weights_l1, norm=1),
        Smoothness(settings.smoothness),
    )
    return tuple(each for each in every if each.strength > 0)


def build_until(settings: TrainingSettings, source: str) -> Threshold | None:
    """Return where training stops before its last step.

    Raises InvalidInputError with the key and the source for a threshold that cannot be reached.
    """
    if settings.until is None:
        return None
    try:
        until = Threshold(settings.until.loss, settings.until.accuracy, settings.until.patience)
        until.check(settings.steps)
    except InvalidInputError as error:
        raise InvalidInputError(f"training.until in {source}: {error}") from None
    return until


def _check_fraction(end: float, zero: bool = True) -> None:
    if not (0 <= end <= 1) or (end == 0 and not zero):
        least = "0 or more" if zero else "above 0"
        raise InvalidInputError(
            f"end is a fraction of the learning rate, {least} and at most 1, got {end:g}."
        )


def _steps_after(steps: int, warmup_steps: int) -> int:
    """Return how many steps are left after the warm-up."""
    if require_count(warmup_steps, "warmup_steps", 0) >= steps:
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


def _try(optimizer: optax.GradientTransformation, network: AbstractNetwork, source: str) -> None:
    """Trace one update: optax looks at most of its arguments only then."""
    weights = eqx.filter(network, trained_leaves(network))
    try:
        jax.eval_shape(lambda w: optimizer.update(w, optimizer.init(w), w), weights)
    except Exception as error:
        text = str(error).strip().split("\n")[0].rstrip(".")
        raise InvalidInputError(f"training.optimizer in {source} cannot be used: {text}.") from None
