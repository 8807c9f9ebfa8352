import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Float, Int, Shaped
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


def same(one, two):
    assert type(one) is type(two)
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if isinstance(a, dict):
            assert sorted(a) == sorted(b)
        else:
            a, b = {"": a}, {"": b}
        for key in a:
            x, y = np.asarray(a[key]), np.asarray(b[key])
            assert (x.shape, x.dtype) == (y.shape, y.dtype), field.name
            np.testing.assert_array_equal(x, y)


def test_every_array_of_every_record_has_axes_and_a_description():
    arrays = ("Array", "ndarray", "Text")
    for record in PACKAGE.values():
        for info in record.field_infos():
            annotation = str(record.__annotations__[info.name])
            assert info.description, info.name
            assert (info.axes is not None) == any(kind in annotation for kind in arrays)


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
    part = sample[index]
    assert part.weights.tolist() == sample.weights[rows].tolist()
    assert part.weights.shape == (len(rows), 3)
    assert part.columns["region"].tolist() == sample.columns["region"][rows].tolist()
    assert part.values is sample.values
    assert (part.rate, part.names) == (sample.rate, sample.names)


@pytest.mark.parametrize("index", [4, -5])
def test_an_index_out_of_range_says_how_many_there_are(sample, index):
    with pytest.raises(IndexError, match=rf"unit {index} is out of range: there are 4\."):
        sample[index]


@pytest.mark.parametrize("index", [[0, 4], np.array([-5]), jnp.array([1, 7])])
@pytest.mark.parametrize("make", [np.asarray, jnp.asarray])
def test_an_array_of_indices_out_of_range_is_refused_for_jax_arrays_too(sample, make, index):
    part = dataclasses.replace(sample, weights=make(sample.weights))
    with pytest.raises(IndexError, match=r"unit (4|-5|7) is out of range: there are 4\."):
        part[index]


@pytest.mark.parametrize(
    "index", ["a", None, 1.5, True, [True, False], np.zeros((2, 2), int), ["a"], {}]
)
def test_what_is_no_index_is_refused(sample, index):
    with pytest.raises(sx.InvalidInputError) as caught:
        sample[index]
    assert str(caught.value) == (
        "an index of units is a whole number, a slice, or an array of whole numbers or of 4 "
        f"booleans, got {index!r}."
    )


@pytest.mark.parametrize(
    ("keep", "came"),
    [
        (np.ones(3, bool), "(3,) of bool"),
        (np.ones(4, int), "(4,) of int64"),
        (np.ones((4, 1), bool), "(4, 1) of bool"),
        (True, "() of bool"),
    ],
)
def test_filter_asks_for_one_boolean_for_each(sample, keep, came):
    with pytest.raises(sx.InvalidInputError) as caught:
        sample.filter(keep)
    assert str(caught.value) == (
        f"filter takes one boolean for each unit: expected shape (4,) of bool, got {came}."
    )


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


def test_html_is_escaped():
    class Odd(Record):
        values: Float[np.ndarray, " unit"] = array("x < y & z")
        text: str = setting("a text")

    page = Odd(np.zeros(1), "<script>")._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.startswith("<strong>Odd: 1 unit</strong><table><thead>")


def test_axes_units_and_tables_in_xarray(sample):
    data = sample.to_xarray()
    assert dict(data.sizes) == sample.sizes
    assert data.weights.dims == ("unit", "channel")
    assert data.weights.attrs == {"description": "weights", "units": "mV"}
    assert set(data.coords) == {"region", "layer"}
    assert data.region.dims == ("unit",)
    same(Record.from_xarray(data), sample)


def test_what_an_older_dataset_lacks_has_its_default(sample):
    data = sample.to_xarray()
    settings = json.loads(data.attrs["settings"])
    for name in ("names", "missing"):
        del settings[name]
    data.attrs["settings"] = json.dumps(settings)
    same(Record.from_xarray(data), sample)


def test_a_field_that_was_saved_by_its_old_name_is_read():
    record = RECORDS["emerging_cycle"]
    data = record.to_xarray().rename(center="centre")
    same(Record.from_xarray(data), record)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_prints_and_can_be_cut(name):
    record = RECORDS[name]
    assert repr(record).startswith(record.summary() + "\n")
    assert record._repr_html_().startswith("<strong>")
    assert len(record[:2]) == min(2, len(record))
    assert len(record[:0]) == 0
    repr(record[:1])
