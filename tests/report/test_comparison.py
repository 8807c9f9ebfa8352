"""The report of a few variants: which pictures hold several runs, and which one."""

import re
from pathlib import Path

import pandas as pd
import pytest
from sample_records import RECORDS, network

from separatrix import figures
from separatrix.report import study, write_study_report
from separatrix.store import Run
from separatrix.studies import Status, StudyResults

RUNS = {}


class Variants(StudyResults):
    """Variants of an experiment whose runs are in memory."""

    varied = ["variant"]  # noqa: RUF012

    def run(self, key, *, only=None):
        return RUNS[key]


def run(name, **records):
    return Run(Path("/nowhere") / name, {"name": "compared"}, network(), records, {})


def pictures(tmp_path, runs, section):
    """What is said below and shown in the pictures of a section."""
    table = pd.DataFrame({"state": "done", "error": "", "variant": list(runs)}, index=list(runs))
    results = Variants(tmp_path, None, table, Status({}))
    RUNS.update(runs)
    page = write_study_report(results, tmp_path / "report.html").read_text("utf-8")
    (found,) = re.findall(rf'<section id="{section}">(.*?)</section>', page, re.DOTALL)
    return re.findall(r'<figcaption>(.*?)</figcaption>\s*<img src="([^"]*)"', found)


def with_points(points):
    names = ("activity", "principal_components")
    return {name: RECORDS[name] for name in names} | {"fixed_points": points}


@pytest.fixture
def compared(monkeypatch):
    """The names of the runs in each figure of fixed points that is drawn of several."""
    drawn = []

    def compare(networks):
        drawn.append(list(networks))
        return figures.speeds(RECORDS["fixed_points"])

    monkeypatch.setattr(figures, "compare_fixed_points", compare, raising=False)
    kept = [s for s in study.SECTIONS if s.name in ("fixed_points", "speeds")]
    monkeypatch.setattr(study, "SECTIONS", kept)
    return drawn


def test_fixed_points_of_several_runs_are_one_picture(tmp_path, compared):
    points = RECORDS["fixed_points"]
    runs = {
        "a": run("a", **with_points(points)),
        "b": run("b", **with_points(points[:2])),
        "again": run("again", **with_points(points)),
        "without": run("without"),
    }
    ((caption, _),) = pictures(tmp_path, runs, "fixed_points")
    assert caption == "a, b, again"
    assert compared == [["a, again", "b"]]
    assert [c for c, _ in pictures(tmp_path, runs, "speeds")] == ["a, again", "b"]


def test_fixed_points_that_are_the_same_in_all_runs_are_shown_as_those_of_one(tmp_path, compared):
    runs = {name: run(name, **with_points(RECORDS["fixed_points"])) for name in "ab"}
    ((caption, _),) = pictures(tmp_path, runs, "fixed_points")
    assert (caption, compared) == ("a, b", [])
