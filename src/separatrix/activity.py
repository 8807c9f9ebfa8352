"""Simulating a trained network, and the geometry of its activity."""

from typing import Annotated, Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Bool, Float, Shaped

from ._checked import Bounds, Count, Named, checked
from ._parallel import one_blas_thread
from ._records import Record, array, setting
from ._types import (
    Array,
    InvalidInputError,
    is_whole,
    label_array,
    real_array,
    require_finite,
)
from .analysis.projections import orthonormal
from .networks import AbstractNetwork, check_network_fits
from .tasks import Trials, choice_of


class PrincipalComponents(Record):
    """The principal components of activity: an orthonormal basis, largest variance first."""

    components: Float[Array, "component unit"] = array("the principal axes, as unit vectors")
    mean: Float[Array, " unit"] = array("mean state, the origin of the projection")
    explained_variance: Float[Array, " component"] = array("variance along each component")
    explained_variance_ratio: Float[Array, " component"] = array(
        "fraction of the total variance along each component"
    )
    participation_ratio: float = setting("(Σλ)² / Σλ² over the variances λ of all components")
    name: str = setting(
        'name of each axis in figures, before its number: "PC" for "PC 1", "PC 2" …', default="PC"
    )

    def project(self, states: Float[Array, "... unit"]) -> Float[np.ndarray, "... component"]:
        """Return the coordinates of states of shape `(…, unit)`."""
        return (np.asarray(states, float) - self.mean) @ np.asarray(self.components).T

    def project_direction(
        self, directions: Float[Array, "... unit"]
    ) -> Float[np.ndarray, "... component"]:
        """Return the coordinates of directions `(…, unit)`; no origin is subtracted from them."""
        return np.asarray(directions, float) @ np.asarray(self.components).T


class Dimensionality(Record):
    r"""The PCA spectrum of activity, and how many dimensions the activity fills.

    The participation ratio $(\sum\lambda)^2 / \sum\lambda^2$ of the variances λ is n for n equal
    variances, and 1 if one direction has all of the variance.
    """

    variances: Float[Array, " component"] = array(
        "variances along all principal components, the largest first"
    )
    cumulative_fraction: Float[Array, " component"] = array(
        "fraction of the total variance in this component and all components before it together"
    )
    participation_ratio: float = setting("(Σλ)² / Σλ² over the variances λ; 0 if nothing varies")
    num_samples: int = setting("number of states from which the variances were estimated")

    @checked
    def num_components(self, fraction: Annotated[float, Bounds(above=0, most=1)] = 0.95) -> int:
        """Return how many principal components are needed for a given fraction of the variance.

        The components with the largest variances are counted, until their variances sum to at least
        this fraction of the total. The number is 0 if nothing varies.

        Raises InvalidInputError unless the fraction is above 0 and at most 1.
        """
        if self.participation_ratio == 0:
            return 0
        # a sum of fractions may fall short of 1 by rounding
        enough = np.asarray(self.cumulative_fraction) >= fraction - 1e-12
        return int(enough.argmax()) + 1

    def summary(self) -> str:
        return (
            f"Dimensionality: participation ratio {self.participation_ratio:.3g} of "
            f"{len(self)} components; {self.num_components()} hold 95% of the variance"
        )


class Activity(Record):
    """The states and outputs of a network on a batch of trials.

    Trials of different length are padded to the length of the longest trial, and a network keeps
    running in the padding. `inside` marks the steps that belong to a trial. The methods that
    summarize states (`pca`, `dimensionality`, `average_over`) use only these steps.
    """

    states: Float[Array, "trial time unit"] = array("hidden state after each step")
    outputs: Float[Array, "trial time output"] = array("outputs of the network")
    inputs: Float[Array, "trial time channel"] = array("inputs that the network received")
    choice: Shaped[Array, " trial"] = array(
        "class that the network chose: the output with the largest mean over the scored steps "
        "of the trial; −1 if no classes are known"
    )
    conditions: dict[str, Shaped[Array, " trial"]] = array("properties in which the trials differ")
    dt: float = setting("duration of a time step", units="ms")
    inside: Bool[Array, "trial time"] | None = array(
        "whether each step belongs to a trial, not to the padding after it; None if all steps do",
        default=None,
    )
    system: str = setting('"map" or "flow"; empty if unknown', default="")

    @property
    def flat_states(self) -> Float[np.ndarray, "sample unit"]:
        """The states of all trials one after the other, `(sample, unit)`, in float64.

        The padding after shorter trials is left out. There are `trial × time` samples if all trials
        are equally long, and fewer otherwise.
        """
        return self._samples(slice(None))

    def pca(self, num_components: int = 2) -> PrincipalComponents:
        """Return the first principal components of `flat_states` (scikit-learn's PCA).

        The sign of each component is chosen such that its entry of largest absolute value is
        positive. The same activity then always gives the same figure. If the activity does not
        vary, the components are arbitrary orthonormal vectors, whose variances are 0. Raises
        InvalidInputError if `num_components` is below 1 or above the number of units or of states,
        or if states are not finite.
        """
        return _components_of(self.flat_states, num_components)

    def dimensionality(self, steps: slice | None = None) -> Dimensionality:
        r"""Return the variances along all principal components, and their participation ratio.

        If a trial is shorter than others, its states in the padding are left out.

        Parameters
        ----------
        steps
            The time steps whose states are used, such as `slice(5, 15)`. None means all steps.

        Raises
        ------
        InvalidInputError
            If there are fewer than two states at `steps`, or if one of these states is not finite.

        References
        ----------
        Rajan, Abbott & Sompolinsky (2010) NeurIPS 23; Gao et al. (2017) bioRxiv 214262.

        Examples
        --------
        >>> import jax, separatrix as sx
        >>> task = sx.tasks.PerceptualDecisionMaking()
        >>> net = sx.networks.CTRNN(3, 16, 3, key=jax.random.key(0))
        >>> activity = sx.simulate(net, task.trials(20, key=jax.random.key(1)))
        >>> 1 <= activity.dimensionality().participation_ratio <= 16
        True
        """
        states = self._samples(slice(None) if steps is None else steps)
        if len(states) < 2:
            raise InvalidInputError(
                f"variances need at least two states, got {len(states)}: "
                f"steps={steps} leaves too few of the {self.states.shape[1]} steps."
            )
        require_finite(states, "the activity")
        with one_blas_thread():
            # of the covariance: its size is that of the network, however many states there are
            scatter = np.linalg.eigvalsh(np.cov(states, rowvar=False).reshape(2 * states.shape[1:]))
        variances = np.maximum(scatter[::-1], 0.0)
        total = variances.sum()
        if (states == states[0]).all():
            variances, total = np.zeros_like(variances), 0.0
        return Dimensionality(
            variances=variances,
            cumulative_fraction=np.cumsum(variances) / (total or 1.0),
            participation_ratio=float(total**2 / (np.square(variances).sum() or 1.0)),
            num_samples=len(states),
        )

    def average_over(self, labels: Shaped[Array, " trial"]) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct labels `(group,)`, and for each label the mean states of its trials.

        `labels` holds one label for each trial, such as its choice. Trials with the same label form
        a group. The mean states are `(group, time, unit)`. At every step the mean is taken over the
        trials of the group that have not ended by then. Once all of them have ended, the mean is
        NaN. Raises InvalidInputError if there is not one label for each trial, or if a label is
        NaN.
        """
        labels = label_array(labels, "labels")
        if labels.shape != (len(self),):
            raise InvalidInputError(
                f"expected one label for each of {len(self)} trials, got shape {labels.shape}."
            )
        if labels.dtype.kind == "f" and np.isnan(labels).any():
            raise InvalidInputError(
                f"{int(np.isnan(labels).sum())} of the labels are NaN, the first one for trial "
                f"{int(np.isnan(labels).argmax())}: give every trial a label."
            )
        values = np.unique(labels)
        states, inside = np.asarray(self.states, float), self._inside()[..., None]
        means = []
        for chosen in (labels == value for value in values):
            count = inside[chosen].sum(0)
            total = np.where(inside[chosen], states[chosen], 0).sum(0)
            means.append(np.divide(total, count, np.full_like(total, np.nan), where=count > 0))
        return values, np.stack(means)

    def condition(self, name: str) -> np.ndarray:
        """Return one column of `conditions`.

        Raises InvalidInputError if there is no such column. The message names similar columns.
        """
        Named(tuple(self.conditions))(name, "condition")
        return np.asarray(self.conditions[name])

    def _inside(self) -> np.ndarray:
        if self.inside is None:
            return np.ones(np.shape(self.states)[:2], bool)
        return np.asarray(self.inside)

    def _samples(self, steps: slice) -> np.ndarray:
        return np.asarray(self.states, float)[:, steps][self._inside()[:, steps]]


@checked
def simulate(network: AbstractNetwork, trials: Trials) -> Activity:
    """Run a network on trials and return its states and outputs.

    Parameters
    ----------
    network
        Any network. It starts each trial from its initial state, and runs without its private
        noise.
    trials
        Trials of the task; their inputs are `(trial, time, channel)`.

    Returns
    -------
    Activity
        `.states (trial, time, unit)`, `.outputs (trial, time, output)`, `.conditions` (one value
        for each trial) and `.inside` (False for steps after the end of a shorter trial).

    Raises
    ------
    InvalidInputError
        If the trials do not fit the network in a shape or in the time step, or if inputs or weights
        are not finite.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 64, 3, key=jax.random.key(0))
    >>> sx.simulate(net, task.trials(5, key=jax.random.key(1))).states.shape
    (5, 22, 64)
    """
    check_network_fits(network, trials.inputs.shape[-1], network.num_outputs, trials.dt)
    require_finite(trials.inputs, "the inputs of the trials")
    states, outputs, choice, inside = _run(network, trials)
    conditions = dict(trials.conditions)
    return Activity(states, outputs, trials.inputs, choice, conditions, trials.dt, inside, "map")


@eqx.filter_jit
def _run(network: AbstractNetwork, trials: Trials) -> Any:
    states = network.unroll(jnp.asarray(trials.inputs))
    outputs = network.outputs(states)
    return states, outputs, choice_of(outputs, trials), trials.inside


@checked
def project(
    states: Activity | Array,
    onto: PrincipalComponents | Array | None = None,
    num: Count | None = None,
) -> tuple[Float[np.ndarray, "... axis"], PrincipalComponents]:
    """Return the coordinates of states along a few axes, and these axes, for figures.

    Parameters
    ----------
    states
        An `Activity`, or an array `(trial, time, unit)` or `(n, unit)`. Coordinates are NaN where
        states are NaN, and where an `Activity` has no states because a trial has ended.
    onto
        The axes: principal components (such as `activity.pca()` returns), or directions
        `(axis, unit)`. Directions are made orthonormal in the given order, and coordinates along
        them are measured from the mean state. None means the principal components of `states`.
    num
        The number of axes. None means all axes of `onto`, or 2 without `onto`. With three axes,
        figures are drawn in three dimensions.

    Returns
    -------
    tuple
        The coordinates, which have the shape of the states except for the last axis, and the axes.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, if directions are linearly dependent, if `num` is not between 1 and
        the number of units or axes, or if no state is finite.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> states = np.random.default_rng(0).standard_normal((5, 20, 8))
    >>> coordinates, axes = sx.project(states, num=3)
    >>> coordinates.shape, axes.components.shape
    ((5, 20, 3), (3, 8))
    """
    if isinstance(states, Activity):
        values = np.where(states._inside()[..., None], np.asarray(states.states, float), np.nan)
    else:
        values = real_array(states, "states")
    if values.ndim < 2:
        raise InvalidInputError(
            f"expected states (trial, time, unit) or (n, unit), got shape {values.shape}."
        )
    flat = values[np.isfinite(values).all(-1)]
    if onto is None:
        axes = _components_of(flat, 2 if num is None else num)
        return axes.project(values), axes
    axes = onto if isinstance(onto, PrincipalComponents) else _along(real_array(onto, "onto"), flat)
    count, size = axes.components.shape
    if size != values.shape[-1]:
        raise InvalidInputError(
            f"the axes have {size} units, but the states have {values.shape[-1]}: give axes and "
            "states of the same network."
        )
    num = count if num is None else num
    if num > count:
        raise InvalidInputError(f"num must be at most {count} for these axes, got {num}.")
    return axes[:num].project(values), axes[:num]


def _components_of(states: np.ndarray, num_components: int) -> PrincipalComponents:
    """Return the first principal components of states `(n, unit)`."""
    if not (is_whole(num_components) and 1 <= num_components <= min(states.shape)):
        raise InvalidInputError(
            f"num_components must be between 1 and {min(states.shape)} for {len(states)} "
            f"states of {states.shape[1]} units, got {num_components!r:.60}."
        )
    require_finite(states, "the activity")
    if (states == states[0]).all():
        return _no_variance(states[0], num_components)
    mean = states.mean(0)
    with one_blas_thread():
        spread, basis = scipy.linalg.svd(states - mean, full_matrices=False)[1:]
    variances = np.square(spread) / (len(states) - 1)
    basis = basis[:num_components]
    largest = np.abs(basis).argmax(1)
    basis = basis * np.sign(basis[np.arange(num_components), largest])[:, None]
    return PrincipalComponents(
        components=basis,
        mean=mean,
        explained_variance=variances[:num_components],
        explained_variance_ratio=variances[:num_components] / variances.sum(),
        participation_ratio=float(variances.sum() ** 2 / np.square(variances).sum()),
    )


def _along(directions: np.ndarray, states: np.ndarray) -> PrincipalComponents:
    """Return orthonormal axes through the mean of states `(n, unit)`, the first along the first."""
    require_finite(directions, "onto")
    if directions.ndim != 2 or directions.shape[1] != states.shape[1] or not len(states):
        raise InvalidInputError(
            f"expected independent directions (axis, {states.shape[1]}) and finite states, got "
            f"directions of shape {directions.shape} and {len(states)} finite states."
        )
    basis = orthonormal(directions)
    mean = states.mean(0)
    variance = ((states - mean) @ basis.T).var(0)
    spread = states.var(0).sum()
    return PrincipalComponents(
        components=basis,
        mean=mean,
        explained_variance=variance,
        explained_variance_ratio=variance / (spread or 1.0),
        participation_ratio=float(variance.sum() ** 2 / (np.square(variance).sum() or 1.0)),
        name="axis",
    )


def _no_variance(state: np.ndarray, num_components: int) -> PrincipalComponents:
    """Return components of activity that stays in one state, where PCA would divide by zero."""
    return PrincipalComponents(
        components=np.eye(num_components, len(state)),
        mean=state,
        explained_variance=np.zeros(num_components),
        explained_variance_ratio=np.zeros(num_components),
        participation_ratio=0.0,
    )
