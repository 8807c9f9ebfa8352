"""Evaluating a system on batches of any size with few compiled programs, in float64."""

import contextlib
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._double import double_precision
from ..._parallel import chunks
from ...enclosure.errors import EnclosureError
from ...solvers.levenberg_marquardt import DenseJacobians, Jacobians, ScaledJacobians, SharedMatrix
from ...solvers.low_rank import MOST_LATENT, LatentSystem, latent_system
from ...systems import AbstractSystem, in_float64
from ..batches import in_batches, up_to
from ..derivatives import derivatives_of
from . import programs

_BYTES = 1 << 25  # of Jacobians in one batch: 32 MiB, beyond which memory comes in new pages
_WIDER = 4  # times as many states are evaluated at once where no Jacobians are formed
_SMALL = 8  # units up to which a program costs more to compile than to run on a few rows too many
_SHARE = 0.7  # of a batch that states fill, else they are cut
_FEW_SIZES = 32  # units up to which a batch too large costs less than one more program
_ONE_BY_ONE = 96  # units from which a Hessian costs more than a call
LEADING = 6  # eigenvalues that decide the stability of a large system, about
DENSE = 2048  # units beyond which a Jacobian (32 MiB) is not formed


class Evaluator:
    """A system's residual and its derivatives, NumPy in and NumPy out.

    Batches are padded to a few sizes, so the number of candidates at work never causes a
    compilation. The system's weights are arguments of the compiled programs. Jacobians are formed
    of up to `DENSE` units, or as told.
    """

    def __init__(self, system: AbstractSystem, *, is_large: bool | None = None):
        with double_precision():
            self.system = in_float64(system)
        self._has_formula = system.residual_jacobian_function is not None
        self.size = system.size
        self.is_large = self.size > DENSE if is_large is None else is_large
        largest = int(np.clip(_BYTES // (8 * self.size**2), 1, 1024))
        if self.is_large:
            largest = int(np.clip(_BYTES // (8 * programs.PRODUCTS * self.size), 1, 16))
        self.batch_size = largest
        self._is_small = self.size <= _SMALL
        self._sizes = self._up_to(largest)
        self._wide_sizes = self._up_to(_WIDER * largest)

    @cached_property
    def latent(self) -> LatentSystem | None:
        """The latent system of the residual, where it is written with few variables between."""
        return _latent_system(self.system.residual, self.size)

    @cached_property
    def latent_velocity(self) -> LatentSystem | None:
        """The latent system of the velocity."""
        if self.system.residual_function is None:
            return self.latent
        return _latent_system(self.system.velocity, self.size)

    def chunks(self, count: int) -> Iterator[slice]:
        """Cut so many states into parts: many Jacobians of many units take turns in memory."""
        return chunks(count, self.batch_size)

    def residual(self, states: np.ndarray) -> np.ndarray:
        """Return residuals `(batch, unit)`."""
        if self._is_small:  # one program less, and the Jacobians cost nothing
            return self.residual_and_jacobian(states)[0]
        return self._in_batches(programs.residual, states, batches=self._wide_sizes)[0]

    def residual_and_jacobian(
        self, states: np.ndarray, copied: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return residuals `(batch, unit)` and their Jacobians `(batch, unit, unit)`.

        Neither may be written to unless they are `copied`.
        """
        if self._has_formula:
            return self._in_batches(programs.residual_and_formula, states, copied=copied)
        residuals, transposed = self._in_batches(
            programs.residual_and_jacobian, states, copied=copied
        )
        return residuals, transposed.swapaxes(1, 2)

    def residual_and_rough_jacobian(self, states: np.ndarray) -> tuple[np.ndarray, Jacobians]:
        """Return the same with Jacobians in single precision: half the memory, half the time.

        Where they scale one matrix, they are not even formed.
        """
        matrix = self._shared_matrix
        if matrix is not None:
            residuals, *scaled = self._in_batches(
                programs.residual_and_scales, states, batches=self._wide_sizes
            )
            return residuals, ScaledJacobians(matrix, *scaled)
        program = programs.residual_and_rough_jacobian
        residuals, jacobians = self._in_batches(program, states, dtype=None)
        if not self._has_formula:
            jacobians = jacobians.swapaxes(1, 2)
        return residuals.astype(float), DenseJacobians(jacobians)

    @property
    def rough_batch_size(self) -> int:
        """How many states have room for what `residual_and_rough_jacobian` returns."""
        return self.batch_size if self._shared_matrix is None else self._wide_sizes[-1]

    @cached_property
    def _shared_matrix(self) -> SharedMatrix | None:
        """The matrix that the Jacobians of the residual scale, if there is one for all."""
        with double_precision():
            found = programs.shared_matrix(self.system, jnp.zeros(self.size))
        if found is None:
            return None
        matrix, by_rows = found
        return SharedMatrix(
            np.asarray(matrix), by_rows, self._assemble, self.batch_size, jnp.asarray
        )

    def _assemble(self, squares: Any, side: Any, other: Any, *columns: Any) -> np.ndarray:
        """Return the matrices of damped steps `(batch, unit, unit)`; see `SharedMatrix`."""
        shared = {"squares": squares, "side": side, "other": other}
        return self._in_batches(programs.assembled, *columns, copied=False, **shared)[0]

    def attempt(self, states: np.ndarray, damping: np.ndarray) -> list[np.ndarray]:
        """Return damped steps by conjugate gradients, for systems with a large Jacobian."""
        return self._in_batches(programs.damped_step, states, damping)

    def leading_eigenvalues(self, states: np.ndarray, count: int = LEADING) -> np.ndarray:
        """Return the eigenvalues `(batch, count)` that decide the stability of large systems.

        Those of largest modulus (map) or real part (flow), by Arnoldi's method; NaN where it does
        not converge, or derivatives are NaN.
        """
        from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

        values = np.full((len(states), count), np.nan, complex)
        which = "LM" if self.system.kind == "map" else "LR"
        for row, state in enumerate(states):
            with double_precision(), derivatives_of(self.system):
                point = jnp.asarray(state)

                def product(v: Any, x: Any = point) -> np.ndarray:
                    return np.asarray(programs.push(self.system, x, jnp.asarray(v)))

                operator = LinearOperator((self.size, self.size), product, dtype=float)
                start = np.random.default_rng(0).standard_normal(self.size)
                if not np.isfinite(product(start)).all():
                    continue
                with contextlib.suppress(ArpackError):
                    values[row] = eigs(
                        operator, count, which=which, v0=start, maxiter=300, tol=1e-8,
                        return_eigenvectors=False,
                    )  # fmt: skip
        return values

    def speed(self, states: np.ndarray) -> np.ndarray:
        """Return the speeds `(batch,)` of the true map or flow."""
        return self._in_batches(programs.speed, states)[0]

    def speed_derivatives(self, states: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return ½ speed² `(batch,)`, its gradient and its Hessian."""
        return self._square_derivatives(states, "velocity")

    def speed_gradient(self, states: np.ndarray) -> np.ndarray:
        """Return the gradient of ½ speed² `(batch, unit)`."""
        return self._in_batches(programs.half_square_gradient, states, of="velocity")[0]

    def square_derivatives(self, states: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return ½ |residual|² `(batch,)`, its gradient and its Hessian."""
        return self._square_derivatives(states, "residual")

    def _square_derivatives(self, states: np.ndarray, of: str) -> tuple[np.ndarray, ...]:
        sizes = self._sizes if self.size < _ONE_BY_ONE else sorted({1, *self._sizes})
        program = programs.half_square_derivatives
        return self._in_batches(program, states, batches=sizes, of=of)

    def square_gradient(self, states: np.ndarray) -> np.ndarray:
        """Return the gradient of ½ |residual|² `(batch, unit)`."""
        return self._in_batches(programs.half_square_gradient, states, of="residual")[0]

    @cached_property
    def goes_backward(self) -> bool:
        """Whether the residual can be differentiated in reverse mode too."""
        try:
            with double_precision():
                state = jax.ShapeDtypeStruct((self.size,), jnp.float64)
                gradient = jax.grad(lambda x: programs.half_square(self.system, x, "residual"))
                jax.eval_shape(gradient, state)
        except Exception:  # whatever JAX, or the user's own rule, finds wrong
            return False
        return True

    def jacobian(self, states: np.ndarray) -> np.ndarray:
        """Return the Jacobians of the true map or field, `(batch, unit, unit)`."""
        return self._in_batches(programs.jacobian, states)[0]

    def _in_batches(
        self,
        program: Callable[..., Any],
        *columns: np.ndarray,
        dtype: type | None = float,
        copied: bool = True,
        batches: list[int] | None = None,
        **options: Any,
    ) -> Any:
        """Run a compiled program over batches of the sizes it is compiled for.

        What it returns may be written to if it is `copied`: XLA's own memory may not.
        """
        with double_precision(), derivatives_of(self.system):
            return in_batches(
                partial(program, self.system, **options),
                *columns,
                sizes=batches or self._sizes,
                share=0.0 if self._is_small else _SHARE,
                own=partial(np.array, dtype=dtype) if copied else np.asarray,
            )

    def _up_to(self, largest: int) -> list[int]:
        """Return the numbers of states that programs are compiled for."""
        return up_to(largest, *((64,) if self.size <= _FEW_SIZES else (16, 64, 256)))


def _latent_system(function: Callable[[Any], Any], size: int) -> LatentSystem | None:
    if size <= MOST_LATENT:
        return None
    try:
        return latent_system(function, size)
    except EnclosureError:
        return None
