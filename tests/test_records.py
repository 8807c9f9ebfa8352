import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Float, Int, Shaped
from same import assert_same_record
from sample_records import RECORDS

import separatrix as sx
from separatrix._records import Record, array, setting

Record.named("none of them, so that every package is read")
PACKAGE = {n: c for n, c in Record._registry.items() if c.__module__.startswith("separatrix.")}


class Sample(Record):
    weights: Float[np.ndarray, "unit channel"] = array("weights", units="mV")
    values: Float[np.ndarray, " trial"] | None = array("maybe values")
    columns: dict[str, Shaped[np.ndarray, " unit"]] = array("labels of the units")
    rate: float = setting("a rate", units="Hz")
    names: tuple[str, ...] = setting("some names", default=("a", "b"))
    missing: int | None = setting("perhaps a number", default=None)


@pytest.fixture
def sample():
    labels = {"region": np.array(["V1", "MT", "LIP", "FEF"]), "layer": np.arange(4)}
    return Sample(np.arange(12.0).reshape(4, 3), np.arange(5.0), labels, 2.5)


@pytest.mark.parametrize("record", PACKAGE.values(), ids=PACKAGE)
def test_every_array_of_every_record_has_axes_and_a_description(record):
    for info in record.field_infos():
        annotation = str(record.__annotations__[info.name])
        is_array = any(kind in annotation for kind in ("Array", "ndarray", "Text"))
        assert info.description and (info.axes is not None) == is_array, info.name


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        (0, [0]),
        (np.int64(2), [2]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, -1), [3, 2, 1, 0]),
        ([2, 0, 2], [2, 0, 2]),
        (jnp.array([3, 1]), [3, 1]),
        (np.zeros(0, int), []),
        (jnp.int32(2), [2]),
        (np.array([True, False, True, False]), [0, 2]),
        ([False, False, False, True], [3]),
    ],
)
def test_indexing_selects_along_the_leading_axis_and_keeps_it(sample, index, rows):
    labels = {name: values[rows] for name, values in sample.columns.items()}
    cut = dataclasses.replace(sample, weights=sample.weights[rows], columns=labels)
    assert_same_record(sample[index], cut)


@pytest.mark.parametrize("index", [4, -5, [0, 4], np.array([-5]), jnp.array([1, 7])])
@pytest.mark.parametrize("make", [np.asarray, jnp.asarray])
def test_an_index_out_of_range_says_how_many_there_are(sample, make, index):
    part = dataclasses.replace(sample, weights=make(sample.weights))
    with pytest.raises(IndexError, match=r"(4|-5|7) .* 4\."):
        part[index]


@pytest.mark.parametrize(
    "index", ["a", None, 1.5, True, [True, False], np.zeros((2, 2), int), ["a"], {}]
)
def test_what_is_no_index_is_refused(sample, index):
    with pytest.raises(sx.InvalidInputError):
        sample[index]


@pytest.mark.parametrize("keep", [np.ones(3, bool), np.ones(4, int), np.ones((4, 1), bool), True])
def test_filter_asks_for_one_boolean_for_each(sample, keep):
    with pytest.raises(sx.InvalidInputError, match=r"\(4,\)"):
        sample.filter(keep)


def test_a_record_prints_its_table_and_its_settings(sample):
    assert repr(sample).split("\n") == [
        "Sample: 4 units, 3 channels, 5 trials",
        "  unit  region  layer",
        "     0  V1          0",
        "     1  MT          1",
        "     2  LIP         2",
        "     3  FEF         3",
        "  rate: 2.5 Hz",
    ]


def test_times_and_numbers_are_printed_in_words():
    times, numbers = (np.array([17_000.0, -144.27, np.inf, np.nan]), np.array([1e-9, -1, 0.5, 2]))

    class Timed(Record):
        times: Float[np.ndarray, " mode"] = array("of decay", units="ms")
        levels: Float[np.ndarray, " mode"] = array("levels", units="mV")
        n_unstable: Int[np.ndarray, " mode"] = array("counts; −1: unknown")
        dt: float = setting("a time step", units="ms")

    assert repr(Timed(times, numbers, np.array([0, -1, 2, 3]), 2000.0)).split("\n")[1:] == [
        "  mode    times  levels (mV)  unstable",
        "     0     17 s        1e−09         0",
        "     1  −144 ms           −1         ?",
        "     2        ∞          0.5         2",
        "     3        –            2         3",
        "  dt: 2 s",
    ]


@pytest.mark.parametrize("part", [{"rate": "<b>"}, {"columns": {"x": np.array(["<b>"] * 4)}}])
def test_html_is_escaped(sample, part):
    page = dataclasses.replace(sample, **part)._repr_html_()
    assert "<b>" not in page and "&lt;b&gt;" in page
    assert page.startswith("<strong>Sample: 4 units, 3 channels, 5 trials</strong><table><thead>")


def test_axes_units_and_tables_in_xarray(sample):
    data = sample.to_xarray()
    assert dict(data.sizes) == sample.sizes
    assert data.weights.dims == ("unit", "channel")
    assert data.weights.attrs == {"description": "weights", "units": "mV"}
    assert set(data.coords) == {"region", "layer"} and data.region.dims == ("unit",)
    assert_same_record(Record.from_xarray(data), sample)


def test_what_an_older_dataset_lacks_has_its_default(sample):
    data = sample.to_xarray()
    settings = json.loads(data.attrs["settings"])
    del settings["names"], settings["missing"]
    data.attrs["settings"] = json.dumps(settings)
    assert_same_record(Record.from_xarray(data), sample)


def test_a_field_that_was_saved_by_its_old_name_is_read():
    record = RECORDS["emerging_cycle"]
    data = record.to_xarray().rename(center="centre")
    assert_same_record(Record.from_xarray(data), record)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_prints_and_can_be_cut(name):
    record = RECORDS[name]
    assert repr(record).startswith(record.summary() + "\n")
    assert record._repr_html_().startswith("<strong>") and repr(record[:1])
    assert (len(record[:2]), len(record[:0])) == (min(2, len(record)), 0)
