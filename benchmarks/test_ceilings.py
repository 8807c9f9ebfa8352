"""What the machine gives at best."""

import pytest

from .ceilings import chained_products

SECTION = "Ceilings"
PRODUCTS = [(16, 64, 2000), (1024, 64, 100), (2048, 2048, 2)]


@pytest.mark.parametrize(("rows", "size", "length"), PRODUCTS)
def test_products(benchmark, figure, rows, size, length):
    rate = benchmark.pedantic(chained_products, (rows, size, length), rounds=1)
    order = [r for r, _, _ in PRODUCTS].index(rows)
    work = f"chained products ({rows}, {size}) × ({size}, {size}), XLA, float32"
    figure(SECTION, order, work, measured=f"{rate:.0f} GFLOP/s", values={"gflops": rate})
