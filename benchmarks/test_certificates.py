"""Certificates on functions whose zeros are known."""

import os

from .false_certificates import main

SECTION = "Fixed points that can be trusted"


def test_false_certificates(benchmark, figure, full):
    """None may be false."""
    cases = int(os.environ.get("BENCH_CASES", 100_000 if full else 10_000))
    counts = benchmark.pedantic(main, (cases,), rounds=1)
    false, judged = counts["all", "FALSE"], counts["all", "cases"]
    proved = counts["all", "exists"] + counts["all", "absent"]
    figure(
        SECTION,
        60,
        "false certificates",
        asked="0 in 100,000 cases",
        measured=f"{false} in {judged:,} cases (of which {proved:,} were certified)",
        reached=false == 0 and judged >= 100_000 if full or false else None,
        values={"false": false, "cases": judged},
    )
    assert false == 0
