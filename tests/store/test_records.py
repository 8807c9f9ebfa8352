import collections
import dataclasses
import itertools
import json
import typing

import h5py
import numpy as np
import pytest
import xarray as xr
from jaxtyping import Float, Shaped
from same import assert_same_record
from sample_records import RECORDS

import separatrix as sx
from separatrix._records import Record, array, setting
from separatrix.store import load_records, save_records

SOME = ("activity", "history", "fixed_points", "linearization", "performance", "trials")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("records") / "results.nc"
    save_records({name: RECORDS[name] for name in SOME}, path, {"note": "of the test"})
    return path


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
    """A record with its arrays and those settings that have no default."""
    infos = dict(zip(cls.field_infos(), dataclasses.fields(cls), strict=True))
    values = {i.name: made_up_array(f.type) for i, f in infos.items() if i.axes is not None}
    for info, field in infos.items():
        if info.axes is None and not info.has_default:
            kinds = (field.type, *typing.get_args(field.type))
            values[info.name] = next(SETTINGS[kind] for kind in kinds if kind in SETTINGS)
    return cls(**values)


@pytest.mark.parametrize("name", PACKAGE)
def test_whatever_a_record_declares_is_written_and_read(name, tmp_path):
    round_trip(made_up(PACKAGE[name]), tmp_path)


def round_trip(record, tmp_path):
    save_records({"record": record}, tmp_path / "results.nc")
    assert_same_record(record, load_records(tmp_path / "results.nc")["record"])


def test_records_come_back_in_their_order(path):
    loaded = load_records(path)
    assert tuple(loaded) == SOME
    for name in SOME:
        assert_same_record(RECORDS[name], loaded[name])


@pytest.mark.parametrize("name", ["fixed_points", "linearization"])
def test_records_without_points_survive(name, tmp_path):
    round_trip(RECORDS[name][:0], tmp_path)


def test_absent_arrays_stay_absent(tmp_path):
    round_trip(dataclasses.replace(RECORDS["linearization"], input_jacobians=None), tmp_path)


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
        assert (root.attrs["separatrix"], root.attrs["note"]) == (sx.__version__, "of the test")
        assert {"created", "machine", "jax", "Conventions"} <= set(root.attrs)
    with xr.open_dataset(path, group="activity") as activity:
        assert activity.states.dims == ("trial", "time", "unit")
        assert activity.dt == 100.0 and "coherence" in activity.coords
    with xr.open_dataset(path, group="linearization") as linearization:
        assert linearization.time_constants.units == "ms"
        assert linearization.eigenvalues_real.complex_part == "real"
    with xr.open_dataset(path, group="fixed_points") as points:
        assert points.certified.dtype == bool


@pytest.mark.parametrize("name", ["none.nc", "text.nc", "half.nc", "foreign.nc"])
def test_bad_files(path, tmp_path, name):
    (tmp_path / "text.nc").write_text("hello")
    (tmp_path / "half.nc").write_bytes(path.read_bytes()[:5000])
    xr.Dataset({"x": ("t", [1.0])}).to_netcdf(tmp_path / "foreign.nc", engine="h5netcdf")
    with pytest.raises(sx.UnreadableFileError, match=name):
        load_records(tmp_path / name)


class Grown(Record):
    """A record that has had more fields since an older release wrote it."""

    values: Float[np.ndarray, " step"] = array("values")
    spread: Float[np.ndarray, " step"] | None = array("added later", default=None)
    labels: dict[str, Shaped[np.ndarray, " step"]] = array("added later", default_factory=dict)
    rate: float = setting("added later", default=2.5)


def test_a_file_of_an_older_release_lacks_fields_that_have_defaults(tmp_path):
    path = tmp_path / "old.nc"
    labels = {"side": np.array(["left", "right"])}
    round_trip(Grown(np.arange(2.0), np.ones(2), labels, 7.0), tmp_path)
    save_records({"grown": Grown(np.arange(2.0), np.ones(2), labels, 7.0)}, path)
    with h5py.File(path, "a") as file:
        group = file["grown"]
        settings = json.loads(group.attrs["settings"])
        del group["spread"], group["side"], settings["rate"]
        group.attrs["settings"] = json.dumps(settings)
    assert_same_record(load_records(path, verify=False)["grown"], Grown(np.arange(2.0)))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda group: group.attrs.update(record="Histori"), "'History'"),
        (lambda group: group.pop("loss"), "loss"),
    ],
)
def test_unknown_and_damaged_records(tmp_path, change, word):
    save_records({"history": RECORDS["history"]}, tmp_path / "one.nc")
    with h5py.File(tmp_path / "one.nc", "a") as file:
        change(file["history"])
    with pytest.raises(sx.UnreadableFileError, match=word):
        load_records(tmp_path / "one.nc", verify=False)
    with pytest.raises(sx.UnreadableFileError, match="digest"):
        load_records(tmp_path / "one.nc")


@pytest.mark.parametrize(("name", "place"), [("a/b", "x.nc"), ("history", "nowhere/x.nc")])
def test_what_cannot_be_saved(tmp_path, name, place):
    with pytest.raises(sx.InvalidInputError):
        save_records({name: RECORDS["history"]}, tmp_path / place)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"accuracy": np.ones(3)},
        {"loss": np.ones(5) * 1j},
        {"loss": "xx"},
        {"loss": np.ones((5, 2))},
        {"accuracy": np.array(["2020"] * 5, "datetime64[D]")},
        {"accuracy": np.full(5, None, object)},
        {"epoch_steps": "a"},
    ],
)
def test_what_is_not_as_declared_is_not_written(tmp_path, changes):
    history = sx.records.History(
        **{"loss": np.ones(5), "accuracy": np.ones(5), "epoch_steps": 1, **changes}
    )
    with pytest.raises(sx.InvalidInputError, match=r"h cannot be saved: ") as caught:
        save_records({"h": history}, tmp_path / "h.nc")
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []
