"""Selection vectors: the inputs that slow modes take in, and the outputs they show in."""

import numpy as np
from jaxtyping import Complex, Float, Int

from ..._records import Record, array, setting
from ..._tables import Columns, describe_time
from ..._types import Array, InvalidInputError, is_whole, real_array, require_finite
from .modes import Modes


class SelectionVectors(Record):
    r"""The slowest modes at each point: their selection vectors l, and their directions r.

    In a step of a map, a small input $\delta u$ moves the state along r by $(l \cdot B)\,\delta u$,
    where $B = \partial F/\partial u$. In a flow, this is the speed of the movement per tau. The
    displacement then decays with the mode's time constant. The vectors are normalized: l · r = 1
    and |r| = 1. Their complex phase is chosen such that the largest entry of r is real and
    positive.
    """

    selection: Complex[Array, "point direction unit"] = array("l: left eigenvectors of the modes")
    directions: Complex[Array, "point direction unit"] = array("r: right eigenvectors of the modes")
    mode: Int[Array, "point direction"] = array("index of the mode in the linearization")
    eigenvalues: Complex[Array, "point direction"] = array("μ of a map, λ of a flow")
    time_constants: Float[Array, "point direction"] = array("time constants of decay", units="ms")
    condition: Float[Array, "point direction"] = array(
        "|l|, which is 1/cos of the angle between l and r: how much a non-normal mode is amplified"
    )
    input_drive: Complex[Array, "point direction channel"] | None = array(
        "l · B: movement along r per unit of input"
    )
    input_alignment: Float[Array, "point direction channel"] | None = array(
        "|cos| of the angle between l and the input's direction; NaN if the input has no effect "
        "(to rounding)"
    )
    readout_gain: Complex[Array, "point direction output"] | None = array(
        "C r: change of the output per unit of movement"
    )
    readout_alignment: Float[Array, "point direction output"] | None = array(
        "|cos| of the angle between r and the readout's direction"
    )
    selection_readout_alignment: Float[Array, "point direction output"] | None = array(
        "|cos| of the angle between l and the readout's direction"
    )
    system: str = setting('"map" or "flow"')
    time_unit: float = setting(
        "dt of a map, tau of a flow; NaN if unknown", units="ms", default=float("nan")
    )

    def _table(self) -> Columns:
        modes = range(np.shape(self.mode)[1])
        times = np.asarray(self.time_constants)
        columns = {
            f"mode {k}": [describe_time(float(time), self.time_units) for time in times[:, k]]
            for k in modes[:3]
        }
        return {"point": range(len(self)), **columns}

    def summary(self) -> str:
        return (
            f"SelectionVectors: the {self.mode.shape[1]} slowest modes of a {self.system} "
            f"at {len(self)} points"
        )

    @property
    def chance_alignment(self) -> float:
        """The chance level of alignments: 1/√n, the root mean square |cos| of random directions.

        Here n is the number of units.
        """
        return float(self.selection.shape[2] ** -0.5)


def selection_vectors(
    modes: Modes,
    time_constants: Float[np.ndarray, "point mode"],
    input_jacobians: Float[np.ndarray, "point unit channel"] | None,
    kind: str,
    time_unit: float,
    num_modes: int,
    readout: Array | None,
) -> SelectionVectors:
    """Collect the selection vectors; see `Linearization.selection_vectors`."""
    values, B = modes.eigenvalues, input_jacobians
    size = values.shape[1]
    if not (is_whole(num_modes) and 1 <= num_modes <= size):
        raise InvalidInputError(
            f"num_modes must be a whole number between 1 and {size}, got {num_modes!r:.60}."
        )
    weights = _checked_readout(readout, len(values), size)
    columns = None if weights is None else np.swapaxes(weights, -1, -2)
    still = 1.0 if kind == "map" else 0.0
    mode = np.argsort(np.abs(values - still), axis=1, kind="stable")[:, :num_modes]
    right = np.take_along_axis(modes.right, mode[:, None, :], 2)
    left = np.take_along_axis(modes.left, mode[:, :, None], 1)
    right, left = _with_phase(right.swapaxes(1, 2), left)
    return SelectionVectors(
        selection=left,
        directions=right,
        mode=mode,
        eigenvalues=np.take_along_axis(values, mode, 1),
        time_constants=np.take_along_axis(time_constants, mode, 1),
        condition=np.linalg.norm(left, axis=2),
        input_drive=None if B is None else left @ B,
        input_alignment=None if B is None else _alignment(left, B),
        readout_gain=None if columns is None else right @ columns,
        readout_alignment=None if columns is None else _alignment(right, columns),
        selection_readout_alignment=None if columns is None else _alignment(left, columns),
        system=kind,
        time_unit=time_unit,
    )


def _checked_readout(readout: Array | None, num_points: int, size: int) -> np.ndarray | None:
    if readout is None:
        return None
    weights = real_array(readout, "the readout")
    of_points = weights.shape[:-2] in ((), (num_points,))
    if weights.ndim < 2 or weights.shape[-1] != size or not of_points:
        raise InvalidInputError(
            f"the readout must have shape (output, {size}), one column for each unit, or "
            f"({num_points}, output, {size}) with one matrix for each point; got "
            f"{weights.shape}. A single axis of shape ({size},) can be given as axis[None]."
        )
    require_finite(weights, "the readout")
    return weights


def _with_phase(right: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn each r so that its largest entry is real and positive, and l so that l · r stays 1."""
    largest = np.take_along_axis(right, np.abs(right).argmax(2)[:, :, None], 2)
    phase = largest / np.abs(largest)
    return right / phase, left * phase


def _alignment(vectors: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return |v · c| / (|v| |c|) for vectors `(…, direction, unit)`, columns `(…, unit, k)`."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True) * np.linalg.norm(
        columns, axis=-2, keepdims=True
    )
    with np.errstate(invalid="ignore"):
        return np.minimum(np.abs(vectors @ columns) / np.where(lengths > 0, lengths, np.nan), 1.0)
