"""Decoding of labels from states, on conditions that the decoder has not seen."""

from collections.abc import Mapping

import numpy as np
import scipy
from jaxtyping import Float, Int, Shaped

from ..following.thresholds import AT

Labels = Mapping[str, Shaped[np.ndarray, " state"]]


def decoded(
    states: Float[np.ndarray, "state unit"],
    begin: Float[np.ndarray, "state unit"],
    labels: Labels,
    name: str,
) -> tuple[str, float, float]:
    """Decode a label; return "order" or "accuracy", its value, and the most that chance gives.

    A decoder is fitted and tested on different conditions. Numbers are predicted by a linear
    regression for values that it has not seen, and the result is Spearman's rank correlation of
    predicted and true values. Classes are predicted by the nearest class mean, for combinations of
    the other labels that the means leave out, and the result is the accuracy, averaged over the
    classes. Chance is the largest of 20 results for labels that were shuffled among the conditions.
    For k numbers it is at least 1.645/√(k − 1), which 5 % of the rank correlations of k independent
    values exceed. NaN: the label cannot be decoded so, because it has one value, or fewer than two
    states for each value.

    Noise of 5 % of the spread of the states `begin` is added first, so differences that are much
    smaller are not decoded: of what is left of them nothing would be kept in any noise.
    """
    finite = np.isfinite(states).all(1) & np.isfinite(begin).all(1)
    column = np.asarray(labels[name])[finite]
    values, coded = np.unique(column, return_inverse=True)
    is_number = column.dtype.kind in "iuf" and len(values) > AT.classes
    kind = "order" if is_number else "accuracy"
    if len(values) < 2 or len(column) < 2 * len(values):
        return kind, float("nan"), float("nan")
    draws = np.random.default_rng(0)
    seen = _seen(states[finite], begin[finite], draws)
    group = coded if is_number else _conditions(finite, labels, name, coded)
    of_group = np.zeros(group.max() + 1, int)
    of_group[group] = coded
    targets = np.stack([coded, *(draws.permutation(of_group)[group] for _ in range(AT.shuffles))])
    place = np.argsort(np.argsort(of_group, kind="stable"))  # every class is in every fold
    folds = place[group] % min(AT.folds_of_labels, len(of_group))
    if is_number:
        numbers = values.astype(float)[targets]
        result, *chance = _orders(numbers, _predicted(seen, numbers, folds))
        chance.append(min(1.0, AT.one_sided / np.sqrt(len(values) - 1)))
    else:
        result, *chance = _accuracies(targets, _nearest(seen, targets, folds))
    return kind, result, max(0.0, *chance)


def _seen(states: np.ndarray, begin: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Return what a decoder sees: a few principal components, with a little noise."""
    noise = AT.resolution * np.sqrt(begin.var(0).sum() / begin.shape[1])
    seen = states + noise * draws.normal(size=states.shape)
    left, sizes, _ = np.linalg.svd(seen - seen.mean(0), full_matrices=False)
    scale = np.sqrt(len(seen)) / max(float(sizes[0]), 1e-300)
    return np.asarray((left * sizes)[:, : AT.components] * scale)


def _conditions(
    finite: np.ndarray, labels: Labels, name: str, coded: np.ndarray
) -> Int[np.ndarray, " state"]:
    """Return the condition of each state: its class with all other labels, or the state itself."""
    others = [np.unique(np.asarray(of)[finite], return_inverse=True)[1]
              for key, of in labels.items() if key != name]  # fmt: skip
    rows, group = np.unique(np.stack([coded, *others], 1), axis=0, return_inverse=True)
    if np.bincount(rows[:, 0]).min() < AT.folds_of_labels:
        return np.arange(len(coded))
    return group


def _predicted(
    seen: np.ndarray, numbers: np.ndarray, folds: np.ndarray
) -> Float[np.ndarray, "target state"]:
    """Return what a ridge regression predicts of numbers that it has not seen."""
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    split = PredefinedSplit(folds)
    return np.asarray(cross_val_predict(Ridge(alpha=AT.ridge), seen, numbers.T, cv=split).T)


def _nearest(
    seen: np.ndarray, targets: np.ndarray, folds: np.ndarray
) -> Int[np.ndarray, "target state"]:
    """Return the class with the nearest mean over the other folds, by the units' own spreads."""
    told, scaled = np.zeros_like(targets), seen / np.sqrt(seen.var(0) + AT.least_variance)
    for fold in np.unique(folds):
        rest = folds != fold
        member = (targets[:, rest, None] == np.arange(targets.max() + 1)).astype(float)
        with np.errstate(all="ignore"):  # of no state there is no mean
            means = np.einsum("tsc,sd->tcd", member, scaled[rest]) / member.sum(1)[..., None]
        away = np.square(scaled[~rest][None, :, None] - means[:, None]).sum(3)
        told[:, ~rest] = np.nan_to_num(away, nan=np.inf).argmin(2)
    return told


def _orders(truth: np.ndarray, told: np.ndarray) -> list[float]:
    """Return Spearman's correlation of each target and its predictions."""
    ranks = [scipy.stats.rankdata(part, axis=1) for part in (truth, told)]
    true, said = (part - part.mean(1, keepdims=True) for part in ranks)
    sizes = np.linalg.norm(true, axis=1) * np.linalg.norm(said, axis=1)
    return list(np.where(sizes > 0, (true * said).sum(1) / np.maximum(sizes, 1e-300), 0.0))


def _accuracies(targets: np.ndarray, told: np.ndarray) -> list[float]:
    """Return the share of right answers for each target, averaged over its classes."""
    classes = np.arange(targets.max() + 1)[:, None, None] == targets
    return list((((targets == told) & classes).sum(2) / classes.sum(2)).mean(0))
