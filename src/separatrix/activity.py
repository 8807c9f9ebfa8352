"""Simulating a trained network, and the geometry of its activity."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from ._records import Record, array, setting
from ._types import Array, InvalidInputError, is_whole, nearest, require_finite
from .networks import AbstractNetwork, check_network_fits
from .solvers.threads import one_blas_thread
from .tasks import Trials, choice_of


class PrincipalComponents(Record):
    """The principal components of activity: an orthonormal basis, widest direction first."""

    components: Float[Array, "component unit"] = array("unit vectors in state space")
    mean: Float[Array, " unit"] = array("mean state, the origin of the projection")
    explained_variance: Float[Array, " component"] = array("variance along each component")
    explained_variance_ratio: Float[Array, " component"] = array("fraction of the variance")
    participation_ratio: float = setting("(Σλ)² / Σλ² of all components")

    def project(self, states: Float[Array, "... unit"]) -> Float[np.ndarray, "... component"]:
        """Return the coordinates of states of shape `(…, unit)`."""
        return (np.asarray(states, float) - self.mean) @ np.asarray(self.components).T

    def project_direction(
        self, directions: Float[Array, "... unit"]
    ) -> Float[np.ndarray, "... component"]:
        """Return the coordinates of directions, which do not depend on the origin."""
        return np.asarray(directions, float) @ np.asarray(self.components).T


class Activity(Record):
    """The states and outputs of a network on a batch of trials."""

    states: Float[Array, "trial time unit"] = array("hidden state after each step")
    outputs: Float[Array, "trial time output"] = array("outputs of the network")
    inputs: Float[Array, "trial time channel"] = array("inputs that were shown")
    choice: Shaped[Array, " trial"] = array("class answered, 0 being the fixation output")
    conditions: dict[str, Shaped[Array, " trial"]] = array("what distinguishes the trials")
    dt: float = setting("duration of a time step", units="ms")

    @property
    def flat_states(self) -> Float[np.ndarray, "sample unit"]:
        """All states of all trials, `(trial × time, unit)`, in float64."""
        states = np.asarray(self.states, float)
        return states.reshape(-1, states.shape[-1])

    def pca(self, num_components: int = 2) -> PrincipalComponents:
        """Return the first principal components of all states (scikit-learn's PCA).

        The sign of each component is fixed by its largest entry being positive, so that the same
        activity gives the same picture. Activity that does not vary has components of variance 0,
        which are any orthonormal vectors. Raises InvalidInputError when there are fewer units or
        states than components, or states that are not finite.
        """
        from sklearn.decomposition import PCA

        states = self.flat_states
        if not (is_whole(num_components) and 1 <= num_components <= min(states.shape)):
            raise InvalidInputError(
                f"num_components must be between 1 and {min(states.shape)} for {len(states)} "
                f"states of {states.shape[1]} units, got {num_components}."
            )
        require_finite(states, "the activity")
        if (states == states[0]).all():
            return _no_variance(states[0], num_components)
        with one_blas_thread():
            fit = PCA(svd_solver="full").fit(states)
        variances = fit.explained_variance_
        basis = fit.components_[:num_components]
        largest = np.abs(basis).argmax(1)
        basis = basis * np.sign(basis[np.arange(num_components), largest])[:, None]
        return PrincipalComponents(
            components=basis,
            mean=fit.mean_,
            explained_variance=variances[:num_components],
            explained_variance_ratio=fit.explained_variance_ratio_[:num_components],
            participation_ratio=float(variances.sum() ** 2 / np.square(variances).sum()),
        )

    def average_over(self, labels: Shaped[Array, " trial"]) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct labels `(group,)` and mean states `(group, time, unit)` of each."""
        labels = np.asarray(labels)
        if labels.shape != (len(self),):
            raise InvalidInputError(
                f"expected one label for each of {len(self)} trials, got shape {labels.shape}."
            )
        if labels.dtype.kind == "f" and np.isnan(labels).any():
            raise InvalidInputError(
                f"{int(np.isnan(labels).sum())} of the labels are NaN, the first of trial "
                f"{int(np.isnan(labels).argmax())}: give every trial a label."
            )
        values = np.unique(labels)
        states = np.asarray(self.states, float)
        return values, np.stack([states[labels == value].mean(0) for value in values])

    def condition(self, name: str) -> np.ndarray:
        """Return one column of `conditions`; raise InvalidInputError naming the nearest ones."""
        if name not in self.conditions:
            raise InvalidInputError(f"no condition {name!r}: {nearest(name, self.conditions)}")
        return np.asarray(self.conditions[name])


def simulate(network: AbstractNetwork, trials: Trials) -> Activity:
    """Run a network on trials and return its states and outputs.

    Parameters
    ----------
    network
        Any network; it starts each trial from its initial state.
    trials
        What the task drew; inputs `(trial, time, channel)`.

    Returns
    -------
    Activity
        `.states (trial, time, unit)`, `.outputs (trial, time, output)`, `.conditions`.

    Raises
    ------
    InvalidInputError
        When the shapes do not fit, or inputs or weights are not finite.

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
    states, outputs, choice = _run(network, trials)
    return Activity(states, outputs, trials.inputs, choice, dict(trials.conditions), trials.dt)


@eqx.filter_jit
def _run(network: AbstractNetwork, trials: Trials) -> Any:
    states = network.unroll(jnp.asarray(trials.inputs))
    outputs = network.outputs(states)
    return states, outputs, choice_of(outputs, trials)


def _no_variance(state: np.ndarray, num_components: int) -> PrincipalComponents:
    """Return components of activity that stays in one state, where PCA would divide by zero."""
    return PrincipalComponents(
        components=np.eye(num_components, len(state)),
        mean=state,
        explained_variance=np.zeros(num_components),
        explained_variance_ratio=np.zeros(num_components),
        participation_ratio=0.0,
    )
