"""One network, many tasks: how well it does each, and which units take part in which."""

import dataclasses
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from .._checked import Count, NotNegative, checked
from .._records import Record, array, setting
from .._tables import Columns
from .._types import (
    Array,
    GivenKey,
)
from ..activity import simulate
from ..networks import AbstractNetwork, check_network_fits
from ..tasks import RULES, Yang2019
from .clusters import TaskVariance, condition_variance, task_variance

BATCH = 512


class RulePerformance(Record):
    """How often a network and the ideal observer answer correctly under each rule of a task."""

    score: Float[Array, " rule"] = array("fraction of trials that the network answers correctly")
    ideal_score: Float[Array, " rule"] = array(
        "fraction of the same trials that the ideal observer answers correctly"
    )
    chance: Float[Array, " rule"] = array("score that can be reached without the stimuli")
    num_trials: Int[Array, " rule"] = array("number of trials of each rule")
    rules: tuple[str, ...] = setting("names of the rules")

    def _table(self) -> Columns:
        return {**super()._table(), "rule": self.rules}  # in place of their numbers

    @property
    def mean_score(self) -> float:
        """The mean of the scores of all rules, in which each rule has the same weight."""
        return float(np.mean(self.score))

    def summary(self) -> str:
        score = np.asarray(self.score)
        low, high = score.argmin(), score.argmax()
        return (
            f"RulePerformance: {len(self)} rules, score {self.mean_score:.3f} in the mean, from "
            f"{score[low]:.3f} ({self.rules[low]}) to {score[high]:.3f} ({self.rules[high]}); "
            f"ideal observer {np.mean(self.ideal_score):.3f}"
        )


@checked
def rule_performance(
    network: AbstractNetwork, task: Yang2019, *, num_trials: Count = 4096, key: GivenKey
) -> RulePerformance:
    """Measure how often a network answers correctly under each rule of a task, on fresh trials.

    Only the last step of a trial counts. If the network should fixate, the trial is correct if it
    fixates. If it should respond, the trial is correct if it does not fixate and the population
    vector of its ring of outputs points within 36° of the target. All rules are equally likely, and
    the times of periods are drawn for each trial separately. So the settings `rule_weights` and
    `shared` of the task, which apply to training, are ignored.

    The function `performance` computes the same score for any task, but it draws the trials as in
    training and sorts them by their conditions. In `rule_performance`, trials are drawn 512 at a
    time, so that any number of trials fits in memory.

    Parameters
    ----------
    network
        Any network that fits the task. Its private noise is switched off.
    task
        The task, which gives the rules, the time step and the input noise.
    num_trials
        The number of trials, of all rules together, rounded up to a multiple of 512.
    key
        A JAX random key.

    Raises
    ------
    InvalidInputError
        If the network does not fit the task, or if `num_trials` is not a positive whole number.

    References
    ----------
    Yang, Joglekar, Song, Newsome & Wang (2019) Nat. Neurosci. 22:297.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.Yang2019(dt=100.0, rules=["fdgo", "dmsgo"])
    >>> net = sx.networks.CTRNN(85, 8, 33, key=jax.random.key(0))
    >>> found = sx.classics.rule_performance(net, task, num_trials=100, key=jax.random.key(1))
    >>> found.rules, found.chance
    (('fdgo', 'dmsgo'), array([0.2, 0.5]))
    """
    check_network_fits(network, task.num_inputs, task.num_outputs, task.dt)
    batches = -(-num_trials // BATCH)
    alike = dataclasses.replace(task.varied(), rule_weights=())
    drawn = [_answers(network, alike, k) for k in jr.split(key, batches)]
    rule, right, ideal = (np.concatenate(column) for column in zip(*drawn, strict=True))
    groups = [rule == RULES.index(name) for name in task.rules]
    return RulePerformance(
        score=np.array([_mean(right[group]) for group in groups]),
        ideal_score=np.array([_mean(ideal[group]) for group in groups]),
        chance=np.array([dataclasses.replace(alike, rules=(r,)).chance for r in task.rules]),
        num_trials=np.array([group.sum() for group in groups]),
        rules=task.rules,
    )


@eqx.filter_jit
def _answers(
    network: AbstractNetwork, task: Yang2019, key: PRNGKeyArray
) -> tuple[Int[Array, " trial"], Float[Array, " trial"], Float[Array, " trial"]]:
    """Return the rule of each trial of a batch, and the scores of network and ideal observer.

    Trials and states stay inside the compiled program: thousands of them would fill the memory.
    """
    trials = task.draw(key, BATCH)
    outputs = network.outputs(network.unroll(jnp.asarray(trials.inputs)))
    score, ideal = (task.score_each(o, trials) for o in (outputs, task.solve(trials.inputs)))
    return trials.conditions["rule"], score, ideal


def _mean(right: np.ndarray) -> float:
    return float(right.mean()) if len(right) else float("nan")


@checked
def rule_variance(
    network: AbstractNetwork,
    task: Yang2019,
    *,
    num_trials: Count = 64,
    num_timings: Count = 8,
    start: NotNegative = 500.0,
    key: GivenKey,
    **clustering: Any,
) -> TaskVariance:
    """Measure the variance of each unit under each rule, and cluster the units by it.

    For each rule, the variance of a unit is taken over trials without noise that differ only in
    their stimuli: their periods begin and end at the same times (`task.aligned_trials`). The
    variance is averaged over the steps from `start` to the end of the trial, and over several sets
    of such trials, which differ in these times. `task_variance` then clusters the units by these
    variances.

    Parameters
    ----------
    network
        Any network that fits the task. Its private noise is switched off.
    task
        The task, which gives the rules and the time step.
    num_trials, num_timings
        For each rule, the number of trials in a set with the same times, and the number of sets.
    start
        The time in ms at which averaging starts, to leave the fixation out. It is 500 in the
        paper's code.
    key
        A JAX random key.
    **clustering
        Further arguments for `task_variance`.

    Raises
    ------
    InvalidInputError
        If the network does not fit the task, or if no step of a trial is left after `start`.

    References
    ----------
    Yang, Joglekar, Song, Newsome & Wang (2019) Nat. Neurosci. 22:297, fig. 2.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.Yang2019(dt=100.0, rules=["dm1", "dm2"])
    >>> net = sx.networks.CTRNN(85, 8, 33, key=jax.random.key(0))
    >>> how = {"num_trials": 8, "num_timings": 1, "key": jax.random.key(1)}
    >>> found = sx.classics.rule_variance(net, task, **how)
    >>> found.variance.shape
    (8, 2)
    """
    variances = {}
    for rule, key_rule in zip(task.rules, jr.split(key, len(task.rules)), strict=True):
        each = []
        for key_times in jr.split(key_rule, num_timings):
            trials = task.aligned_trials(rule, num_trials, key=key_times)
            end = float(np.asarray(trials.conditions["end"])[0])
            states = simulate(network, trials).states
            each.append(condition_variance(states, slice(*_steps(start, end, task.dt))))
        variances[rule] = np.mean(each, 0)
    return task_variance(variances, **clustering)


def _steps(start: float, end: float, dt: float) -> tuple[int, int]:
    return round(start / dt), round(end / dt)
