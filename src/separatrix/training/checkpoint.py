"""A training kept in a file while it goes on, so that what stops it costs a minute at most."""

import hashlib
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from .._checked import Bounds, checked
from .._files import as_path, cannot_write
from .._tensors import read_tensors, write_tensors
from .._types import InvalidInputError, UnreadableFileError, is_random_key, listed
from ..networks import AbstractNetwork, trained_leaves
from .epoch import Epoch

FORMAT = "separatrix training 1"
_ANEW = "delete the file to begin again (as `separatrix run --force` does without --resume)"


def _path(given: Any) -> Path:
    return as_path(given)


def _settings(given: Any) -> dict[str, Any]:
    def is_plain(value: Any) -> bool:
        if isinstance(value, Mapping):
            return all(isinstance(k, str) and is_plain(v) for k, v in value.items())
        if isinstance(value, list | tuple):
            return all(map(is_plain, value))
        return value is None or isinstance(value, bool | int | float | str)

    if not isinstance(given, Mapping) or not is_plain(given):
        raise InvalidInputError(
            "settings of a checkpoint must be a dict of numbers, texts, lists and dicts by name, "
            f"such as {{'learning_rate': 1e-3}}, got {given!r:.60}."
        )
    return dict(given)


@checked
class Checkpoint(eqx.Module):
    """The file in which training saves its state, and from which it continues after a stop.

    `sx.train(…, checkpoint=sx.Checkpoint("fit.checkpoint"))` writes the weights, the optimizer's
    state and the history to this file. It does so at the end of an epoch if `seconds` have passed
    since the last write, at the end of the training, and on Ctrl-C. A stop never leaves the file
    half written. If you repeat the call after a stop, training continues from the state in the
    file. On the same machine with the same number of cores, this gives the same numbers, bit for
    bit, as training without a stop. The file is kept after training has ended: if you repeat the
    call then, it returns the trained network immediately. `sx.train_ensemble` keeps network k in
    the file `path.k`.

    Attributes
    ----------
    path
        The file. Its directory must exist.
    seconds
        The minimum time in seconds between two writes; with 0, there is a write after every epoch.
        If the process is killed, the work since the last write is lost: at most that of `seconds`,
        and the epochs that were not finished.
    settings
        Further settings that identify the training. `train` continues from a file only if the
        network at the start, the task, the batches, the key, the regularizers, `devices`,
        `jax_enable_x64` and these settings are the same; otherwise it raises InvalidInputError.
        `train` cannot compare functions, such as a loss or an optimizer. So describe them here, as
        in `{"learning_rate": 1e-3}`.

    Raises
    ------
    InvalidInputError
        If `path`, `seconds` or `settings` is not valid.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.Checkpoint("fit.checkpoint", seconds=300).seconds
    300.0
    """

    path: Path = eqx.field(static=True, converter=_path)
    seconds: Annotated[float, Bounds(least=0, infinite=True)] = eqx.field(static=True, default=60.0)
    settings: Mapping[str, Any] = eqx.field(static=True, default_factory=dict, converter=_settings)


class TrainingSnapshot(NamedTuple):
    """State of a training after some of its steps."""

    network: Any  # or what stands for it
    memory: Any  # of the optimizer
    measures: tuple[Any, ...]  # of the steps


class Keeper:
    """Keeps one training in its file; without a `Checkpoint` it keeps nothing."""

    def __init__(self, checkpoint: Checkpoint | None, identity: Callable[[], dict[str, str]]):
        self.checkpoint = checkpoint
        self.written = time.monotonic()
        if checkpoint is not None:
            _check_place(checkpoint.path)
            # Settings first: they say why a network is another.
            self.identity = {"settings": flat_settings(checkpoint.settings), "training": identity()}

    @property
    def is_due(self) -> bool:
        """Whether it is time to write the file."""
        if self.checkpoint is None:
            return False
        return time.monotonic() - self.written >= self.checkpoint.seconds

    def read(self, start: TrainingSnapshot, steps: int) -> TrainingSnapshot:
        """Return where the file stands; without a file `start`, which says what it must hold.

        Raises UnreadableFileError for a file that is damaged or no checkpoint, InvalidInputError
        for one of a different training run, or of more steps than are asked for.
        """
        if self.checkpoint is None or not self.checkpoint.path.exists():
            return start
        path = self.checkpoint.path
        try:
            arrays, header = read_tensors(path, FORMAT, "training")
        except UnreadableFileError as error:
            raise UnreadableFileError(f"{error} Delete it to begin again.") from error
        self._check_identity(path, header["identity"])
        found = _put_back(path, arrays, start)
        if (done := len(found.measures[0])) > steps:
            raise InvalidInputError(
                f"{path} holds {done} steps of this training, more than the {steps} asked for: ask "
                f"for more, or {_ANEW}."
            )
        return found

    def write(self, snapshot: TrainingSnapshot) -> None:
        """Write the file; where that is impossible the training goes on, with a warning."""
        if self.checkpoint is None:
            return
        self.written = time.monotonic()
        arrays = _taken_apart(snapshot)
        try:
            write_tensors(self.checkpoint.path, arrays, {"identity": self.identity}, FORMAT)
        except (InvalidInputError, OSError) as error:
            warnings.warn(f"the training is not kept: {error}", stacklevel=2)

    def _check_identity(self, path: Path, found: dict[str, dict[str, str]]) -> None:
        for there, here in ((found[part], self.identity[part]) for part in self.identity):
            other = [n for n in sorted({*there, *here}) if there.get(n) != here.get(n)]
            if other:
                differences = [_difference(n, there.get(n), here.get(n)) for n in other]
                raise InvalidInputError(
                    f"{path} belongs to a different training run: {listed(differences, 3)}. "
                    f"Continue with the settings of that training, or {_ANEW}."
                )


def _check_place(path: Path) -> None:
    """Raise InvalidInputError where no file can be written: before the work, not a minute later."""
    if path.is_dir():
        raise InvalidInputError(f"{path} is a directory; name a file for the checkpoint.")
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise cannot_write(path, error) from error


def identity(program: Epoch, network: AbstractNetwork, key: Any) -> dict[str, str]:
    """Return what tells a training from others, by name, as texts that another process finds."""
    return {
        "network": _describe(network),
        "task": _describe(program.task),
        "batches": _describe(program.batches),
        "batch_size": str(program.batch_size),
        "devices": str(program.division.count),
        "regularizers": _describe(program.regularizers),
        "key": f"{jr.key_impl(key)} {_bits(key).tobytes().hex()}",
        "float64": str(jax.config.jax_enable_x64),  # type: ignore[attr-defined]
    }


def _describe(thing: Any) -> str:
    """Return what an object is, without addresses, and what stands for the numbers in it."""
    leaves, structure = jax.tree.flatten(thing)
    arrays = {str(k): np.asarray(a) for k, a in enumerate(leaves) if eqx.is_array_like(a)}
    text = re.sub(r" at 0x[0-9a-f]+", "", f"{thing!r} {structure}")
    return f"{text} {_digest(arrays)}" if arrays else text


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def flat_settings(settings: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Return nested settings as texts under dotted names."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        nested = isinstance(value, Mapping)
        flat |= flat_settings(value, f"{above}{name}.") if nested else {above + name: repr(value)}
    return flat


def _difference(name: str, there: str | None, here: str | None) -> str:
    short = all(value is None or len(value) <= 20 for value in (there, here))
    return (
        f"{name} is {there or 'not given'} there and {here or 'not given'} here" if short else name
    )


def _taken_apart(snapshot: TrainingSnapshot) -> dict[str, np.ndarray]:
    """Return everything that changes in a training as arrays by name."""
    parts = {
        "weights": eqx.filter(snapshot.network, trained_leaves(snapshot.network)),
        "optimizer": snapshot.memory,
        "history": snapshot.measures,
    }
    return {
        f"{part}.{number}": np.array(_bits(leaf), order="C")
        for part, tree in parts.items()
        for number, leaf in enumerate(jax.tree.leaves(tree))
    }


def _put_back(
    path: Path, arrays: dict[str, np.ndarray], start: TrainingSnapshot
) -> TrainingSnapshot:
    """Undo `_taken_apart`, into the structure of a training at its start."""
    weights, fixed = eqx.partition(start.network, trained_leaves(start.network))
    found = {
        part: [arrays[name] for name in sorted(arrays, key=_number) if name.startswith(part)]
        for part in ("weights", "optimizer", "history")
    }
    for part, tree in (("weights", weights), ("optimizer", start.memory)):
        expected = [_bits(leaf) for leaf in jax.tree.leaves(tree)]
        if [(a.shape, a.dtype) for a in expected] != [(a.shape, a.dtype) for a in found[part]]:
            raise InvalidInputError(
                f"{path} belongs to a different training run: the arrays of its {part} have other "
                f"shapes. Continue with the settings of that training, or {_ANEW}."
            )
    if len({len(column) for column in found["history"]}) != 1:
        raise UnreadableFileError(f"{path} is damaged: its history is incomplete.")
    network = eqx.combine(_like(weights, found["weights"]), fixed)
    memory = _like(start.memory, found["optimizer"])
    return TrainingSnapshot(network, memory, tuple(found["history"]))


def _like(tree: Any, values: list[np.ndarray]) -> Any:
    leaves, structure = jax.tree.flatten(tree)
    put = [_of_bits(value, leaf) for value, leaf in zip(values, leaves, strict=True)]
    return jax.tree.unflatten(structure, put)


def _bits(leaf: Any) -> np.ndarray:
    """Return a leaf as numbers; a random key is what it consists of."""
    return np.asarray(jr.key_data(leaf) if is_random_key(leaf) else leaf)


def _of_bits(value: np.ndarray, like: Any) -> Any:
    bits = jnp.asarray(value)
    return jr.wrap_key_data(bits, impl=jr.key_impl(like)) if is_random_key(like) else bits


def _number(name: str) -> int:
    return int(name.rpartition(".")[2])
