"""The record of the periods of a trial."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._records import Record, array, setting
from .._tables import Columns
from .._types import Array, counted

Text = np.ndarray


class TrialPeriods(Record):
    """The periods of a trial, each as a dynamical system whose input is held constant.

    Trials are without noise. `held` and `sentences` are the verdict on the states at the end of a
    period: the input of the period is held for as long again, and then until the states reach their
    ends. `ended` says at which end each trial would then arrive, and so in which basin it is.

    For decision tasks, `predicted` is the choice that the network reads out at that end, and
    `choice` is the choice that it made in the trial. For `FlipFlop`, `led_to` is the memory to
    which a pulse leads from each memory, and `expected` is the memory that the task asks for.
    """

    period: Shaped[Text, " period"] = array("name of the period")
    input: Float[Array, "period channel"] = array("mean input of the period, held constant")
    input_words: Shaped[Text, " period"] = array("the same by the names of the channels")
    input_differs: Bool[Array, " period"] = array("whether trials, or steps, have other inputs")
    begin: Float[Array, " period"] = array("when it begins, in the mean of the trials", units="ms")
    duration: Float[Array, " period"] = array("median over the trials", units="ms")
    num_trials: Int[Array, " period"] = array("trials that have the period")
    held: Shaped[Text, " period"] = array("what holds the states, a word of `Verdict.held`")
    sentences: Shaped[Text, " period"] = array("the verdict of the period")
    missing: Shaped[Text, " period"] = array("what is known of fixed points that were not found")
    agrees: Int[Array, " period"] = array("trials whose choice is the predicted one; −1: no choice")
    predicts: Int[Array, " period"] = array("trials of which a choice is predicted")

    point_period: Int[Array, " point"] = array("row of the period of a fixed or slow point")
    point_states: Float[Array, "point unit"] = array("the point")
    point_kind: Shaped[Text, " point"] = array('"fixed" or "slow"')
    point_stability: Shaped[Text, " point"] = array("as in `FixedPoints`")
    point_n_unstable: Int[Array, " point"] = array("number of unstable directions; −1: unknown")
    point_certified: Bool[Array, " point"] = array("fixed: proved to exist; slow: proved not fixed")

    end_period: Int[Array, " end"] = array("row of the period of an end")
    end_name: Shaped[Text, " end"] = array("what it is, in words")
    end_states: Float[Array, "end unit"] = array("a state of it; NaN where there is none")
    end_share: Float[Array, " end"] = array("part of the trials that are in its basin")
    end_low: Float[Array, " end"] = array("lower end of the 95 % interval of the share (Wilson)")
    end_high: Float[Array, " end"] = array("upper end of it")
    end_known: Shaped[Text, " end"] = array('"proved", "solved", "watched"; "" where it is unknown')

    ended: Int[Array, "period trial"] = array("row of the end of each trial; −1: period left out")
    predicted: Int[Array, "period trial"] = array("choice read out at that end; −1: none")
    choice: Int[Array, " trial"] = array("the output that the network chose; −1: no choice")
    group: Shaped[Text, " trial"] = array("trials that are averaged together in figures")
    conditions: dict[str, Shaped[Array, " trial"]] = array("what distinguishes the trials")
    responses: Shaped[Text, " output"] = array("names of the outputs")

    averages: Float[Array, "average time unit"] = array("mean state of each group; NaN: none")
    average_names: Shaped[Text, " average"] = array("the groups")
    average_period: Int[Array, "average time"] = array("row of the period of a step; −1: none")

    memory: Shaped[Text, " pulse"] = array("signs of the outputs of the memory that is pulsed")
    pulse: Shaped[Text, " pulse"] = array("the channel, and the sign of its pulse")
    led_to: Shaped[Text, " pulse"] = array("signs of the outputs where that leads; empty: unknown")
    expected: Shaped[Text, " pulse"] = array("the signs that the task asks for")

    system: str = setting('"map" or "flow"', default="map")
    time_unit: float = setting("dt of a map, tau of a flow", units="ms", default=1.0)

    def counts(self, period: int) -> dict[str, int]:
        """Return how many points of each kind a period has: fixed, slow, stable, proved."""
        here = np.asarray(self.point_period) == period
        fixed = here & (np.asarray(self.point_kind) == "fixed")
        return {
            "fixed": int(fixed.sum()),
            "slow": int(here.sum() - fixed.sum()),
            "stable": int((fixed & (np.asarray(self.point_stability) == "stable")).sum()),
            "proved": int((fixed & np.asarray(self.point_certified)).sum()),
        }

    def tells_choices(self, period: int) -> bool:
        """Return whether trials with different choices are in basins that read out different ones.

        Where all basins read out one choice, they agree with the trials that happen to make it.
        """
        predicted = np.asarray(self.predicted)[period]
        known = predicted >= 0
        made = np.asarray(self.choice)[known]
        return len(np.unique(predicted[known])) > 1 or len(np.unique(made)) == 1

    def ends_of(self, period: int) -> np.ndarray:
        """Return the rows of the ends of a period, sorted by share of the trials, largest first."""
        rows = np.flatnonzero(np.asarray(self.end_period) == period)
        return rows[np.argsort(-np.asarray(self.end_share)[rows], kind="stable")]

    def trials_at(self, end: int) -> dict[str, int]:
        """Return how many trials of each group are in the basin of an end after the period."""
        row = int(self.end_period[end])
        groups = np.asarray(self.group)[np.asarray(self.ended)[row] == end]
        names, numbers = np.unique(groups, return_counts=True)
        return {str(name): int(n) for name, n in zip(names, numbers, strict=True)}

    @property
    def led_right(self) -> int:
        """The number of pulses that led to the memory that the task asks for."""
        return int((np.asarray(self.led_to) == np.asarray(self.expected)).sum())

    def summary(self) -> str:
        return f"TrialPeriods: {', '.join(map(str, self.period))}"

    def _table(self) -> Columns:
        rows = range(len(self))
        told = [self.counts(k) for k in rows]
        return {
            "period": self.period,
            "input": self.input_words,
            "held by": self.held,
            "fixed": [n["fixed"] for n in told],
            "stable": [n["stable"] for n in told],
            "proved": [n["proved"] for n in told],
            "choices predicted": [self._agreement(k) for k in rows],
        }

    def _agreement(self, row: int) -> str:
        if self.agrees[row] < 0:
            return "–"
        if not self.predicts[row]:
            return "no choice"
        return f"{self.agrees[row]} of {self.num_trials[row]}"

    def _closing(self) -> str:
        said = [f"{name}: {text}" for name, text in zip(self.period, self.sentences, strict=True)]
        if len(self.pulse):
            right = f"{self.led_right} of {counted(len(self.pulse), 'pulse')}"
            said.append(f"{right} lead to the memory that the task asks for")
        return "\n".join(said)
