"""Dividing the trials of a batch among devices."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float, PRNGKeyArray

from .._types import Array, InvalidInputError, counted
from ..networks import AbstractNetwork

_AXIS = "trial"


def provide_devices(count: int) -> None:
    """Have JAX divide the processor into `count` devices, if it has not started yet.

    What it does not change is an accelerator's number of devices, or that of a JAX that has been
    used; `Division` says so where it meets too few.
    """
    if count <= max(1, jax.config.jax_num_cpu_devices):  # type: ignore[attr-defined]
        return
    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:
        return


def check_divisible(batch_size: int, devices: int, name: str = "batch_size") -> None:
    """Raise InvalidInputError for a batch that cannot be divided evenly."""
    if batch_size % devices:
        raise InvalidInputError(
            f"{name} must be a multiple of the {devices} devices, got {batch_size}."
        )


class Division(eqx.Module):
    """The devices among which the trials of a batch are divided, each of them as many.

    Weights are on all devices, and each steps through its own trials; losses and accuracies are
    of all trials together. The units' private noise has other numbers with another `count`.
    """

    count: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        if self.count == 1:
            return  # and JAX need not have started
        found = jax.devices()
        if len(found) < self.count:
            available = counted(len(found), "device")
            advice = (
                f'call jax.config.update("jax_num_cpu_devices", {self.count}) before anything else '
                "is done with JAX"
                if jax.default_backend() == "cpu"
                else f"train on {len(found)}"
            )
            raise InvalidInputError(
                f"devices: expected {self.count}, but JAX has {available} ({found[0].platform}): "
                f"{advice}."
            )

    @property
    def mesh(self) -> Mesh:
        """The devices as JAX names them."""
        return Mesh(np.array(jax.devices()[: self.count]), (_AXIS,))

    def everywhere(self, tree: Any) -> Any:
        """Return arrays that are on all devices."""
        return self._put(tree, PartitionSpec())

    def divided(self, trials: Any) -> Any:
        """Return the trials of several steps with their second axis divided."""
        return self._put(trials, PartitionSpec(None, _AXIS))

    def gathered(self, tree: Any) -> Any:
        """Return arrays that are on the first device, and not bound to it."""
        if self.count == 1:
            return tree
        arrays, rest = eqx.partition(tree, eqx.is_array)
        return eqx.combine(jax.tree.map(lambda a: jnp.asarray(np.asarray(a)), arrays), rest)

    def unroll(
        self,
        network: AbstractNetwork,
        inputs: Float[Array, "trial time channel"],
        key: PRNGKeyArray,
    ) -> Float[Array, "trial time state"]:
        """Return `network.unroll_noisy`, of each device's trials on that device.

        Told apart explicitly, because a compiler that divides a program by itself draws all of
        the noise on every device.
        """
        if self.count == 1:
            return network.unroll_noisy(inputs, key)
        arrays, rest = eqx.partition(network, eqx.is_array)

        def own_part(arrays: Any, inputs: Array, key: PRNGKeyArray) -> Array:
            own_key = jr.fold_in(key, jax.lax.axis_index(_AXIS))
            return eqx.combine(arrays, rest).unroll_noisy(inputs, own_key)

        everywhere, divided = PartitionSpec(), PartitionSpec(_AXIS)
        return jax.shard_map(
            own_part,
            mesh=self.mesh,
            in_specs=(everywhere, divided, everywhere),
            out_specs=divided,
            check_vma=False,  # `unroll_recurrence` has a backward pass of its own
        )(arrays, inputs, key)

    def _put(self, tree: Any, spec: PartitionSpec) -> Any:
        if self.count == 1:
            return tree
        arrays, rest = eqx.partition(tree, eqx.is_array)
        return eqx.combine(jax.device_put(arrays, NamedSharding(self.mesh, spec)), rest)
