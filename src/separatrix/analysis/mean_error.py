"""The standard error of means over time, of what swings within bounds and of what diffuses."""

import numpy as np

_TREND = 2  # standard errors: with quarters that go one way, no chance
_LONGEST_LAG = 3  # the longest lag is this part of the time
_REFITS = 4  # of the weights
_DIFFUSES = 0.5  # of the bounded part: less at the longest lag is no diffusion
_BOUNDED = 0.6
_LEAST = 1e-6  # of the largest V: what is less has no more weight


def error_of_means(parts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the error of means over parts (trajectory, part, exponent); 0 where all are −∞.

    What remains of a transient is a trend: four quarters that go one way, and two halves apart.
    """
    count, collapsed = parts.shape[1], np.isneginf(parts).all(1)
    if count < 2:
        return np.full(collapsed.shape, np.nan)
    finite = np.where(np.isfinite(parts).all(1)[:, None], parts, np.nan)
    error = np.sqrt(_spread(finite, lengths)) / lengths.sum()
    quarters, halves = (
        [
            np.average(finite[:, part], axis=1, weights=lengths[part])
            for part in np.array_split(np.arange(count), min(count, number))
        ]
        for number in (4, 2)
    )
    first, *_, last = quarters
    trend = np.abs(halves[1] - halves[0]) / 2
    onward = (np.diff(quarters, axis=0) * (last - first) > 0).all(0)
    error = np.where(onward & (trend > _TREND * error), trend, error)
    return np.where(collapsed, 0.0, error)


def _spread(parts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the variance of the sum over all parts: 0.6 a + D n where V(h) ≈ a + D h.

    V(h) is the mean square of sums over h parts of n, less their means; dividing by 1 − h/n makes
    up for the mean, which comes from the same sums. The fit weights V(h) by its own size and by h,
    as it is known from n/h sums; where D adds less than half of a at the longest lag it is 0.
    0.6, because what swings within bounds has no tails: then twice the error covers 95 %.
    """
    count = parts.shape[1]
    steps = (parts - np.average(parts, axis=1, weights=lengths)[:, None]) * lengths[:, None]
    longest = count // _LONGEST_LAG
    if longest < 2:
        return np.asarray(count * steps.var(1, ddof=1))
    sums = np.concatenate([np.zeros_like(steps[:, :1]), np.cumsum(steps, 1)], axis=1)
    h = np.arange(1, longest + 1)[:, None, None]
    V = np.stack([np.square(sums[:, k:] - sums[:, :-k]).mean(1) for k in h.ravel()])
    V = V / (1 - h / count)
    size = np.where(V.max(0) > 0, V.max(0), 1.0)
    V = V / size
    level, slope = V.mean(0), np.zeros_like(V[0])
    for _ in range(_REFITS):
        weight = 1 / (np.maximum(level + slope * h, _LEAST) ** 2 * h)
        level, slope = _line(h, V, weight)
    mean = np.average(V, axis=0, weights=weight)
    swings = slope * longest < _DIFFUSES * level
    return size * np.where(swings, _BOUNDED * mean, _BOUNDED * level + slope * count)


def _line(h: np.ndarray, V: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a + D h with a, D ≥ 0."""
    one, first, second = weight.sum(0), (weight * h).sum(0), (weight * h**2).sum(0)
    sum_, moment = (weight * V).sum(0), (weight * h * V).sum(0)
    D = (one * moment - first * sum_) / (one * second - first**2)
    D = np.clip(D, 0.0, moment / second)  # beyond, a < 0
    return np.maximum((sum_ - D * first) / one, 0.0), D
