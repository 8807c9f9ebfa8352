"""The record of the periods of a trial."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._records import Record, array, setting
from .._tables import Columns
from .._types import Array, counted

Text = np.ndarray


class TrialPeriods(Record):
    """The periods of a trial, each as a dynamical system whose input is held constant.

    `sx.trial_periods` draws trials without noise; `sx.make_report` uses the trials that it is
    given. From the states at the end of a period, the system runs on without noise at the period's
    input. It runs for as long as the period lasted, and then until it is known where the states
    end. `held` is the word of the verdict on this motion (`sx.verdict`). `sentences` say first what
    happens during the period, and then what this verdict says, where a word other than "still",
    "moving", "slow path" or "unknown" is true. An end is what states
    finally reach, such as a stable point or a cycle. `ended` gives the end that each trial would
    reach, and so the basin in which the trial is when the period is over.

    For decision tasks, `predicted` is the choice that the network reads out at this end, if the end
    is a stable point. `choice` is the choice that it made in the trial. For `FlipFlop`, `led_to` is
    the memory to which a pulse leads from each memory, and `expected` is the memory that the task
    asks for.
    """

    period: Shaped[Text, " period"] = array("name of the period")
    input: Float[Array, "period channel"] = array(
        "mean input of the period, which is held constant"
    )
    input_words: Shaped[Text, " period"] = array(
        "input of the period in words, with the names of the channels"
    )
    input_differs: Bool[Array, " period"] = array(
        "whether the input differs between trials or between steps of the period"
    )
    begin: Float[Array, " period"] = array(
        "time at which the period begins, averaged over the trials", units="ms"
    )
    duration: Float[Array, " period"] = array(
        "median duration of the period over the trials", units="ms"
    )
    num_trials: Int[Array, " period"] = array("number of trials that have the period")
    held: Shaped[Text, " period"] = array(
        "what holds the states: one of the words of `Verdict.held`"
    )
    sentences: Shaped[Text, " period"] = array(
        "what happens during the period, and what the verdict at its end says"
    )
    missing: Shaped[Text, " period"] = array(
        "what is known about fixed points that the search may have missed"
    )
    agrees: Int[Array, " period"] = array(
        "number of trials in which the network made the predicted choice; −1 if choices cannot "
        "be read out of states"
    )
    predicts: Int[Array, " period"] = array("number of trials for which a choice is predicted")

    point_period: Int[Array, " point"] = array(
        "row of the period to which the fixed or slow point belongs"
    )
    point_states: Float[Array, "point unit"] = array("state of the point")
    point_kind: Shaped[Text, " point"] = array('"fixed" or "slow"')
    point_stability: Shaped[Text, " point"] = array("stability of the point, as in `FixedPoints`")
    point_n_unstable: Int[Array, " point"] = array("number of unstable directions; −1 if unknown")
    point_certified: Bool[Array, " point"] = array(
        "whether a fixed point is proved to exist, or a slow point is proved not to be fixed"
    )

    end_period: Int[Array, " end"] = array("row of the period to which the end belongs")
    end_name: Shaped[Text, " end"] = array("what the end is, in words")
    end_states: Float[Array, "end unit"] = array("a state of the end; NaN if there is none")
    end_share: Float[Array, " end"] = array("share of the trials that are in the basin of the end")
    end_low: Float[Array, " end"] = array("lower end of the 95 % interval of the share (Wilson)")
    end_high: Float[Array, " end"] = array("upper end of the 95 % interval of the share (Wilson)")
    end_known: Shaped[Text, " end"] = array(
        'how the end is known: "proved", "solved" or "watched"; unknown ends have "watched", too'
    )

    ended: Int[Array, "period trial"] = array(
        "row of the end of each trial; −1 if the trial lacks the period or was not followed"
    )
    predicted: Int[Array, "period trial"] = array(
        "choice that is read out at the end to which `ended` refers; −1 if this end is not a "
        "stable point, or if the outputs tie there"
    )
    choice: Int[Array, " trial"] = array("output that the network chose; −1 if it made no choice")
    group: Shaped[Text, " trial"] = array(
        "name of the group to which the trial belongs; figures show the mean of each group"
    )
    conditions: dict[str, Shaped[Array, " trial"]] = array("properties by which the trials differ")
    responses: Shaped[Text, " output"] = array("names of the outputs")

    averages: Float[Array, "average time unit"] = array(
        "mean state of each group at each step; NaN once a trial of the group has no state. No "
        "groups are listed if their means explain less than 30 % of the variance"
    )
    average_names: Shaped[Text, " average"] = array("names of the groups")
    average_period: Int[Array, "average time"] = array(
        "row of the period in which the most trials of the group are at this step; −1 if none"
    )

    memory: Shaped[Text, " pulse"] = array(
        "signs of the outputs of the stable point at which the state is when the pulse begins"
    )
    pulse: Shaped[Text, " pulse"] = array("sign and channel of the pulse")
    led_to: Shaped[Text, " pulse"] = array(
        "signs of the outputs of the stable point to which the pulse leads; empty if unknown"
    )
    expected: Shaped[Text, " pulse"] = array(
        "signs of the outputs that the task asks for after the pulse"
    )

    moved: Float[Array, " period"] | None = array(
        "median distance between where a trial is when the period begins and where it is at its "
        "end, relative to the largest distance between two states of the activity",
        default=None,
    )
    slowed: Float[Array, " period"] | None = array(
        "length of the step at the time until the end of the period when steps are the longest, "
        "relative to that of the last one, each the median over the trials; NaN if both are 0",
        default=None,
    )
    order: Float[Array, " period"] | None = array(
        "rank correlation of the positions at the beginning and at the end of the period, along "
        "the first principal component of the states at its end; NaN if there is no order",
        default=None,
    )
    decoded: Shaped[Text, " period"] | None = array(
        "labels that can be decoded at the beginning and at the end of the period, as JSON; the "
        "keys are those of the claim “decoded” of a verdict",
        default=None,
    )
    system: str = setting('"map" or "flow"', default="map")
    time_unit: float = setting("dt of a map, tau of a flow", units="ms", default=1.0)

    def counts(self, period: int) -> dict[str, int]:
        """Return how many points of a period are fixed, slow, stable, or proved to exist.

        The argument `period` is the row of the period. Stable and proved points are counted among
        the fixed points.
        """
        here = np.asarray(self.point_period) == period
        fixed = here & (np.asarray(self.point_kind) == "fixed")
        return {
            "fixed": int(fixed.sum()),
            "slow": int(here.sum() - fixed.sum()),
            "stable": int((fixed & (np.asarray(self.point_stability) == "stable")).sum()),
            "proved": int((fixed & np.asarray(self.point_certified)).sum()),
        }

    def tells_choices(self, period: int) -> bool:
        """Return whether a period predicts more than one choice, if the network made more than one.

        The argument `period` is the row of the period. Only trials for which a choice is predicted
        count; without such trials, the answer is False. It is also False if the same choice is
        predicted for all of these trials, although they made different choices. The basins then do
        not separate the choices, and `agrees` only counts the trials that happened to make the
        predicted choice. Otherwise the answer is True.
        """
        predicted = np.asarray(self.predicted)[period]
        known = predicted >= 0
        made = np.asarray(self.choice)[known]
        return len(np.unique(predicted[known])) > 1 or len(np.unique(made)) == 1

    def ends_of(self, period: int) -> np.ndarray:
        """Return which rows of the `end_…` arrays belong to a period, the largest share first.

        The argument `period` is the row of the period. The share of an end (`end_share`) is the
        fraction of the trials that are in its basin.
        """
        rows = np.flatnonzero(np.asarray(self.end_period) == period)
        return rows[np.argsort(-np.asarray(self.end_share)[rows], kind="stable")]

    def trials_at(self, end: int) -> dict[str, int]:
        """Return how many trials of each group are in the basin of one end.

        The argument `end` is the row of the end in the `end_…` arrays, as in `ends_of`. Groups
        without such trials are left out.
        """
        row = int(self.end_period[end])
        groups = np.asarray(self.group)[np.asarray(self.ended)[row] == end]
        names, numbers = np.unique(groups, return_counts=True)
        return {str(name): int(n) for name, n in zip(names, numbers, strict=True)}

    @property
    def led_right(self) -> int:
        """The number of pulses whose `led_to` is the memory that the task asks for (`expected`)."""
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
