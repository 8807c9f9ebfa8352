"""Records whose fields are known."""

import numpy as np


def assert_fields(record, atol=1e-12, rtol=0.0, **expected):
    """Each field is as expected, numbers within a tolerance and words exactly."""
    for name, value in expected.items():
        found, value = np.asarray(getattr(record, name)), np.asarray(value)
        if value.dtype.kind in "fc":
            np.testing.assert_allclose(found, value, rtol, atol, err_msg=name)
        else:
            np.testing.assert_array_equal(found, value, err_msg=name)
