"""A PyTorch function as a JAX function: exported to a graph of ATen's operations, then read.

What hangs on the weights alone is worked out once, in PyTorch and in float64; what hangs on the
state goes through the table of `operations`. So a parametrization of the weights needs no rule.
"""

import operator
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from .._types import InvalidInputError, first_line
from .errors import NoRuleError
from .operations import KEPT, RULES, SKIPPED
from .surroundings import reached, tensors_of

PRECISIONS = ("float64", "float32", "bfloat16", "float16")
"""Those in which a step may compute, the widest first."""

_OF_TENSORS = frozenset({"device", "layout", "memory_format", "non_blocking", "pin_memory"})


class Translation(NamedTuple):
    """Translation of a PyTorch function."""

    function: Callable[..., Any]  # of the state and the input, arrays of JAX
    given: str  # the precision of the state that the original takes
    precision: str  # the lowest in which the original computes
    drops: bool  # whether it has dropout that is switched on


def translate(name: str, step: Callable[..., Any], given: tuple[np.ndarray, ...]) -> Translation:
    """Translate a function of tensors of the shapes of `given`.

    Raises
    ------
    NoRuleError
        For an operation that stands in no table, or a function that PyTorch cannot export.
    InvalidInputError
        For what is no function of its arguments alone: noise, statistics of batches, branches on
        numbers of the state.
    """
    exported, of_state = _exported(name, step, given)
    drops = _require_a_function(name, exported)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what PyTorch itself uses
            graph = _Graph(name, exported.run_decompositions(_decompositions()))
    except (NoRuleError, InvalidInputError):
        raise
    except Exception as error:  # what PyTorch cannot take apart, or work out
        raise NoRuleError(f"its graph cannot be read ({first_line(error)})") from error
    return Translation(graph.evaluate, of_state, graph.lowest_precision or of_state, drops)


def _exported(name: str, step: Any, given: tuple[np.ndarray, ...]) -> tuple[Any, str]:
    """Return the graph of a step, and the precision in which the step computes.

    That is the precision of its weights, and float64 where it has none.
    """
    import torch

    def export(precision: str) -> Any:
        tensors = [torch.from_numpy(array).to(getattr(torch, precision)) for array in given]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.export(_as_module(step), tuple(tensors), strict=False)

    values = reached(step)
    own = _widest(tensors_of(values))
    errors: list[Exception] = []
    for precision in (own, *(p for p in PRECISIONS if p != own)):
        try:
            exported = export(precision)
        except InvalidInputError:
            raise
        except Exception as error:  # whatever PyTorch or the step raise
            errors.append(error)
            continue
        read = _widest(t for t in _tensors(exported).values() if t.is_floating_point())
        if read == precision:
            return exported, precision
        try:
            return export(read), read
        except Exception:  # weights of several precisions
            return exported, precision
    raise _refusal(name, values, errors)


def _as_module(step: Callable[..., Any]) -> Any:
    """Return a step as a module, which is what PyTorch exports."""
    import torch

    class Step(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.step = step

        def forward(self, *given: Any) -> Any:
            return self.step(*given)

    return Step()


def _widest(tensors: Iterable[Any]) -> str:
    """Return the widest precision of tensors, float64 where there are none."""
    found = {str(tensor.dtype).removeprefix("torch.") for tensor in tensors}
    return next((p for p in PRECISIONS if p in found), "float64")


def _tensors(exported: Any) -> dict[str, Any]:
    """Return the weights, buffers and constants of a graph by the names that they have in it."""
    signature = exported.graph_signature
    named = (
        signature.inputs_to_parameters,
        signature.inputs_to_buffers,
        signature.inputs_to_lifted_tensor_constants,
    )
    found = {
        node: exported.state_dict.get(path, exported.constants.get(path))
        for paths in named
        for node, path in paths.items()
    }
    return {node: tensor.detach() for node, tensor in found.items() if tensor is not None}


def _refusal(name: str, values: list[Any], errors: list[Exception]) -> Exception:
    """Return what to raise where a step can be exported in no precision."""
    import torch
    from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

    if any(isinstance(error, GuardOnDataDependentSymNode) for error in errors):
        return InvalidInputError(
            f"`{name}` looks at numbers of the state (an `if`, a loop, a size, .item(), float()): "
            "expected one graph for all states; keep tensors, and write a choice with torch.where."
        )
    if any(isinstance(value, torch.jit.ScriptModule) for value in values):
        return InvalidInputError(
            f"`{name}` calls a scripted module, whose operations cannot be read: give the module "
            "that it was made of."
        )
    norms = torch.nn.modules.batchnorm._BatchNorm
    if any(isinstance(value, norms) and value.training for value in values):
        return InvalidInputError(_OF_BATCHES.format(name))
    return NoRuleError(f"torch.export cannot take it ({first_line(errors[0])})")


_OF_BATCHES = (
    "`{}` normalizes by the statistics of a batch (it is in training mode): expected a function of "
    "one state; call .eval() on the module first."
)


def _require_a_function(name: str, exported: Any) -> bool:
    """Refuse noise and statistics of batches; return whether dropout is switched on."""
    import torch

    drops = False
    for module in exported.graph_module.modules():  # those of torch.no_grad() stand below
        for node in module.graph.nodes if hasattr(module, "graph") else ():
            if node.op != "call_function" or not hasattr(node.target, "_schema"):
                continue
            operation, given = _name_of(node.target), _named_arguments(node)
            trains = given.get("train", given.get("training"))
            if "batch_norm" in operation and trains:
                raise InvalidInputError(_OF_BATCHES.format(name))
            if trains is not None or operation == "scaled_dot_product_attention":
                rate = given.get("p", given.get("dropout", given.get("dropout_p", 0)))
                drops = drops or bool(trains is not False and rate)
            elif torch.Tag.nondeterministic_seeded in node.target.tags:
                raise InvalidInputError(
                    f"`{name}` draws random numbers ({operation}): expected one function of the "
                    "state; give a step without noise."
                )
    return drops


def _named_arguments(node: Any) -> dict[str, Any]:
    names = [argument.name for argument in node.target._schema.arguments]
    return dict(zip(names, node.args, strict=False)) | dict(node.kwargs)


def _decompositions() -> Any:
    """Return PyTorch's table of what is taken apart, without what is kept whole."""
    import torch

    table = torch.export.default_decompositions()
    for operation in list(table):
        if _name_of(operation) in KEPT:
            table.pop(operation)
    return table


def _name_of(operation: Any) -> str:
    """Return the name of an operation without its overload: "addmm"."""
    return str(operation._schema.name).removeprefix("aten::")


class _Of(NamedTuple):
    """The value of another node, among the arguments of one."""

    node: str


class _Call(NamedTuple):
    """An operation on values that hang on the state."""

    node: str
    operation: str  # "getitem" takes one of several results
    arguments: Any
    keywords: Any


class _Graph:
    """A graph of ATen's operations, of which is left what hangs on the state."""

    def __init__(self, name: str, exported: Any):
        import torch

        signature, nodes = exported.graph_signature, list(exported.graph.nodes)
        (end,) = (node for node in nodes if node.op == "output")
        if not all(isinstance(node, torch.fx.Node) for node in end.args[0]):
            raise InvalidInputError(f"`{name}` must return the next state, got {end.args[0]!r}.")
        results = [
            node
            for node, spec in zip(end.args[0], signature.output_specs, strict=True)
            if spec.kind.name == "USER_OUTPUT"  # not what is written into a buffer
        ]
        self._results = [node.name for node in results]
        self._arguments = [n for n in signature.user_inputs if isinstance(n, str)]
        self._calls: list[_Call] = []
        self.lowest_precision = ""
        constants = {node: _widened(t) for node, t in _tensors(exported).items()}
        needed = _needed(results)
        for node in nodes:
            if node.op != "call_function" or node.name not in needed:
                continue
            if all(before.name in constants for before in node.all_input_nodes):
                constants[node.name] = _worked_out(node, constants)
            elif (call := _call(name, node)) is not None:
                self._calls.append(call)
                self.lowest_precision = _lower(self.lowest_precision, node.meta.get("val"))
        read = {n for call in self._calls for n in _nodes_in((call.arguments, call.keywords))}
        self._constants = {
            node: value.numpy() if isinstance(value, torch.Tensor) else value
            for node, value in constants.items()
            if node in read or node in self._results
        }

    def evaluate(self, *given: Any) -> Any:
        """Return the next state of a state, and of an input if there is one, in JAX."""
        values: dict[str, Any] = self._constants | dict(zip(self._arguments, given, strict=True))
        for call in self._calls:
            args, kwargs = _with_values((call.arguments, call.keywords), values)
            if call.operation == "getitem":
                values[call.node] = args[0][args[1]]
            else:
                values[call.node] = _apply(call.operation, args, kwargs)
        results = [values[node] for node in self._results]
        return results[0] if len(results) == 1 else tuple(results)


def _lower(precision: str, result: Any) -> str:
    """Return the lower one of a precision and that of a tensor of floating point."""
    names = ("bfloat16", "float16", "float32", "float64")
    own = str(getattr(result, "dtype", None)).removeprefix("torch.")
    return min((n for n in (precision, own) if n in names), key=names.index, default="")


def _widened(tensor: Any) -> Any:
    """Return a copy of a tensor in double precision, if it is one of floating point."""
    import torch

    dtype = torch.float64 if tensor.is_floating_point() else tensor.dtype
    return tensor.to("cpu", dtype, copy=True)


def _needed(results: list[Any]) -> set[str]:
    """Return the names of the nodes that results hang on."""
    needed: set[str] = set()
    waiting = list(results)
    while waiting:
        node = waiting.pop()
        if node.name not in needed:
            needed.add(node.name)
            waiting += node.all_input_nodes
    return needed


def _worked_out(node: Any, constants: dict[str, Any]) -> Any:
    """Return the value of a node that hangs on constants alone, by PyTorch, in double precision."""
    import torch

    wide = {torch.float32, torch.float16, torch.bfloat16}

    def convert(value: Any) -> Any:
        if isinstance(value, torch.fx.Node):
            return constants[value.name]
        if isinstance(value, torch.dtype):
            return torch.float64 if value in wide else value
        return torch.device("cpu") if isinstance(value, torch.device) else value

    args, kwargs = torch.fx.node.map_aggregate((node.args, dict(node.kwargs)), convert)
    with torch.no_grad():
        return node.target(*args, **kwargs)


def _call(name: str, node: Any) -> _Call | None:
    """Return an operation on values of the state, None for a check; refuse what has no rule."""
    import torch

    def convert(value: Any) -> Any:
        return _Of(value.name) if isinstance(value, torch.fx.Node) else value

    args, kwargs = torch.fx.node.map_aggregate((node.args, dict(node.kwargs)), convert)
    if node.target is operator.getitem:
        return _Call(node.name, "getitem", args, {})
    if not hasattr(node.target, "_schema"):
        raise NoRuleError(f"{getattr(node.target, '__name__', node.target)} has no rule")
    operation = _name_of(node.target)
    if operation == "_local_scalar_dense":
        raise InvalidInputError(
            f"`{name}` takes a number out of a tensor of the state (.item(), float(), int()). The "
            "step must compute with tensors throughout: keep this number as a tensor."
        )
    if operation in SKIPPED:
        return None
    if operation not in RULES:
        raise NoRuleError(f"aten.{operation} has no rule")
    kept = {key: value for key, value in kwargs.items() if key not in _OF_TENSORS}
    dtype = kept.pop("dtype", None)
    if dtype is not None:
        kept["dtype"] = "float64" if dtype.is_floating_point else str(dtype).split(".")[-1]
    return _Call(node.name, operation, args, kept)


def _apply(operation: str, args: Any, kwargs: dict[str, Any]) -> Any:
    dtype = kwargs.pop("dtype", None)
    try:
        result = RULES[operation](*args, **kwargs)
        return result if dtype is None else jnp.asarray(result).astype(dtype)
    except (TypeError, KeyError) as error:
        text = f"aten.{operation} has no rule for these arguments ({first_line(error)})"
        raise NoRuleError(text) from error


def _nodes_in(value: Any) -> Iterator[str]:
    if isinstance(value, _Of):
        yield value.node
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _nodes_in(part)
    elif isinstance(value, dict):
        yield from _nodes_in(list(value.values()))


def _with_values(value: Any, values: dict[str, Any]) -> Any:
    """Return arguments with the values of nodes in their places."""
    if isinstance(value, _Of):
        return values[value.node]
    if isinstance(value, (tuple, list)):
        return [_with_values(part, values) for part in value]
    if isinstance(value, dict):
        return {key: _with_values(part, values) for key, part in value.items()}
    return value
