"""Named arrays out of dictionaries and files."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..._files import as_path, existing_file, read_npz
from ..._tensors import check_header
from ..._types import (
    InvalidInputError,
    SeparatrixError,
    UnreadableFileError,
    first_line,
    listed,
)


class NamedArrays:
    """The arrays of a state dict that nobody has claimed yet."""

    def __init__(self, arrays: dict[str, np.ndarray]):
        self.left = dict(arrays)

    def __contains__(self, name: str) -> bool:
        return name in self.left

    def take(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """Remove an array and return it; None in `shape` stands for any length.

        Raises InvalidInputError when it is missing, of another shape, or not finite.
        """
        if name not in self.left:
            raise InvalidInputError(
                f"the state dict lacks {name}; it has {listed(self.left) or 'nothing else'}."
            )
        array = self.left.pop(name)
        fits = [n is None or n == m for n, m in zip(shape, array.shape, strict=False)]
        if len(shape) != array.ndim or not all(fits):
            expected = ", ".join("any" if n is None else str(n) for n in shape)
            raise InvalidInputError(f"{name} has shape {array.shape}, expected ({expected}).")
        if not np.isfinite(array).all():
            raise InvalidInputError(
                f"{name} has {np.sum(~np.isfinite(array))} entries that are NaN or infinite: the "
                "training went wrong, or the file is damaged."
            )
        return array

    def take_or_zeros(self, name: str, size: int) -> np.ndarray:
        """Remove a bias and return it, or zeros where the layer was built without."""
        return self.take(name, (size,)) if name in self else np.zeros(size, np.float32)

    def refuse_rest(self) -> None:
        """Raise InvalidInputError where arrays are left: nothing is ignored."""
        if self.left:
            raise InvalidInputError(
                f"there is more than a recurrent layer and a linear readout: {listed(self.left)}. "
                "Leave these arrays out; if there are several linear layers, choose one with "
                "readout=. (Bidirectional layers and projected LSTMs are not supported.)"
            )


def read_arrays(source: Any) -> NamedArrays:
    """Return the arrays of a dictionary (nested ones joined by dots), or of a file.

    Raises
    ------
    InvalidInputError
        For a value that is not an array of numbers, or a kind of file that cannot be read.
    UnreadableFileError
        For a file that is missing or damaged.
    """
    if isinstance(source, (str, Path)):
        source = _read_file(as_path(source))
    if not isinstance(source, Mapping):
        raise InvalidInputError(
            "expected a dictionary of arrays or the path of a .npz, .safetensors or .pt file, got "
            f"{type(source).__name__}."
        )
    arrays: dict[str, np.ndarray] = {}
    _flatten(source, "", arrays)
    if not arrays:
        raise InvalidInputError("the state dict holds no arrays.")
    return NamedArrays(arrays)


def _flatten(source: Mapping[str, Any], path: str, arrays: dict[str, np.ndarray]) -> None:
    for key, value in source.items():
        # Keras and Flax write paths with slashes, older Keras adds the number of an output.
        name = str(key).replace("/", ".").removesuffix(":0")
        name = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            _flatten(value, name, arrays)
        else:
            arrays[name] = _array(value, name)


def _array(value: Any, name: str) -> np.ndarray:
    if hasattr(value, "detach"):  # a tensor of PyTorch
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    array = np.asarray(value)
    # What the network computes in: exact for half precision, and for weights written as integers.
    if array.dtype.name in ("float16", "bfloat16") or array.dtype.kind in "iub":
        array = array.astype(np.float32)
    if array.dtype.kind != "f":
        what = f"{array.dtype} data" if hasattr(value, "dtype") else f"a {type(value).__name__}"
        raise InvalidInputError(
            f"{name} is not an array of numbers but {what}. If a checkpoint "
            "holds more than weights, give only its state dict, such as "
            'from_state_dict(torch.load(path, weights_only=True)["model"]) if its key is "model".'
        )
    return array


TORCH = (".pt", ".pth", ".ckpt", ".pkl", "")
"""Endings that `torch.save` is given; some give none."""


def _read_file(path: Path) -> Mapping[str, Any]:
    readers = {".npz": read_npz, ".safetensors": _safetensors, **dict.fromkeys(TORCH, _torch)}
    if path.suffix not in readers:
        raise InvalidInputError(
            f"cannot tell from the name of {path} what is in it: expected "
            f"{', '.join(filter(None, readers))}. A dictionary of arrays can be given instead."
        )
    existing_file(path, "a file of weights")
    try:
        return readers[path.suffix](path)
    except (SeparatrixError, MemoryError):
        raise
    except Exception as error:  # the readers of three libraries raise what they like
        raise UnreadableFileError(f"{path} cannot be read: {first_line(error)}") from error


def _safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors.numpy import load_file

    return load_file(check_header(path))


def _torch(path: Path) -> Mapping[str, Any]:
    try:
        import torch
    except ImportError as error:
        raise InvalidInputError(
            f"{path} is a file of PyTorch, which is not installed here. Where it is, write the "
            "weights as a .safetensors file (safetensors.torch.save_file(module.state_dict(), "
            "path)) and read that; or install PyTorch."
        ) from error
    try:
        # Without `weights_only` the file could run any code.
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnreadableFileError(
            f"{path} is damaged, or holds more than weights, such as a whole module, which is not "
            "opened because it could run any code. Where you trust it, load it with PyTorch and "
            "save module.state_dict()."
        ) from error
    if not isinstance(loaded, Mapping):
        raise InvalidInputError(
            f"it holds a {type(loaded).__name__}, not a dictionary: save module.state_dict()."
        )
    inner = loaded.get("state_dict")  # of a checkpoint of Lightning
    return inner if isinstance(inner, Mapping) else loaded
