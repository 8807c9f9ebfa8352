import collections
import dataclasses
import itertools
import json
import shutil
import typing

import h5py
import numpy as np
import pytest
import xarray as xr
from jaxtyping import Float, Shaped
from sample_records import RECORDS

import separatrix as sx
from separatrix._records import Record, array, setting
from separatrix.store import load_records, save_records


def assert_same(one, two):
    """Compare records field by field: type, axes, precision, every number."""
    assert type(one) is type(two)
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if not isinstance(a, dict):
            a, b = {field.name: a}, {field.name: b}
        assert list(a) == list(b)
        for key in a:
            x, y = np.asarray(a[key]), np.asarray(b[key])
            assert x.shape == y.shape, field.name
            assert x.dtype.kind == y.dtype.kind, field.name
            assert x.dtype.kind == "U" or x.dtype == y.dtype, field.name
            np.testing.assert_array_equal(x, y)


SOME = ("activity", "history", "fixed_points", "linearization", "performance", "trials")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("records") / "results.nc"
    save_records({name: RECORDS[name] for name in SOME}, path, {"note": "of the test"})
    return path


@pytest.fixture(scope="module")
def loaded(path):
    return load_records(path)


Record.named("none of them, so that every package is read")
PACKAGE = {n: c for n, c in Record._registry.items() if c.__module__.startswith("separatrix.")}
LENGTHS = collections.defaultdict(itertools.count(2).__next__)
"""Each axis has a length of its own."""
NUMBERS = {"float64": 0.5, "int64": 1, "bool": True, "complex128": 1j}
SETTINGS = {float: 0.5, int: 3, str: "text", bool: True}
SETTINGS |= {tuple[str, ...]: ("a", "b"), tuple[int, ...]: (1, 2)}


def made_up_array(annotation):
    """An array of the axes and the kind of numbers that are declared, or else of texts."""
    if typing.get_origin(annotation) is dict:
        return {"one": made_up_array(typing.get_args(annotation)[1])}
    one = next(a for a in (annotation, *typing.get_args(annotation)) if hasattr(a, "dim_str"))
    shape = [LENGTHS[axis] for axis in one.dim_str.split()]
    numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    dtypes = one.dtypes if isinstance(one.dtypes, (list, tuple)) else ()  # Shaped takes any
    unit = next((unit for name, unit in NUMBERS.items() if name in dtypes), None)
    return numbers.astype(str) if unit is None else (numbers * unit).astype(type(unit))


def made_up(cls):
    values = {}
    for info, field in zip(cls.field_infos(), dataclasses.fields(cls), strict=True):
        if info.axes is not None:
            values[info.name] = made_up_array(field.type)
        elif not info.has_default:
            kinds = (field.type, *typing.get_args(field.type))
            values[info.name] = next(SETTINGS[kind] for kind in kinds if kind in SETTINGS)
    return cls(**values)


@pytest.mark.parametrize("name", PACKAGE)
def test_whatever_a_record_declares_is_written_and_read(name, tmp_path):
    record = made_up(PACKAGE[name])
    save_records({"record": record}, tmp_path / "results.nc")
    assert_same(record, load_records(tmp_path / "results.nc")["record"])


def test_round_trip_is_exact(loaded):
    assert tuple(loaded) == SOME
    for name in SOME:
        assert_same(RECORDS[name], loaded[name])


@pytest.mark.parametrize("name", ["fixed_points", "linearization"])
def test_records_without_points_survive(name, tmp_path):
    empty = RECORDS[name][:0]
    save_records({"empty": empty}, tmp_path / "e.nc")
    assert_same(empty, load_records(tmp_path / "e.nc")["empty"])


def test_absent_arrays_stay_absent(tmp_path):
    record = dataclasses.replace(RECORDS["linearization"], input_jacobians=None)
    save_records({"autonomous": record}, tmp_path / "a.nc")
    assert load_records(tmp_path / "a.nc")["autonomous"].input_jacobians is None


def test_the_file_is_standard_netcdf4(path):
    """Only types that the NetCDF-4 model has: numbers, vlen texts; no bool, complex or enum."""
    kinds = set()

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            text = h5py.check_string_dtype(item.dtype)
            kinds.add("text" if text else item.dtype.kind)
            assert text is None or text.length is None

    with h5py.File(path) as file:
        assert file.attrs["_NCProperties"].startswith(b"version=2")
        file.visititems(visit)
    assert kinds == {"f", "i", "text"}


def test_the_file_tells_axes_units_and_origin(path):
    with xr.open_dataset(path) as root:
        assert root.attrs["separatrix"] == sx.__version__
        assert root.attrs["note"] == "of the test"
        assert {"created", "machine", "jax", "Conventions"} <= set(root.attrs)
    with xr.open_dataset(path, group="activity") as activity:
        assert activity.states.dims == ("trial", "time", "unit")
        assert activity.dt == 100.0
        assert "coherence" in activity.coords
    with xr.open_dataset(path, group="linearization") as linearization:
        assert linearization.time_constants.units == "ms"
        assert linearization.eigenvalues_real.complex_part == "real"
    with xr.open_dataset(path, group="fixed_points") as points:
        assert points.certified.dtype == bool


def test_bad_files(path, tmp_path):
    with pytest.raises(sx.UnreadableFileError, match="does not exist"):
        load_records(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("hello")
    with pytest.raises(sx.UnreadableFileError, match=r"text.nc is damaged or no NetCDF-4 file"):
        load_records(tmp_path / "text.nc")
    (tmp_path / "half.nc").write_bytes(path.read_bytes()[:5000])
    with pytest.raises(sx.UnreadableFileError, match=r"half.nc is damaged"):
        load_records(tmp_path / "half.nc")
    xr.Dataset({"x": ("t", [1.0])}).to_netcdf(tmp_path / "foreign.nc", engine="h5netcdf")
    with pytest.raises(sx.UnreadableFileError, match="no records of this package"):
        load_records(tmp_path / "foreign.nc")


class Grown(Record):
    """A record that has had more fields since an older release wrote it."""

    values: Float[np.ndarray, " step"] = array("values")
    spread: Float[np.ndarray, " step"] | None = array("added later", default=None)
    labels: dict[str, Shaped[np.ndarray, " step"]] = array("added later", default_factory=dict)
    rate: float = setting("added later", default=2.5)


def test_a_file_of_an_older_release_lacks_fields_that_have_defaults(tmp_path):
    path = tmp_path / "old.nc"
    labels = {"side": np.array(["left", "right"])}
    save_records({"grown": Grown(np.arange(2.0), np.ones(2), labels, 7.0)}, path)
    assert load_records(path)["grown"].rate == 7.0
    with h5py.File(path, "a") as file:
        group = file["grown"]
        for name in ("spread", "side"):
            del group[name]
        settings = json.loads(group.attrs["settings"])
        del settings["rate"]
        group.attrs["settings"] = json.dumps(settings)
    old = load_records(path)["grown"]
    assert_same(old, Grown(np.arange(2.0)))


def test_unknown_and_damaged_records(tmp_path):
    path, edited = tmp_path / "one.nc", tmp_path / "edited.nc"
    save_records({"history": RECORDS["history"]}, path)
    shutil.copy(path, edited)
    with h5py.File(edited, "a") as file:
        file["history"].attrs["record"] = "Histori"
    with pytest.raises(sx.UnreadableFileError, match=r"holds a Histori.*did you mean 'History'"):
        load_records(edited)
    shutil.copy(path, edited)
    with h5py.File(edited, "a") as file:
        del file["history/loss"]
    with pytest.raises(sx.UnreadableFileError, match=r"damaged.*loss"):
        load_records(edited)


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(sx.InvalidInputError, match="identifier, got 'a/b'"):
        save_records({"a/b": RECORDS["history"]}, tmp_path / "x.nc")
    with pytest.raises(sx.InvalidInputError, match=r"cannot write .*nowhere"):
        save_records({"history": RECORDS["history"]}, tmp_path / "nowhere" / "x.nc")
    assert list(tmp_path.iterdir()) == []
