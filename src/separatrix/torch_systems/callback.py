"""Systems from PyTorch functions, which JAX cannot trace: called on the host, with derivatives.

JAX gets the value of the function and its derivatives, all of them from `torch.func`, so that
every analysis works: slower, the same answers. What needs the function's own operations does not:
proofs by intervals, and the exact solution of piecewise linear maps.
"""

import contextlib
import copy
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._types import InvalidInputError, first_line, require_finite

HostFunction = Callable[..., np.ndarray]

# XLA calls back from several threads, and PyTorch counts the levels of forward differentiation in
# one number for all of them.
_LOCK = threading.Lock()


def in_jax(
    name: str, function: Callable[..., Any], size: int, input: np.ndarray | None
) -> Callable[..., Any]:
    """Return a JAX function of the state, and of the input if there is one, that calls PyTorch."""
    start = np.concatenate([np.zeros(size), np.zeros(0) if input is None else input.ravel()])
    host = _OnHost(name, function, size, None if input is None else input.shape, start)
    evaluate = _differentiable(host, size)

    def in_jax(state: Any, input: Any = None) -> Any:
        if input is None:
            return evaluate(state)
        return evaluate(jnp.concatenate([state, jnp.ravel(input).astype(state.dtype)]))

    return in_jax


def _differentiable(function: "_OnHost", size: int) -> Callable[[Any], Any]:
    """Return the function of the state and the input in a row with its derivatives.

    The Jacobian is a value of its own, so that a tangent is a product with it: JAX can turn it
    round for gradients, and a batch of tangents costs one Jacobian.
    """

    def call(host: HostFunction, shape: tuple[int, ...], *arguments: Any) -> Any:
        dtype = arguments[0].dtype
        result = jax.ShapeDtypeStruct((*shape, dtype.itemsize // 4), jnp.uint32)
        words = [jax.lax.bitcast_convert_type(a[..., None], jnp.uint32) for a in arguments]
        words = [w.reshape(*a.shape, -1) for w, a in zip(words, arguments, strict=True)]
        given = jax.pure_callback(host, result, *words, vmap_method="broadcast_all")
        return jax.lax.bitcast_convert_type(given, dtype).reshape(shape)

    @jax.custom_jvp
    def jacobian(z: Any) -> Any:
        return call(function.jacobian, (size, len(z)), z)

    @jacobian.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        (z,), (dz,) = primals, tangents
        return jacobian(z), call(function.jacobian_along, (size, len(z)), z, dz)

    @jax.custom_jvp
    def evaluate(z: Any) -> Any:
        return call(function.value, (size,), z)

    @evaluate.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        (z,), (dz,) = primals, tangents
        return evaluate(z), jacobian(z) @ dz

    return evaluate


class _OnHost:
    """A PyTorch function on batches of states and inputs in a row, NumPy in and NumPy out.

    Numbers are passed as words of 32 bits, the last axis: JAX calls back in threads of its own,
    where double precision is off though `jax.enable_x64` turned it on in the caller's.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        size: int,
        input_shape: tuple[int, ...] | None,
        start: np.ndarray,
    ):
        import torch  # `torch_map` has said so where it is not installed

        self._torch = torch

        def apply(z: Any) -> Any:
            if input_shape is None:
                return function(z)
            return function(z[:size], z[size:].reshape(input_shape))

        self._function = self._checked(name, apply, size, torch.from_numpy(start))
        self._jacobian = torch.func.jacfwd(self._function)
        # `jacfwd` does the whole Jacobian of a state at once: about as many numbers as this.
        self._rows = max(1, 2**22 // size**2)
        try:
            with warnings.catch_warnings():
                # of what PyTorch itself uses, when it is first asked for a derivative
                warnings.simplefilter("ignore", DeprecationWarning)
                given = _words(start), _words(np.ones_like(start))
                derivative = _numbers(self.jacobian_along(*given))
        except Exception as error:
            raise _unfit(name, f"cannot be differentiated twice: {first_line(error)}") from error
        require_finite(derivative, f"the second derivative of `{name}` at the state 0")
        self._compare(name, apply, start, size)

    def value(self, z: Any) -> np.ndarray:
        """Return the values `(…, size, word)`."""
        return self._batched(self._function, z)

    def jacobian(self, z: Any) -> np.ndarray:
        """Return the Jacobians `(…, size, size + channel, word)`."""
        return self._batched(self._jacobian, z)

    def jacobian_along(self, z: Any, dz: Any) -> np.ndarray:
        """Return the derivatives of the Jacobians along `dz`."""

        def along(z: Any, dz: Any) -> Any:
            return self._torch.func.jvp(self._jacobian, (z,), (dz,))[1]

        return self._batched(along, z, dz)

    def _batched(self, function: Callable[..., Any], *columns: Any) -> np.ndarray:
        arrays = [_numbers(c) for c in columns]
        rows = [self._torch.from_numpy(a.reshape(-1, a.shape[-1]).astype(float)) for a in arrays]
        mapped = self._torch.func.vmap(function, chunk_size=self._rows)
        with _LOCK, self._torch.no_grad(), self._one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of operations that PyTorch batches one by one
            result = mapped(*rows).numpy()
        result = result.reshape(*arrays[0].shape[:-1], *result.shape[1:])
        return _words(result.astype(arrays[0].dtype))

    def _compare(self, name: str, apply: Callable[..., Any], start: np.ndarray, size: int) -> None:
        """Raise InvalidInputError where what was recorded at one state is not the function itself.

        What NumPy worked out is recorded as a constant, and what `.detach()` cuts off has no slope.
        """
        rng, to_torch = np.random.default_rng(0), self._torch.from_numpy
        for _ in range(3):  # one may lie beside a kink
            away, along = np.pad(rng.standard_normal((2, size)), [(0, 0), (0, len(start) - size)])
            z, along = start + away, 1e-4 * along
            with self._torch.no_grad():
                below, here, above = (apply(to_torch(z + k * along)).numpy() for k in (-1, 0, 1))
            recorded = _numbers(self.value(_words(z)))
            slope, expected = _numbers(self.jacobian(_words(z))) @ along, (above - below) / 2
            same = np.allclose(recorded, here, rtol=1e-6, atol=1e-9)
            close = np.abs(slope - expected).max() <= 1e-2 * np.abs(expected).max() + 1e-12
            if (same and close) or not np.isfinite([here, expected, recorded, slope]).all():
                return
        raise _unfit(name, "has other values or slopes than PyTorch finds in it")

    @contextlib.contextmanager
    def _one_thread(self) -> Iterator[None]:
        """Compute in this thread alone: on matrices this small others cost a hundredfold."""
        threads = self._torch.get_num_threads()
        self._torch.set_num_threads(1)
        try:
            yield
        finally:
            self._torch.set_num_threads(threads)

    def _checked(self, name: str, apply: Callable[[Any], Any], size: int, start: Any) -> Any:
        """Return the function in elementary operations, which `vmap` knows how to batch.

        It has no rule for the cells of GRUs and LSTMs as they are. Raises InvalidInputError where
        the function is unfit.
        """
        from torch.fx.experimental.proxy_tensor import make_fx

        try:
            with self._torch.no_grad():
                # by name: the tracer counts the arguments, and must see one
                traced = make_fx(lambda z: apply(z))(start)
                result = apply(start)
        except Exception as error:
            what = f"could not be evaluated on a state of shape ({size},): {first_line(error)}"
            raise _unfit(name, what) from error
        if not isinstance(result, self._torch.Tensor) or result.shape != (size,):
            shape = getattr(result, "shape", None)
            got = type(result).__name__ if shape is None else tuple(shape)
            raise _unfit(
                name, f"must return a tensor of the shape it is given, ({size},), got {got}"
            )
        if result.dtype != self._torch.float64:
            raise _unfit(name, f"computes in {result.dtype}, expected torch.float64")
        return copy.deepcopy(traced)  # its weights are those of today


def _unfit(name: str, what: str) -> InvalidInputError:
    return InvalidInputError(
        f"`{name}` {what}. It must be a pure function of float64 tensors that torch.func can "
        "differentiate: the same at every call, without .item(), .detach() or NumPy, its modules "
        "in eval mode; what is chosen by a mask is written with torch.where."
    )


def _words(numbers: np.ndarray) -> np.ndarray:
    """Return the words of 32 bits of floating-point numbers, as another axis at the end."""
    return np.ascontiguousarray(numbers)[..., None].view(np.uint32)


def _numbers(words: Any) -> np.ndarray:
    """Return the floating-point numbers of words of 32 bits: float64 of two, float32 of one."""
    words = np.ascontiguousarray(words)
    return words.view(np.float64 if words.shape[-1] == 2 else np.float32)[..., 0]
