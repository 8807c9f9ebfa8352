"""Objects in reach of a PyTorch step: modules, tensors, lists; unchanged by reading it.

A step may write into what it holds, such as the last state or a running mean. PyTorch's export
runs it on tensors without numbers, which would stay there.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from ..systems.captured import is_filled, within

_MOST = 10_000  # values that are looked at


def reached(*functions: Callable[..., Any] | None) -> list[Any]:
    """Return what functions can reach, themselves included."""
    seen: dict[int, Any] = {}
    waiting: list[Any] = [f for f in functions if f is not None]
    while waiting and len(seen) < _MOST:
        value = waiting.pop()
        if id(value) not in seen:
            seen[id(value)] = value
            waiting += [] if _of_pytorch(value) else [one for _, one in within("", value)]
    return list(seen.values())


def _of_pytorch(value: Any) -> bool:
    """Return whether a value is PyTorch's own; its modules are not, as users make them."""
    import torch

    kind = value if isinstance(value, FunctionType) else type(value)
    own = (getattr(kind, "__module__", None) or "").split(".")[0] == "torch"
    return own and not isinstance(value, torch.nn.Module)


def tensors_of(values: list[Any]) -> list[Any]:
    """Return the tensors of floating point among values."""
    import torch

    return [v for v in values if isinstance(v, torch.Tensor) and v.is_floating_point()]


@contextmanager
def kept_as_they_are(values: list[Any]) -> Iterator[None]:
    """Put back what a step writes into the values that it can reach; log nothing meanwhile."""
    import torch

    cells = [c for v in values if isinstance(v, FunctionType) for c in v.__closure__ or ()]
    contents = [(cell, cell.cell_contents) for cell in cells if is_filled(cell)]
    lists = [(v, v.copy()) for v in values if isinstance(v, list)]
    dicts: list[dict[Any, Any]] = [v for v in values if isinstance(v, dict)]
    dicts += [vars(v) for v in values if _is_plain(v) and not _of_pytorch(v)]
    saved = [(d, d.copy()) for d in dicts]
    tensors = [v for v in values if isinstance(v, torch.Tensor) and not v.is_sparse]
    numbers = [(t, t._version, t.detach().clone()) for t in tensors]
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # export logs its graphs where it fails
    try:
        yield
    finally:
        logging.disable(disabled)
        for cell, value in contents:
            cell.cell_contents = value
        for values_, before in lists:
            values_[:] = before
        for names, held in saved:
            if names.keys() != held.keys() or any(names[k] is not held[k] for k in held):
                names.clear()
                names.update(held)
        with torch.no_grad():
            for tensor, version, before in numbers:
                if tensor._version != version:
                    tensor.copy_(before)


@contextmanager
def in_double(values: list[Any]) -> Iterator[None]:
    """Let the tensors among values be of double precision for a while."""
    import torch

    narrow = [t for t in tensors_of(values) if t.dtype != torch.float64]
    data, default = [t.data for t in narrow], torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        for tensor in narrow:
            tensor.data = tensor.data.double()
        yield
    finally:
        torch.set_default_dtype(default)
        for tensor, before in zip(narrow, data, strict=True):
            tensor.data = before


def _is_plain(value: Any) -> bool:
    """Return whether a value is an object of a class that somebody wrote in Python."""
    return isinstance(getattr(value, "__dict__", None), dict) and not isinstance(
        value, (type, FunctionType)
    )
