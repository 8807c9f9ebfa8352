"""Networks in safetensors files, whatever their class.

The file holds every array under its path of field names; the header holds the rest (class names,
static fields, which fields are containers) as JSON. Reading it rebuilds the object field by field,
so no random weights are drawn and no list of fields is kept anywhere.
"""

import dataclasses
import json
import typing
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._checked import checked
from .._files import as_path, short
from .._tensors import read_tensors, write_tensors
from .._types import InvalidInputError, UnreadableFileError, is_random_key, nearest
from ..networks import AbstractNetwork
from ..networks.arrays import as_weights
from ..networks.interop.reading import TORCH
from .integrity import ANYWAY

FORMAT = "separatrix network 1"
_FOREIGN = (*filter(None, TORCH), ".npz")
"""Endings of files that others wrote."""
AXIS_SIZES = {
    "channel": "num_inputs",
    "unit": "num_units",
    "output": "num_outputs",
    "excitatory": "num_excitatory",
}
"""Axis names of weights whose length a network states in a field."""


@checked
def save_network(network: AbstractNetwork, path: str | Path) -> None:
    """Write a network to a safetensors file, which is never left half written.

    Parameters
    ----------
    network
        Any network. Each of its fields must be an array, or a value that can be written as JSON.
    path
        The path of the file, such as "network.safetensors". An existing file is replaced.

    Raises
    ------
    InvalidInputError
        If `network` is not a network, or the file cannot be written. If a field is not an array and
        cannot be written as JSON; the error names the field.

    Examples
    --------
    >>> import jax, tempfile, separatrix as sx
    >>> net = sx.networks.CTRNN(3, 64, 3, key=jax.random.key(0))
    >>> sx.save_network(net, tempfile.mkdtemp() + "/network.safetensors")
    """
    from .. import __version__

    arrays: dict[str, np.ndarray] = {}
    structure = json.dumps(_take_apart(network, "", arrays))
    header = {"version": __version__, "network": structure}
    write_tensors(as_path(path), arrays, header, FORMAT)


@checked
def load_network(path: str | Path, *, verify: bool = True) -> AbstractNetwork:
    """Read a network that `save_network` wrote; the network's class must have been imported.

    The file holds a digest of its contents. With `verify=False` the contents are not compared with
    the digest, so that you can read a file that another program has changed.

    Arrays come back as JAX arrays in their original precision. Where JAX would lower the precision
    (float64 without `jax.enable_x64`), they come back as NumPy arrays.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    AbstractNetwork
        The network as it was saved.

    Raises
    ------
    InvalidInputError
        If the file was not written by `save_network` but has the ending of a PyTorch or NumPy file.
        The error message names the function that reads such a file.
    UnreadableFileError
        If the file is missing or damaged, or does not hold a network. If the class of the network
        is unknown, or if its arrays do not fit the class by name or by shape.

    Examples
    --------
    >>> import jax, tempfile, separatrix as sx
    >>> path = tempfile.mkdtemp() + "/network.safetensors"
    >>> sx.save_network(sx.networks.GRU(3, 32, 3, key=jax.random.key(0)), path)
    >>> sx.load_network(path).num_units
    32
    """
    path = as_path(path)
    try:
        arrays, metadata = read_tensors(path, FORMAT, "network", verify=verify, anyway=ANYWAY)
    except UnreadableFileError as error:
        if path.suffix.lower() not in _FOREIGN or not path.is_file():
            raise
        raise InvalidInputError(
            f"load_network reads what save_network wrote (.safetensors), got {path}. Weights that "
            f'another library saved are read by sx.networks.from_state_dict("{path}"), models of '
            f'other packages by sx.models.load("{path}", kind=…).'
        ) from error
    try:
        network = _put_together(json.loads(metadata["network"]), "", arrays)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path} has a damaged header: {short(error)}.") from error
    except UnreadableFileError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error}") from error
    if arrays:
        raise UnreadableFileError(
            f"{path} cannot be read: {type(network).__name__} has no array called "
            f"{', '.join(sorted(arrays))}."
        )
    return network


def load_own_network(path: Path, *, verify: bool = True) -> AbstractNetwork | None:
    """Read a network of a user's own class; None where that is not imported, or has changed.

    It is the class of the module that wrote the file: another one of that name may compute
    something else. Raises UnreadableFileError where the file is damaged.
    """
    _, metadata = read_tensors(path, FORMAT, "network", verify=verify, anyway=ANYWAY)
    with suppress(UnreadableFileError, KeyError, TypeError, json.JSONDecodeError):
        node = json.loads(metadata["network"])
        wrote = node["class"], node["module"]
        if any((c.__name__, c.__module__) == wrote for c in _subclasses(AbstractNetwork)):
            return load_network(path, verify=verify)
    return None


def _take_apart(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return `value` as JSON, its arrays moved to `arrays` under their paths."""
    if isinstance(value, eqx.Module):
        names = [field.name for field in dataclasses.fields(value)]
        parts = {n: _take_apart(getattr(value, n), _join(path, n), arrays) for n in names}
        cls = type(value)
        return {"class": cls.__name__, "module": cls.__module__, "fields": parts}
    if isinstance(value, (jax.Array, np.ndarray, np.generic)) and not is_random_key(value):
        arrays[path] = np.array(value, order="C")
        return {"array": path}
    if isinstance(value, (list, tuple)):
        items = [_take_apart(v, _join(path, str(i)), arrays) for i, v in enumerate(value)]
        return {"list" if isinstance(value, list) else "tuple": items}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {k: _take_apart(v, _join(path, k), arrays) for k, v in value.items()}}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise InvalidInputError(
        f"the field {path} of the network is a {type(value).__name__}, which cannot be saved: "
        "fields are arrays, numbers, texts, modules, or lists, tuples and dicts of these."
    )


def _put_together(node: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """Undo `_take_apart`, taking the arrays that are used out of `arrays`.

    Raises UnreadableFileError, to which `load_network` adds the file.
    """
    if not isinstance(node, dict):
        return node
    ((kind, content), *_) = node.items()
    if kind == "array":
        if content not in arrays:
            raise UnreadableFileError(f"the array {content} is missing.")
        return as_weights(arrays.pop(content))
    if kind in ("list", "tuple"):
        parts = [_put_together(v, _join(path, str(i)), arrays) for i, v in enumerate(content)]
        return parts if kind == "list" else tuple(parts)
    if kind == "dict":
        return {k: _put_together(v, _join(path, k), arrays) for k, v in content.items()}
    base = AbstractNetwork if path == "" else eqx.Module
    cls = _class_called(content, node.get("module"), base)
    return _rebuilt(cls, node["fields"], path, arrays)


def _rebuilt(cls: type, nodes: dict[str, Any], path: str, arrays: dict[str, np.ndarray]) -> Any:
    """Rebuild a module from its class and fields, without running its `__init__`."""
    expected = [field.name for field in dataclasses.fields(cls)]
    # A field that came after the file was written has the value that stands for its absence.
    later = {f.name: f.default for f in dataclasses.fields(cls) if f.name not in nodes}
    nodes = {n: d for n, d in later.items() if d is not dataclasses.MISSING} | nodes
    for names, complaint in (
        (set(expected) - set(nodes), "the file lacks"),
        (set(nodes) - set(expected), "the class no longer has"),
    ):
        if names:
            fields = ", ".join(sorted(names))
            raise UnreadableFileError(f"{complaint} the field {fields} of {cls.__name__}.")
    values = {n: _put_together(nodes[n], _join(path, n), arrays) for n in expected}
    _check_shapes(cls, values, path)
    module: Any = object.__new__(cls)
    for field, value in values.items():
        object.__setattr__(module, field, value)
    _check_module(module)
    return module


def _check_module(module: Any) -> None:
    """Let the class check what was read, as it does what it is built from."""
    for cls in type(module).__mro__:
        try:
            vars(cls).get("__check_init__", lambda _: None)(module)
        except InvalidInputError as error:
            raise UnreadableFileError(str(error)) from error


def _check_shapes(cls: type, values: dict[str, Any], path: str) -> None:
    """Raise UnreadableFileError when arrays contradict one another or the stated sizes."""
    sizes = {axis: values[field] for axis, field in AXIS_SIZES.items() if field in values}
    for field in dataclasses.fields(cls):
        value, axes = values[field.name], _axis_names(field.type)
        if not axes or not eqx.is_array_like(value) or any(not a.isidentifier() for a in axes):
            continue
        shape = np.shape(value)
        expected = tuple(sizes.get(a, s) for a, s in zip(axes, shape, strict=False))
        if len(axes) != len(shape) or shape != expected:
            raise UnreadableFileError(
                f"the array {_join(path, field.name)} has shape {shape}, expected "
                f"({', '.join(f'{a} = {sizes[a]}' if a in sizes else a for a in axes)})."
            )
        sizes.update(zip(axes, shape, strict=True))


def _axis_names(annotation: Any) -> list[str]:
    """Read the axis names out of a jaxtyping annotation, also out of a union of such."""
    if hasattr(annotation, "dim_str"):
        return annotation.dim_str.split()
    return next(filter(None, map(_axis_names, typing.get_args(annotation))), [])


def _class_called(name: str, module: str | None, base: type) -> type:
    """Return the subclass of `base` of that name.

    Of several it is that of the Python module that wrote the file, or else any (a class may have
    moved since), and the newest of these: a notebook may have made it more than once.
    """
    known: dict[str, type] = {}
    for sub in _subclasses(base):
        at_home = name in known and known[name].__module__ == module
        if sub.__name__ != name or sub.__module__ == module or not at_home:
            known[sub.__name__] = sub
    if name not in known:
        near = nearest(name, (n for n in known if not n.startswith(("_", "Abstract"))))
        raise UnreadableFileError(
            f"no {'network' if base is AbstractNetwork else 'module'} class is called {name!r}; "
            f"import the file that defines it first ({near.rstrip('.')})."
        )
    return known[name]


def _subclasses(base: type) -> Iterator[type]:
    """Yield the classes that are derived from a class, each before those derived from it."""
    subclasses: list[type] = base.__subclasses__()
    for sub in subclasses:
        yield sub
        yield from _subclasses(sub)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
