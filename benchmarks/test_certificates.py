"""Certificates on functions whose zeros are known."""

import os

from .false_certificates import main

SECTION = "Fixed points that can be trusted"


def test_false_certificates(benchmark, figure, full):
    """None may be false."""
    cases = int(os.environ.get("BENCH_CASES", 100_000 if full else 10_000))
    counts = benchmark.pedantic(main, (cases, cases // 200), rounds=1)
    false = counts["all", "FALSE"] + counts["search: all", "FALSE"]
    judged, searches = counts["all", "cases"], counts["search: all", "searches"]
    proved = counts["all", "exists"] + counts["all", "absent"]
    figure(
        SECTION,
        60,
        "false certificates",
        asked="0 in 100,000 cases",
        measured=f"{false} in {judged:,} cases (of which {proved:,} were certified) "
        f"and {searches} whole searches",
        reached=false == 0 and judged >= 100_000 if full or false else None,
        values={"false": false, "cases": judged},
    )
    assert false == 0
