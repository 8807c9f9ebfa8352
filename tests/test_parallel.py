"""Work on every core."""

import threading

import pytest

from separatrix._parallel import on_every_core


def test_work_on_every_core_comes_back_in_order():
    items = list(range(37))
    assert on_every_core(lambda i: i * i, items) == [i * i for i in items]


def test_work_within_work_stays_where_it_is():
    """Or threads that wait for each other would fill the pool."""
    threads = on_every_core(
        lambda _: set(on_every_core(lambda _: threading.get_ident(), range(4))), range(8)
    )
    assert all(len(within) == 1 for within in threads)


def test_work_that_fails_ends_with_its_error_and_lets_others_go_on():
    done = []

    def work(number):
        done.append(1 / (number - 2))

    with pytest.raises(ZeroDivisionError):
        on_every_core(work, range(100_000))
    assert len(done) < 100_000
    assert on_every_core(str, [1, 2]) == ["1", "2"]
