"""Dynamical similarity analysis, by its authors' package dsa-metric."""

import abc
import importlib.metadata
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..._types import InvalidInputError, require_count, require_not_negative
from ..topology import Undecided
from .measure import AbstractMeasure, Dynamics, Reading

PACKAGE = "dsa-metric"
FAILURES = (ArithmeticError, AssertionError, IndexError, RuntimeError, ValueError)
"""Errors of the package where a model cannot be fitted or compared."""
SEED = 0
"""Of PyTorch's generator, from which the search for an alignment starts."""


@dataclass(frozen=True)
class _Compared(AbstractMeasure[tuple[Any, ...]]):
    """A linear model of the activity of each network, fitted and compared by the package."""

    n_delays: int = 1
    rank: int | None = None
    score_method: str = ""
    regularization: float = 1e-8

    methods: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        require_count(self.n_delays, "n_delays")
        require_not_negative(self.regularization, "regularization")
        if self.rank is not None:
            require_count(self.rank, "rank")
        if self.score_method not in self.methods:
            raise InvalidInputError(
                f"score_method must be one of {', '.join(self.methods)}, got "
                f"{self.score_method!r:.60}."
            )

    @property
    def version(self) -> str:
        return f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"

    def read(self, network: Dynamics) -> Reading[tuple[Any, ...]]:
        package = _package()
        data = [_by_trial(getattr(network, name), network.inside) for name in self.needs[:-1]]
        if any(each is None for each in data):
            return None, "its activity is not known"
        try:
            model = self._fitted(package, *data)
        except FAILURES as error:
            return None, f"{PACKAGE} fits no model: {error}"
        return model, f"a linear model of {len(model[0])} variables"

    def between(self, first: tuple[Any, ...], second: tuple[Any, ...]) -> float | Undecided:
        import torch

        package, sizes = _package(), (len(first[0]), len(second[0]))
        if sizes[0] != sizes[1] and self.score_method != "wasserstein":
            # of which the package says another distance
            return Undecided(f"models of {sizes[0]} and {sizes[1]} variables: give both one rank")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            try:
                return float(self._score(package, first, second))
            except FAILURES as error:
                return Undecided(f"{PACKAGE} compares no such models: {error}")

    @abc.abstractmethod
    def _fitted(self, package: Any, *data: Any) -> tuple[Any, ...]:
        """Return the matrices of a model of the activity of one network."""

    @abc.abstractmethod
    def _score(self, package: Any, first: tuple[Any, ...], second: tuple[Any, ...]) -> Any:
        """Return the distance of two models."""


@dataclass(frozen=True)
class DSA(_Compared):
    r"""Compare networks by linear models of their activity (dynamical similarity analysis).

    For each network, a linear map is fitted to delay-embedded states (HAVOK dynamic mode
    decomposition). Let A and B be the maps of two networks. The option `score_method` chooses their
    distance. With "wasserstein" it is the cost of the optimal transport between their eigenvalues.
    With "euclidean" it is $\min_C \|A - C B C^\top\|$ over orthogonal C, and with "angular" the
    smallest angle between A and $C B C^\top$. The distance is computed by the package dsa-metric,
    which needs PyTorch: `pip install 'separatrix[compare]'`. The distance depends on `n_delays` and
    `rank`: choose values with which the model predicts well.

    Parameters
    ----------
    n_delays
        The number of delays of the embedding.
    rank
        The dimension of the model. None means all directions.
    score_method
        "wasserstein", "angular" or "euclidean".
    regularization
        The strength of the penalty in the ridge regression that fits the model.
    iterations, learning_rate
        The number of iterations and the learning rate of the search for C.

    Raises
    ------
    InvalidInputError
        If an option is out of range, or if the measure is used without the package dsa-metric.

    References
    ----------
    Ostrow, Eisen, Kozachkov & Fiete (2023) NeurIPS 36.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.measures.DSA(n_delays=5, rank=10).score_method
    'wasserstein'
    """

    score_method: str = "wasserstein"
    iterations: int = 1500
    learning_rate: float = 5e-3

    name: ClassVar[str] = "dsa"
    needs: ClassVar[tuple[str, ...]] = ("states", "inside")
    methods: ClassVar[tuple[str, ...]] = ("wasserstein", "angular", "euclidean")

    def _fitted(self, package: Any, *data: Any) -> tuple[Any, ...]:
        (states,) = data
        model = package.DMD(
            states, n_delays=self.n_delays, rank=self.rank, lamb=self.regularization
        )
        model.fit()
        return (model.A_v,)

    def _score(self, package: Any, first: tuple[Any, ...], second: tuple[Any, ...]) -> Any:
        distance = package.SimilarityTransformDist(
            iters=self.iterations, score_method=self.score_method, lr=self.learning_rate
        )
        return distance.fit_score(first[0].clone(), second[0].clone())  # it changes them


@dataclass(frozen=True)
class InputDSA(_Compared):
    r"""Compare networks by linear models of their activity and of how inputs drive this activity.

    For each network, the model $x_{t+1} = A x_t + B u_t$ is fitted by subspace identification. The
    controllability matrices $(B, A B, A^2 B, \dots)$ of two networks are aligned by an orthogonal
    matrix and compared. The distance is computed by the package dsa-metric, which needs PyTorch:
    `pip install 'separatrix[compare]'`.

    Parameters
    ----------
    n_delays
        The number of past steps, and also of future steps, that the identification uses.
    rank
        The dimension of the model, which is the same for all networks.
    score_method
        "euclidean" or "angular".
    regularization
        The strength of the penalty in the ridge regression that fits the model.

    Raises
    ------
    InvalidInputError
        If an option is out of range, or if the measure is used without the package dsa-metric.

    References
    ----------
    Huang, Ostrow, Singh, Kozachkov, Fiete & Rajan (2025) arXiv:2510.25943.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.measures.InputDSA(rank=4).score_method
    'euclidean'
    """

    n_delays: int = 5
    rank: int | None = 5
    score_method: str = "euclidean"

    name: ClassVar[str] = "input_dsa"
    needs: ClassVar[tuple[str, ...]] = ("states", "inputs", "inside")
    methods: ClassVar[tuple[str, ...]] = ("euclidean", "angular")

    def _fitted(self, package: Any, *data: Any) -> tuple[Any, ...]:
        model = package.SubspaceDMDc(
            *data, n_delays=self.n_delays, rank=self.rank, lamb=self.regularization
        )
        model.fit()
        return model.A_v, model.B_v

    def _score(self, package: Any, first: tuple[Any, ...], second: tuple[Any, ...]) -> Any:
        distance = package.ControllabilitySimilarityTransformDist(score_method=self.score_method)
        return distance.fit_score(first[0], second[0], first[1], second[1])


def _package() -> Any:
    """Return the package; raise InvalidInputError where it is not installed."""
    try:
        import DSA as package  # noqa: N811
    except ImportError as error:
        raise InvalidInputError(
            f"this measure needs the package {PACKAGE}: pip install 'separatrix[compare]'."
        ) from error
    return package


def _by_trial(values: Any, inside: Any) -> Any:
    """Return values (trial, time, …), or a list of trials where these are of different length."""
    if values is None:
        return None
    values = np.asarray(values, float)
    if inside is None or np.asarray(inside).all():
        return values
    return [trial[kept] for trial, kept in zip(values, np.asarray(inside), strict=True)]
