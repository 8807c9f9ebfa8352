"""Whether two trees of arrays, or two records, hold the same."""

import dataclasses

import jax
import numpy as np


def assert_same(one, other, **tolerance):
    """Compare the arrays of two trees, to the last bit where no tolerance is given."""
    compare = np.testing.assert_allclose if tolerance else np.testing.assert_array_equal
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        compare(np.asarray(a), np.asarray(b), **tolerance)


def assert_same_record(one, other):
    """Compare records field by field: type, axes, precision, every number, every text."""
    assert type(one) is type(other)
    for name in (field.name for field in dataclasses.fields(one)):
        held = [getattr(record, name) for record in (one, other)]
        a, b = (each if isinstance(each, dict) else {name: each} for each in held)
        assert sorted(a) == sorted(b)
        for key in a:
            x, y = np.asarray(a[key]), np.asarray(b[key])
            assert x.dtype.kind == y.dtype.kind and x.shape == y.shape, key
            assert x.dtype == y.dtype or x.dtype.kind == "U", key
            np.testing.assert_array_equal(x, y)
