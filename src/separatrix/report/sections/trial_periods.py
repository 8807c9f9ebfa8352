"""The trial, period by period."""

from ... import figures
from ..._tables import describe_duration
from ...evaluation import TrialPeriods
from ...store import Run
from ..section import Figure, Section, Values, in_the_plane
from ..view import has_plane, plane

MOST_ENDS = 4
"""Ends of a period that are listed."""


def draw(run: Run) -> Figure:
    """Draw the points of all periods, and mean trajectories through them."""
    return figures.trial_periods(run.trial_periods, plane(run))


def values(run: Run) -> Values:
    """Return a row for each period, and where pulses lead."""
    periods = run.trial_periods
    return {
        "periods": periods,
        "rows": [_row(periods, k) for k in range(len(periods))],
        "pulses": len(periods.pulse),
        "wrong": [
            f"{memory} with a pulse {pulse} leads to {to or 'an unknown end'}, not {wanted}"
            for memory, pulse, to, wanted in zip(
                periods.memory, periods.pulse, periods.led_to, periods.expected, strict=True
            )
            if to != wanted
        ][:MOST_ENDS],
    }


def _row(periods: TrialPeriods, k: int) -> Values:
    """Return the numbers and words of one period."""
    ends = periods.ends_of(k)
    trials, units = int(periods.num_trials[k]), periods.time_units
    return {
        "name": periods.period[k],
        "begin": describe_duration(float(periods.begin[k]), units),
        "end": describe_duration(float(periods.begin[k] + periods.duration[k]), units),
        "input": periods.input_words[k],
        "differs": bool(periods.input_differs[k]),
        "said": periods.sentences[k],
        "counts": periods.counts(k),
        "missing": periods.missing[k],
        "trials": trials,
        "ends": [_end(periods, int(end)) for end in ends[:MOST_ENDS]],
        "more": max(0, len(ends) - MOST_ENDS),
        "predicts": int(periods.predicts[k]),
        "tells": periods.tells_choices(k),
        "agrees": int(periods.agrees[k]),
    }


def _end(periods: TrialPeriods, end: int) -> Values:
    """Return an end, the share of the trials there, and which trials they are."""
    groups = sorted(periods.trials_at(end).items(), key=lambda pair: -pair[1])
    listed = ", ".join(f"{number} × {name}" for name, number in groups[:MOST_ENDS])
    row = int(periods.end_period[end])
    (there,) = (periods.ended[row] == end).nonzero()
    choice = int(periods.predicted[row][there[0]]) if len(there) else -1
    low, high = (100 * float(limit[end]) for limit in (periods.end_low, periods.end_high))
    said = [
        f"{low:.0f} to {high:.0f}" if low < high else "",  # where all are one state, that is all
        str(periods.end_known[end]),
        f"reads out {periods.responses[choice]}" if choice >= 0 else "",
        listed + (", …" if len(groups) > MOST_ENDS else "") if len(set(periods.group)) > 1 else "",
    ]
    return {
        "name": periods.end_name[end],
        "share": float(periods.end_share[end]),
        "said": "; ".join(filter(None, said)),
    }


SECTION = Section(
    "trial_periods",
    "The trial, period by period",
    ("trial_periods", "activity"),
    draw,
    values,
    applies=has_plane,
    script=in_the_plane("trial_periods", "trial_periods"),
    of_any=True,
)
