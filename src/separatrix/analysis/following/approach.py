"""How states come to a stable point: as its slowest mode decays."""

import numpy as np

from .thresholds import AT


def approaches(
    times: np.ndarray,
    away: np.ndarray,
    measure: np.ndarray,
    rate: float,
    turn: float,
    final: bool,
) -> bool:
    """Whether a state comes to a stable point as its slowest mode says.

    `measure` is its distances, `away`, or the part of that mode in them, because the distances of
    what turns on its way swing. It falls so all the way, over a turn of the mode at least, and the
    state is nearer than ever before: what goes round the point comes nearer, too, for a while.
    """
    now, here = times[-1], measure[-1]
    if not (np.isfinite(here) and here > 0):
        return False
    spans = [folds / rate for folds in AT.folds if 0 < folds / rate <= now] if rate < np.inf else []
    nearer = AT.nearer
    if not spans and final and rate > 0:
        spans, nearer = [now / 2], 1.0
    for span in spans:
        before = int(np.searchsorted(times, now - span * (1 - 1e-9), side="right")) - 1
        passed = now - times[max(before, 0)]
        is_short = before < 0 or span < min(turn, AT.turned / rate) or passed > AT.sparse * span
        if is_short or not measure[before] > here:
            continue
        with np.errstate(divide="ignore"):
            logs = np.log(measure[before:])
        folds = logs[0] - logs[-1]
        line = np.interp(times[before:], [times[before], now], [logs[0], logs[-1]])
        is_straight = np.abs(logs - line).max() <= AT.within * folds
        is_near = away[-1] <= nearer * away[: before + 1].min()
        if is_straight and is_near and abs(folds / (rate * passed) - 1) <= AT.within:
            return True
    return False
