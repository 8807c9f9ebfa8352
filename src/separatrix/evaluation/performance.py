"""The score of a network in any task: by condition, with chance and the ideal observer."""

from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, Shaped

from .._checked import Count, checked
from .._records import Record, array, setting
from .._types import Array, GivenKey
from ..activity import simulate
from ..networks import AbstractNetwork
from ..tasks import AbstractTask, SolvableTask, Trials

MOST_VALUES = 12
"""A condition with more distinct values than this is divided into equally frequent groups."""
MOST_CODES = 32
"""The same for a condition of whole numbers, which are codes: of rules, of categories."""
GROUPS = 8


class Performance(Record):
    """Scores of a network on fresh trials: one row for each value of each condition.

    If a condition has many values, they are divided into groups, with one row for each group. The
    score of a trial is 0 or 1 if the task asks for one answer, or a fraction if several steps count
    (`task.score`). The ideal observer (`task.solve`) gets the same trials. If a task has no ideal
    observer, the columns of the ideal observer are NaN.
    """

    condition: Shaped[np.ndarray, " group"] = array(
        "name of the condition by whose values the trials are grouped"
    )
    value: Float[Array, " group"] = array(
        "value of the condition; for a group of many values, their mean"
    )
    num_trials: Int[Array, " group"] = array("number of trials of this value")
    score: Float[Array, " group"] = array("mean score of the trials of this value")
    ideal_score: Float[Array, " group"] = array(
        "mean score of the ideal observer on the same trials"
    )
    variance_explained: Float[Array, " group"] = array(
        "R² of the scored outputs; NaN if the targets are classes"
    )
    mean_score: float = setting("mean score of all trials")
    ideal_mean_score: float = setting(
        "mean score of the ideal observer on all trials; NaN if the task has none"
    )
    chance: float = setting("score that can be reached without the stimuli; NaN if it is not known")
    mean_variance_explained: float = setting(
        "R² of all scored outputs; NaN if the targets are classes"
    )
    fixation_held: float = setting(
        "fraction of the steps with target class 0 (fixation) that are not scored, but count in "
        "the loss, in which the network answers class 0; NaN if the targets are not classes"
    )
    total_trials: int = setting("number of all trials")
    task: str = setting("name of the task")

    def summary(self) -> str:
        baselines = {
            "chance": f"{self.chance:.3f}",
            "ideal observer": f"{self.ideal_mean_score:.4f}",
        }
        known = ", ".join(f"{name} {score}" for name, score in baselines.items() if score != "nan")
        fit = self.mean_variance_explained
        return (
            f"Performance: score {self.mean_score:.4f} on {self.total_trials} trials of "
            + self.task
            + (f" ({known})" if known else "")
            + (f", R² {fit:.4f}" if np.isfinite(fit) else "")
        )

    def by(self, condition: str) -> "Performance":
        """Return the rows of one condition (no rows if the task has no such condition)."""
        return self.filter(np.asarray(self.condition) == condition)


@checked
def performance(
    network: AbstractNetwork, task: AbstractTask, *, num_trials: Count = 4096, key: GivenKey
) -> Performance:
    r"""Measure the scores of a network on fresh trials of any task.

    Each trial gets the score of the task (`task.score`). The result holds, for each value of each
    condition, the mean score of its trials. If the targets are numbers y instead of classes, it
    also holds $R^2 = 1 - \sum (y - \hat y)^2 / \sum (y - \bar y)^2$ over the scored outputs
    $\hat y$, where $\bar y$ is the mean target of each output over all scored steps. (If the
    sigmoid of the outputs has to follow the targets, $\hat y$ is this sigmoid.)

    Parameters
    ----------
    network
        Any network that fits the task.
    task
        Any task. If the task has no `solve`, there is no ideal observer. If it has no `chance`,
        there is no chance level.
    num_trials
        How many trials to draw.
    key
        A JAX random key.

    Returns
    -------
    Performance
        The scores by condition. A condition with more than 12 values (or more than 32, if the
        values are whole numbers) is divided into 8 groups of about equally many trials.

    Raises
    ------
    InvalidInputError
        If the network does not fit the task, or `num_trials` is not a positive whole number.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.DelayComparison()
    >>> net = sx.networks.CTRNN(2, 8, 3, key=jax.random.key(0))
    >>> done = sx.performance(net, task, num_trials=64, key=jax.random.key(1))
    >>> done.chance, len(done.by("f1")) == len({v for pair in task.pairs for v in pair})
    (0.5, True)
    """
    trials = task.trials(num_trials, key=key)
    outputs = simulate(network, trials).outputs
    measured = _measure(task, outputs, trials)
    ideal = np.full(num_trials, np.nan)
    if isinstance(task, SolvableTask) and task.is_solved:
        ideal = np.asarray(_ideal(task, trials), float)
    groups = list(_groups(trials.conditions))
    members = [chosen for _, _, chosen in groups]
    scores = np.asarray(measured["score"], float)
    return Performance(
        condition=np.array([name for name, _, _ in groups], dtype=str),
        value=np.array([value for _, value, _ in groups], float),
        num_trials=np.array([chosen.sum() for chosen in members], int),
        score=np.array([scores[chosen].mean() for chosen in members], float),
        ideal_score=np.array([ideal[chosen].mean() for chosen in members], float),
        variance_explained=np.array([_r_squared(measured, chosen) for chosen in members], float),
        mean_score=float(scores.mean()),
        ideal_mean_score=float(ideal.mean()),
        chance=float(task.chance) if isinstance(task, SolvableTask) else float("nan"),
        mean_variance_explained=_r_squared(measured, np.ones(num_trials, bool)),
        fixation_held=_share(measured["held"], measured["held_of"]),
        total_trials=num_trials,
        task=type(task).__name__,
    )


@eqx.filter_jit
def _measure(task: AbstractTask, outputs: Array, trials: Trials) -> dict[str, Array]:
    """Return, for each trial, its score and the sums that the other measures are made of."""
    found = {"score": task.score_each(outputs, trials)}
    zero = jnp.zeros(trials.num_trials)
    if jnp.issubdtype(trials.targets.dtype, jnp.integer):
        waiting = (trials.targets == 0) & ~trials.scored & (trials.mask > 0)
        held = waiting & (jnp.argmax(outputs, -1) == 0)
        return found | {
            "held": held.sum(1),
            "held_of": waiting.sum(1),
            "error": zero,
            "spread": zero,
        }
    made = jax.nn.sigmoid(outputs) if trials.output_function == "sigmoid" else outputs
    weight = trials.scored[..., None].astype(made.dtype)
    mean = (weight * trials.targets).sum((0, 1)) / jnp.maximum(weight.sum(), 1)
    return found | {
        "held": zero,
        "held_of": zero,
        "error": (weight * jnp.square(made - trials.targets)).sum((1, 2)),
        "spread": (weight * jnp.square(trials.targets - mean)).sum((1, 2)),
    }


@eqx.filter_jit
def _ideal(task: SolvableTask, trials: Trials) -> Float[Array, " trial"]:
    return task.score_each(task.solve(trials.inputs), trials)


def _groups(conditions: dict[str, Array]) -> Iterator[tuple[str, float, np.ndarray]]:
    """Yield the name, the value and the trials of every group of trials."""
    for name, given in conditions.items():
        values = np.asarray(given, float)
        levels = np.unique(values)
        coded = np.issubdtype(np.asarray(given).dtype, np.integer)
        if len(levels) <= (MOST_CODES if coded else MOST_VALUES):
            yield from ((name, float(level), values == level) for level in levels)
            continue
        group = np.argsort(np.argsort(values, kind="stable")) * GROUPS // len(values)
        for k in range(GROUPS):
            yield name, float(values[group == k].mean()), group == k


def _r_squared(measured: dict[str, Array], chosen: np.ndarray) -> float:
    error, spread = (
        float(np.asarray(measured[k], float)[chosen].sum()) for k in ("error", "spread")
    )
    return 1 - error / spread if spread > 0 else float("nan")


def _share(part: Array, whole: Array) -> float:
    total = float(np.sum(whole))
    return float(np.sum(part)) / total if total else float("nan")
