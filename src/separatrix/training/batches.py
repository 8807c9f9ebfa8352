"""How the trials of a task become the batches of a training step."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Int, PRNGKeyArray

from .._checked import Count, checked
from .._types import Array
from ..tasks import AbstractTask, Trials
from ..tasks.task import draw_checked


class AbstractBatches(eqx.Module):
    """A stateless source of batches: the batch of a step is a function of the key and the step."""

    @abc.abstractmethod
    def draw(
        self, task: AbstractTask, key: PRNGKeyArray, step: Int[Array, ""], batch_size: int
    ) -> Trials:
        """Return the batch of training step `step`."""

    def cuts(self, task: AbstractTask) -> tuple[int, ...]:
        """Return the lengths, in steps, to which a batch may be cut.

        One program is compiled for each length. The lengths ascend, and the last one is the length
        of the batches that `draw` returns. With an empty tuple or a single length, no batch is cut.
        """
        return ()


@checked
class WholeTrials(AbstractBatches):
    """Fresh whole trials in every batch: each row holds one trial from beginning to end.

    Attributes
    ----------
    lengths
        The number of lengths to which a batch may be cut. The lengths are evenly spaced up to the
        task's longest trial, and a batch is cut to the shortest length that holds all of its
        trials. Steps that no trial needs are then not computed. This saves time if some batches
        hold only short trials, as those of `Yang2019(shared=True)` do, but a program is compiled
        for each length. For tasks whose trials all have the same length, cutting gains nothing. If
        `lengths` is 1, no batch is cut: every batch is as long as the longest trial.

        The losses and regularizers of this package give the same values for cut batches, and so
        does any loss that weighs steps by `trials.mask`. The private noise of the units (`noise` of
        a network) is drawn for the computed steps only. So the noise differs from the noise in
        batches that are not cut.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 8, 3, dt=task.dt, key=jax.random.key(0))
    >>> how = {"steps": 2, "batch_size": 4, "key": jax.random.key(1), "progress": False}
    >>> sx.train(net, task, batches=sx.WholeTrials(), **how).history.loss.shape
    (2,)
    """

    lengths: Count = eqx.field(static=True, default=1)

    def cuts(self, task: AbstractTask) -> tuple[int, ...]:
        longest, count = task.num_steps, min(self.lengths, task.num_steps)
        return tuple(sorted({-(-longest * k // count) for k in range(1, count + 1)}))

    def draw(
        self, task: AbstractTask, key: PRNGKeyArray, step: Int[Array, ""], batch_size: int
    ) -> Trials:
        return draw_checked(task, jr.fold_in(key, step), batch_size)


@checked
class Windows(AbstractBatches):
    """Windows of a fixed length that move along endless sequences of trials, one sequence per row.

    Each row of a batch has a sequence of trials. In every row, window `i` continues the sequence
    where window `i − 1` stopped. So a window may begin or end within a trial, whose other part is
    then in the window before or after. A window can hold several trials in sequence. But the state
    of the network is not carried over: in every window the network starts from its initial state.
    The PyTorch notebook of Yang & Wang (2020) trains like this, through
    `neurogym.Dataset(seq_len=100)`.

    Attributes
    ----------
    steps
        The length of a window in time steps.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 8, 3, dt=task.dt, key=jax.random.key(0))
    >>> how = {"steps": 2, "batch_size": 4, "key": jax.random.key(1), "progress": False}
    >>> sx.train(net, task, batches=sx.Windows(100), **how).history.loss.shape
    (2,)
    """

    steps: Count = eqx.field(static=True, default=100)

    def draw(
        self, task: AbstractTask, key: PRNGKeyArray, step: Int[Array, ""], batch_size: int
    ) -> Trials:
        length = task.num_steps
        # The most trials that a window can touch, when it begins on the last step of one.
        touched = (self.steps + length - 2) // length + 1
        first, offset = jnp.divmod(step * self.steps, length)

        def row(row_key: PRNGKeyArray) -> Trials:
            keys = jax.vmap(lambda k: jr.fold_in(row_key, first + k))(jnp.arange(touched))
            drawn = jax.vmap(lambda k: draw_checked(task, k, 1))(keys)
            return _cut(drawn, offset, self.steps)

        rows = jax.vmap(row)(jr.split(key, batch_size))
        return jax.tree.map(lambda x: x[:, 0], rows)


def _cut(drawn: Trials, offset: Int[Array, ""], steps: int) -> Trials:
    """Join trials `(trial, 1, time, …)` end to end and cut `(1, steps, …)` out, from `offset`."""

    def cut(array: Array) -> Array:
        joined = array.reshape(1, -1, *array.shape[3:])
        return jax.lax.dynamic_slice_in_dim(joined, offset, steps, axis=1)

    return Trials(
        inputs=cut(drawn.inputs),
        targets=cut(drawn.targets),
        mask=cut(drawn.mask),
        scored=cut(drawn.scored),
        conditions={},
        dt=drawn.dt,
        output_function=drawn.output_function,
    )
