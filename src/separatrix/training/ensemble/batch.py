"""Networks side by side, and the program of an epoch that maps over them."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float, Int, PRNGKeyArray

from ..._types import Array, InvalidInputError
from ...networks import AbstractNetwork
from ...networks.noisy import AbstractNoisyNetwork
from ...tasks import Trials
from ..devices import Division
from ..epoch import Epoch, compiled, with_number
from ..history import Measures
from ..optimizer import Optimizer
from ..plan import Member, Plan
from ..regularizers import AbstractRegularizer
from .result import stacked

_AXIS = "member"
Prices = tuple[AbstractRegularizer, ...]


class MemberArrays(NamedTuple):
    """Arrays that differ from network to network, with a leading axis for them."""

    arrays: Any
    """Of the network."""
    memory: Any
    """Of the optimizer."""
    key: PRNGKeyArray
    noise: Float[Array, ""] | None
    """σ of the private noise, where it differs."""
    strengths: Float[Array, " regularizer"] | None
    """Of the regularizers, where they differ."""


class Batch(NamedTuple):
    """The networks that are trained together; row k is network `members[k]`, padding is −1."""

    members: Int[np.ndarray, " row"]
    rows: MemberArrays

    @property
    def leaves(self) -> list[Array]:
        """The arrays of the networks, in the order of the leaves of one network."""
        return jax.tree.leaves(self.rows.arrays)


class MappedEpoch(eqx.Module):
    """The program of an epoch, mapped over networks and divided among devices."""

    epoch: Epoch
    others: Any  # of a network: what is no array
    mesh: Mesh = eqx.field(static=True)

    def draw(self, batch: Batch, first: int) -> Trials:
        """Draw the trials of an epoch for every network."""
        return compiled(MappedEpoch._draw)(self, batch.rows.key, np.array(first, np.int32))

    def _draw(self, keys: Any, first: Int[Array, ""]) -> Trials:
        return self._over_members(lambda key: self.epoch.draw(key, first))(keys)

    def advance(
        self, batch: Batch, trials: Trials, first: int, count: int
    ) -> tuple[Batch, Measures, Array]:
        """Return the networks after `count` steps, the measures, and whether weights are finite."""
        numbers = np.array(first, np.int32), np.array(count, np.int32)
        advance = compiled(MappedEpoch._advance)
        weights, memory, measures, sound = advance(self, batch.rows, trials, *numbers)
        arrays = eqx.combine(weights, batch.rows.arrays)
        rows = batch.rows._replace(arrays=arrays, memory=memory)
        return batch._replace(rows=rows), measures, sound

    def _advance(
        self, rows: MemberArrays, trials: Trials, first: Int[Array, ""], count: Int[Array, ""]
    ) -> tuple[Any, Any, Measures, Array]:
        def one(row: MemberArrays, trials: Trials) -> tuple:
            epoch = dataclasses.replace(self.epoch, noise=row.noise)
            if row.strengths is not None:
                prices = zip(epoch.regularizers, row.strengths, strict=True)
                charged = tuple(with_number(price, "strength", s) for price, s in prices)
                epoch = dataclasses.replace(epoch, regularizers=charged)
            network = eqx.combine(row.arrays, self.others)
            return epoch.advance(network, row.memory, trials, row.key, first, count)

        return self._over_members(one)(rows, trials)

    def _over_members(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Map a function over the leading axis, each device's part of it on that device."""
        mapped = jax.vmap(function)
        if self.mesh.size == 1:
            return mapped
        spec = PartitionSpec(_AXIS)
        # Recurrences have backward passes of their own, of which JAX would ask for marks.
        return jax.shard_map(mapped, mesh=self.mesh, in_specs=spec, out_specs=spec, check_vma=False)

    def without_others(
        self, going: Sequence[int], batch: Batch, trials: Trials
    ) -> tuple[Batch, Trials]:
        """Return the networks that go on, and their trials, when they are half of them or fewer.

        A batch of another size is another program, so there are few sizes.
        """
        if 2 * self.padded(len(going)) > len(batch.members):
            return batch, trials
        places = np.flatnonzero(np.isin(batch.members, going))
        return self.placed(batch, places), self._take(trials, self._index(places))

    def padded(self, count: int) -> int:
        """Return the rows for so many networks: a multiple of the number of devices."""
        return -(-count // self.mesh.size) * self.mesh.size

    def placed(self, batch: Batch, places: Int[np.ndarray, " row"]) -> Batch:
        """Return some rows, and copies of the first one of them as padding, on their devices."""
        members = np.full(self.padded(len(places)), -1)
        members[: len(places)] = batch.members[places]
        return Batch(members, self._take(batch.rows, self._index(places)))

    def _index(self, places: Int[np.ndarray, " row"]) -> Int[np.ndarray, " padded"]:
        more = self.padded(len(places)) - len(places)
        return np.concatenate([places, np.repeat(places[:1], more)])

    def _take(self, tree: Any, index: Int[np.ndarray, " row"]) -> Any:
        taken = jax.tree.map(lambda array: array[index], tree)
        if self.mesh.size == 1:
            return taken
        return jax.device_put(taken, NamedSharding(self.mesh, PartitionSpec(_AXIS)))


def begin(plan: Plan, members: Sequence[Member], devices: Division) -> tuple[MappedEpoch, Batch]:
    """Return the program of an epoch and the networks at the start.

    Raises InvalidInputError for members that one program cannot train.
    """
    noise, networks = _noise_apart([member.network for member in members])
    strengths, prices = _strengths_apart([member.regularizers for member in members])
    arrays, others = eqx.partition(stacked(networks), eqx.is_array_like)
    first = dataclasses.replace(members[0], network=networks[0], regularizers=prices)
    epoch = plan.program(first)
    memories = []
    for number, member in enumerate(members):
        own = epoch.optimizer
        if member.optimizer is not members[0].optimizer:
            own = Optimizer(member.optimizer, networks[number])
        if own != epoch.optimizer:
            raise InvalidInputError(
                f"optimizer: the optimizer of network {number} computes something else than the "
                "first one. In one program, optimizers may differ only in their state. For "
                "separate learning rates: "
                "optax.inject_hyperparams(optax.adam)(learning_rate=1e-3). With workers=, "
                "optimizers may differ in every respect."
            )
        memories.append(own.start(networks[number]))
    rows = MemberArrays(
        arrays,
        _side_by_side(memories),
        _side_by_side([member.key for member in members]),
        noise,
        strengths,
    )
    count = min(devices.count, len(members))
    mesh = Mesh(np.array(jax.devices()[:count]), (_AXIS,))
    program, every = MappedEpoch(epoch, others, mesh), np.arange(len(members))
    return program, program.placed(Batch(every, rows), every)


def _side_by_side(trees: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *each: jnp.stack(each), *trees)


def _noise_apart(
    networks: Sequence[AbstractNetwork],
) -> tuple[Float[Array, " row"] | None, Sequence[AbstractNetwork]]:
    """Return the noise of each network where they differ in it, and networks of one noise."""
    if not all(isinstance(network, AbstractNoisyNetwork) for network in networks):
        return None, networks
    values = [network.noise for network in networks]  # type: ignore[attr-defined]
    if len(set(values)) == 1:
        return None, networks
    return jnp.array(values, jnp.float32), [with_number(n, "noise", 1.0) for n in networks]


def _strengths_apart(
    prices: Sequence[tuple],
) -> tuple[Float[Array, "row regularizer"] | None, tuple]:
    """Return the strengths of each network's regularizers where they differ, and regularizers."""
    if all(eqx.tree_equal(each, prices[0]) is True for each in prices):
        return None, prices[0]
    same = [
        tuple(with_number(p, "strength", 1.0) if hasattr(p, "strength") else p for p in each)
        for each in prices
    ]
    for number, each in enumerate(same):
        if eqx.tree_equal(each, same[0]) is not True:
            raise InvalidInputError(
                f"regularizers: the regularizers of network {number} differ in structure from "
                "those of network 0. In one program they may differ only in their strengths, got "
                f"{prices[number]} and {prices[0]}. A strength of 0 adds no penalty."
            )
    strengths = [[getattr(p, "strength", 1.0) for p in each] for each in prices]
    return jnp.array(strengths, jnp.float32), same[0]
