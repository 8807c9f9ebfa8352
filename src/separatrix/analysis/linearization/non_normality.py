"""How far a linear system is from one whose modes are orthogonal."""

import numpy as np
from jaxtyping import Bool, Complex, Float

from ..._parallel import one_blas_thread
from ..._records import Record, array, setting
from ..._types import Array
from ...solvers.batched import over_parts
from .modes import Modes, eigenmodes

_DISTANCES = np.geomspace(1e-4, 1.0, 8)  # from the boundary, where the resolvent is asked for
_TRUSTED = 1e8  # condition of the eigenvectors below which they give half of all digits


class NonNormality(Record):
    r"""How much the modes of each point overlap, and by how much they can amplify a displacement.

    If the modes of a stable point are orthogonal (a normal Jacobian), `departure` is 0,
    `largest_gain` is the largest |eigenvalue|, and `kreiss_bound` is 1. If `kreiss_bound` is
    larger than 1, some displacements grow before they decay.
    """

    departure: Float[Array, " point"] = array(
        "Henrici's departure from normality, √(‖J‖² − Σ|λ|²) in the Frobenius norm"
    )
    relative_departure: Float[Array, " point"] = array("departure / ‖J‖; from 0 to 1")
    numerical_abscissa: Float[Array, " point"] = array(
        "largest eigenvalue of (J + Jᵀ)/2: in a flow, no displacement grows at a larger rate"
    )
    largest_gain: Float[Array, " point"] = array(
        "‖J‖₂: in a map, no displacement grows by a larger factor in one step"
    )
    kreiss_bound: Float[Array, " point"] = array(
        "lower bound of the Kreiss constant, and so of the largest transient growth; infinite if "
        "the point is unstable"
    )
    kreiss_at: Complex[Array, " point"] = array(
        "number z at which the resolvent (z − J)⁻¹ gives the bound"
    )
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")

    def summary(self) -> str:
        return f"Non-normality of a {self.system} at {len(self)} points"


def non_normality(
    jacobians: Float[np.ndarray, "point unit source"],
    modes: Modes,
    is_unstable: Bool[np.ndarray, " point"],
    kind: str,
    time_unit: float,
) -> NonNormality:
    """Measure the non-normality at every point; see `Linearization.non_normality`."""
    J, values = jacobians, modes.eigenvalues
    known = np.isfinite(values).all(1)
    safe = np.where(known[:, None, None], J, 0.0)
    work = 10.0 * len(J) * J.shape[1] ** 3
    norm = np.linalg.norm(safe, axis=(1, 2))
    outside = np.square(norm) - np.square(np.abs(values)).sum(1)
    departure = np.sqrt(np.maximum(outside, 0.0))
    with one_blas_thread():
        abscissa = over_parts(_abscissa, safe, work=work)
        gain = over_parts(_gain, safe, work=work)
        bound, where = _kreiss(modes, safe, gain, kind)
    measured = {
        "departure": departure,
        "relative_departure": np.divide(departure, norm, np.zeros_like(norm), where=norm > 0),
        "numerical_abscissa": abscissa,
        "largest_gain": gain,
        "kreiss_bound": np.where(is_unstable, np.inf, bound),
    }
    return NonNormality(
        **{name: np.where(known, value, np.nan) for name, value in measured.items()},
        kreiss_at=np.where(known, where, complex(np.nan, np.nan)),
        system=kind,
        time_unit=time_unit,
    )


def _abscissa(J: np.ndarray) -> np.ndarray:
    return np.linalg.eigvalsh((J + J.swapaxes(1, 2)) / 2)[:, -1]


def _gain(J: np.ndarray) -> np.ndarray:
    return np.linalg.svd(J, compute_uv=False)[:, 0]


def _kreiss(
    modes: Modes, J: np.ndarray, gain: np.ndarray, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best bound over a few z outside the stable region, and that z."""
    values, right, left = _trusted_modes(modes, J, gain, kind)
    z, distance, beyond = _outside(values, gain, kind)
    work = 200.0 * z.shape[1] * J.shape[0] * J.shape[1] ** 2

    def norms(p: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):  # at an eigenvalue, where it is not finite
            return _resolvent_norms(J[p], values[p], right[p], left[p], z[p], beyond[p])

    bounds = distance * over_parts(norms, np.arange(len(J)), work=work)
    bounds = np.where(np.isfinite(bounds), bounds, 1.0)
    best = bounds.argmax(1)[:, None]
    bound = np.take_along_axis(bounds, best, 1)[:, 0]
    # far from the spectrum the resolvent is 1/|z|, so the constant is never below 1
    return np.maximum(bound, 1.0), np.take_along_axis(z, best, 1)[:, 0]


def _trusted_modes(
    modes: Modes, J: np.ndarray, gain: np.ndarray, kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return modes that span the space; of nearby matrices where those of J do not, or barely.

    They only propose vectors; the bound is what J itself does with these.
    """
    values, right, left = modes.eigenvalues.copy(), modes.right.copy(), modes.left.copy()
    poor = np.flatnonzero(~(modes.condition < _TRUSTED))
    if len(poor):
        noise = np.random.default_rng(0).standard_normal(J[poor].shape) / J.shape[1]
        nearby = J[poor] + 1e-8 * gain[poor, None, None] * noise
        values[poor], right[poor], left[poor], _ = eigenmodes(nearby, kind)
    return values, right, left


def _outside(
    values: np.ndarray, gain: np.ndarray, kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return z beyond the two leading modes and on the real axis, its distance from the boundary.

    The last result is the mode that z lies beyond. All have the shape `(point, z)`.
    """
    leading = np.argsort(values.imag < 0, axis=1, kind="stable")[:, :2]
    leading = np.concatenate([leading, leading[:, :1]], axis=1)
    at = np.take_along_axis(values, leading, 1)
    # where there are rotations, whatever lies on the real axis comes in as well
    at[:, -1] = np.abs(at[:, -1])
    reach = np.where(gain > 0, gain, 1.0) if kind == "flow" else 1 + gain
    distance = np.broadcast_to(reach[:, None, None] * _DISTANCES, (*at.shape, len(_DISTANCES)))
    if kind == "flow":
        z = 1j * at.imag[:, :, None] + distance
    else:
        z = (1 + distance) * np.exp(1j * np.angle(at))[:, :, None]
    modes = np.repeat(leading, len(_DISTANCES), axis=1)
    return z.reshape(len(z), -1), distance.reshape(len(z), -1), modes


def _resolvent_norms(
    J: np.ndarray,
    values: np.ndarray,
    right: np.ndarray,
    left: np.ndarray,
    z: np.ndarray,
    modes: np.ndarray,
) -> np.ndarray:
    """Return lower bounds of ‖(z − J)⁻¹‖₂: ‖y‖ / ‖(z − J) y‖ for a y that nearly attains it.

    y comes from one step of the power method on the resolvent, which the modes give cheaply.
    """
    weights = 1 / (z[:, None, :] - values[:, :, None])
    drive = np.take_along_axis(left, modes[:, :, None], 1).conj().swapaxes(1, 2)
    y = right @ (weights * (left @ drive))
    x = left.conj().swapaxes(1, 2) @ (weights.conj() * (right.conj().swapaxes(1, 2) @ y))
    y = right @ (weights * (left @ x))
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    image = z[:, None, :] * y - J @ y
    return 1 / np.linalg.norm(image, axis=1)
