"""Random numbers in bulk, drawn in one pass and on all cores."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.experimental.xla_metadata import set_xla_metadata
from jaxtyping import Complex, Float, Int, PRNGKeyArray, UInt32

from ._types import Array

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
_BULK = 2**18
"""Normal numbers from which on pairs of them are drawn; below, `jax.random.normal` does it."""
_MANY = 2**12
"""Whole numbers below which what is drawn takes less than starting the program does."""
_SINE = (1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880)
_COSINE = (1, -1 / 2, 1 / 24, -1 / 720, 1 / 40320)
"""Coefficients of sin(x)/x and cos(x) in x², enough for single precision up to π/4."""


def standard_normal(
    key: PRNGKeyArray, shape: tuple[int, ...], dtype: Any = jnp.float32
) -> Float[jax.Array, "..."]:
    """Draw independent standard normal numbers, many of them four times as fast as JAX does.

    Few are those of `jax.random.normal`, bit for bit. Many are drawn in pairs (Box and Muller
    1958), entry i of the leading axis with entry i + n/2: the 64 bits of Threefry's hash, of which
    JAX uses 32 for a number, make two, and one logarithm serves both where JAX evaluates the
    inverse error function for each. No number is beyond ± 6.7.
    """
    size = math.prod(shape)
    if dtype != jnp.float32 or not _BULK < size < 2**32 or not _is_threefry(key):
        return jr.normal(key, (size,), dtype).reshape(shape)
    if shape[0] == 1:
        return standard_normal(key, shape[1:])[None]
    half = (-(-shape[0] // 2), *shape[1:])
    # Were it inlined, the compiler would draw once for the real parts and once for the others.
    with set_xla_metadata(inlineable="false"):
        pairs = _normal_pairs(jr.key_data(key), math.prod(half)).reshape(half)
    # Halves of the leading axis leave the last ones in order, so whoever adds a signal to the
    # numbers reads them in place.
    return jnp.concatenate([pairs.real, pairs.imag])[: shape[0]]


def integers(key: PRNGKeyArray, shape: tuple[int, ...], count: int) -> Int[jax.Array, "..."]:
    """Draw from 0 … `count` − 1 as `jax.random.randint` does, the same, three times as fast.

    Two words of random bits make one number, so that a `count` that divides no power of two is as
    fair as any; `count` is known when it is compiled, so its remainders need no division.
    """
    size = math.prod(shape)
    if not _MANY < size < 2**32 or count > 2**16 or not _is_threefry(key):
        return jr.randint(key, shape, 0, count)
    high, low = (_random_bits(jr.key_data(k), size) for k in jr.split(key))
    divisor, carry = np.uint32(count), np.uint32(2**32 % count)
    drawn = (high % divisor * carry + low % divisor) % divisor
    return drawn.astype(jnp.int32).reshape(shape)


def _is_threefry(key: PRNGKeyArray) -> bool:
    counts_from_zero = jax.config.jax_threefry_partitionable  # type: ignore[attr-defined]
    return str(jr.key_impl(key)) == "threefry2x32" and bool(counts_from_zero)


@partial(jax.jit, static_argnums=1)
def _normal_pairs(key: UInt32[Array, " 2"], size: int) -> Complex[jax.Array, " size"]:
    """Return numbers whose real and imaginary parts are independent and normal.

    Complex, because a loop of the compiled program writes one array.

    Box & Muller (1958) A note on the generation of random normal deviates. Ann. Math. Stat. 29:610.
    """
    left, right = _threefry(key, size)
    # In (0, 1], finest near 0, where the logarithm needs it.
    uniform = (_signed(left >> np.uint32(1)) + np.float32(0.5)) * np.float32(2**-31)
    radius = jnp.sqrt(np.float32(-2) * jnp.log(uniform))
    cosine, sine = _cosine_and_sine(right)
    return jax.lax.complex(radius * cosine, radius * sine)


def _cosine_and_sine(
    turns: UInt32[jax.Array, " size"],
) -> tuple[Float[jax.Array, " size"], Float[jax.Array, " size"]]:
    """Return both of an angle in units of 2⁻³² turns; XLA's own go number by number.

    `jax.lax.select`, because `jnp.where` is a call, and would not be inlined either.
    """
    quarter = turns + np.uint32(2**29) >> np.uint32(30)
    angle = _signed(turns - (quarter << np.uint32(30))) * np.float32(2**-31 * np.pi)  # ≤ π/4
    square = angle * angle
    sine, cosine = angle * _polynomial(_SINE, square), _polynomial(_COSINE, square)
    is_odd, is_later = quarter & np.uint32(1) == 1, quarter >= 2
    first, second = jax.lax.select(is_odd, sine, cosine), jax.lax.select(is_odd, cosine, sine)
    return (
        jax.lax.select(is_odd ^ is_later, -first, first),
        jax.lax.select(is_later, -second, second),
    )


def _polynomial(
    coefficients: tuple[float, ...], x: Float[jax.Array, " size"]
) -> Float[jax.Array, " size"]:
    """Return c₀ + c₁ x + c₂ x² + …"""
    result = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = result * x + np.float32(coefficient)
    return result


def _signed(bits: UInt32[jax.Array, " size"]) -> Float[jax.Array, " size"]:
    """Return the numbers that bits are as signed ones, which processors convert in bulk."""
    return bits.astype(jnp.int32).astype(jnp.float32)


def _random_bits(key: UInt32[Array, " 2"], size: int) -> UInt32[jax.Array, " size"]:
    """Return 32 random bits for each count, as `jax.random.bits` does."""
    left, right = _threefry(key, size)
    return left ^ right


def _threefry(
    key: UInt32[Array, " 2"], size: int
) -> tuple[UInt32[jax.Array, " size"], UInt32[jax.Array, " size"]]:
    """Return both words of Threefry-2x32 with 20 rounds of 0, 1, … `size` − 1.

    JAX's generator counts the entries along each axis, which costs more than the hash of the count
    when the last axis is short; so the count is flat here. On a CPU it also goes over its arrays
    once for every four rounds. The rounds are written out here, so the compiler makes one loop
    of them and of what follows.

    Salmon, Moraes, Dror & Shaw (2011) Parallel random numbers: as easy as 1, 2, 3. SC11.
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ _PARITY)
    count = jax.lax.iota(jnp.uint32, size)
    left, right = jnp.full_like(count, schedule[0]), count + schedule[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            left = left + right
            right = left ^ (right << np.uint32(rotation) | right >> np.uint32(32 - rotation))
        left = left + schedule[(group + 1) % 3]
        right = right + schedule[(group + 2) % 3] + np.uint32(group + 1)
    return left, right
