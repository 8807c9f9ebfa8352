import dataclasses
import hashlib
import html.parser
import re
from pathlib import Path

import numpy as np
import pytest
from prose import ROOT
from sample_records import RECORDS, fixed_points, network

import separatrix as sx
from separatrix.analysis import Analyses
from separatrix.report import view, write_figures, write_report
from separatrix.report.answer import summary
from separatrix.report.methods import methods
from separatrix.report.places import MOST
from separatrix.report.sections import (
    all_sections,
    fixed_points as of_points,
    shown_sections,
    spectrum,
)
from separatrix.report.statements import POINTS, statements
from separatrix.store import Run, certify_run
from separatrix.store.directory import PROOFS

EXPERIMENT = {
    "name": "small <run>",
    "seed": 7,
    "task": {"name": "PerceptualDecisionMaking", "dt": 100.0},
    "training": {"steps": 5},
    "analysis": {"question": {"claim": "line"}},
}
ALL = [section.name for section in all_sections()]


def run(records=RECORDS, experiment=EXPERIMENT, net=None, path="/nowhere/run"):
    provenance = {"created": "2026-01-01T00:00:00Z", "jax": "0.0"}
    return Run(Path(path), experiment, net or network(), dict(records), provenance)


class Page(html.parser.HTMLParser):
    """What a browser would load, show and link."""

    def __init__(self, text):
        super().__init__()
        self.sources, self.links, self.ids, self.words, self.open = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.sources += [v for k, v in attrs.items() if k in ("src", "srcset", "data")]
        self.links += [attrs["href"]] if "href" in attrs else []
        self.ids += [attrs["id"]] if "id" in attrs else []
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.words))


def page(tmp_path, *args, **kwargs):
    return Page(write_report(run(*args, **kwargs), tmp_path / "report.html").read_text("utf-8"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The report of the whole run, drawn once for all tests."""
    return write_report(run(), tmp_path_factory.mktemp("report") / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def whole(written):
    return Page(written)


def test_every_figure_is_inside_and_nothing_is_outside(whole):
    assert len(whole.sources) == len(list(shown_sections(run())))
    assert all(source.startswith("data:image/png;base64,") for source in whole.sources)
    assert all(link.startswith("#") and link[1:] in whole.ids for link in whole.links)
    assert set(ALL) <= set(whole.ids)
    assert whole.open == []


def test_no_address_of_the_network_is_in_the_page(written):
    without_pictures = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]*", "", written)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script [a-z]", without_pictures)


def test_texts_come_from_the_run(whole):
    record = RECORDS["psychometric"]
    for said in (
        "small <run>",
        f"answers {100 * record.mean_accuracy:.1f} % of {int(record.num_trials.sum())} new trials",
        "2 slow points",
        "Is a fixed point missing? Yes: states end at 1 fixed point (proved)",
        "Σ sign det(I − J) was not computed",
        "1 × left for <infinity> & more",
        RECORDS["linearization"].summary(),
        "seed7",
        "2026-01-01T00:00:00Z",
        "steps = 5",
    ):
        assert said in whole.text or said in whole.text.replace(" ", "").replace("%", " %"), said


def only(*names):
    return {name: RECORDS[name] for name in names}


@pytest.mark.parametrize(
    ("records", "drawn", "said"),
    [
        ({}, [], ["There are no results", "as it was given", "none were searched"]),
        (only("history"), ["training"], ["trained for 5 steps, was not tested"]),
        (
            only("history", "activity", "principal_components"),
            ["trials", "training", "activity", "condition_averages"],
            ["no psychometric curve"],
        ),
        (
            only("activity", "principal_components")
            | {"fixed_points": RECORDS["fixed_points"][:0]},
            ["trials", "activity", "condition_averages"],
            ["No point was found from 3 candidates", "No fixed point was found"],
        ),
        (
            only("fixed_points"),
            ["speeds", "tolerance"],
            ["2 fixed points", "no linearization", "leave out 1 rejected candidate"],
        ),
        (only("linearization"), ["spectrum"], ["Among all points, this is the point at which"]),
    ],
)
def test_runs_that_lack_parts(tmp_path, records, drawn, said):
    shown = page(tmp_path, records)
    assert len(shown.sources) == len(drawn)
    for sentence in said:
        assert sentence in shown.text
    assert [section.name for section in shown_sections(run(records))] == drawn


def test_the_shown_point_is_fixed_where_one_is():
    points, linear = RECORDS["fixed_points"], RECORDS["linearization"]
    whole = run()
    shown = shown_point(whole)
    assert points.kind[shown] == "fixed"
    assert shown_point(run({**RECORDS, "linearization": linear[2:]})) in (2, 3)
    slow = fixed_points(points.states, ["slow"] * 4)
    away = points.states.copy()
    away[shown] *= 1e3
    far = {"fixed_points": dataclasses.replace(points, states=away)}
    far["linearization"] = dataclasses.replace(linear, states=away)
    elsewhere = run({**RECORDS, **far})
    assert shown_point(elsewhere) != shown and points.kind[shown_point(elsewhere)] == "fixed"
    assert "Among the fixed points, this is" in spectrum.SECTION.caption(whole)
    assert "Among the fixed points near the activity, this is" in spectrum.SECTION.caption(
        elsewhere
    )
    middle = shown_point(run({**RECORDS, "fixed_points": slow}))
    assert middle == slow.middle(np.asarray(RECORDS["principal_components"].components)[0])


def shown_point(of):
    return view.linearized_points(of).get(view.shown_entry(of))


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"complete": True, "index_sum": 1}, "index sum 1; complete: no fixed point is missing"),
        ({"index_sum": 3, "completeness": "index sum 3, not 1"}, "index sum 3, not 1"),
        ({"completeness": "no box holds them all"}, "no box holds them all"),
        ({}, "it was not examined"),
    ],
)
def test_what_is_known_of_missing_fixed_points_is_the_records_own_sentence(known, said):
    plain = {"complete": False, "index_sum": None, "coverage": None, "completeness": ""}
    points = dataclasses.replace(RECORDS["fixed_points"], **(plain | known))
    assert points.known_of_missing == said and said in repr(points)
    told = run({**only("activity", "principal_components"), "fixed_points": points})
    sentence = f"Is a fixed point missing? {said[0].upper()}{said[1:]}."
    assert sentence in summary(told)[1]
    assert sentence in of_points.SECTION.caption(told)
    last = [s for s in statements(told) if s.group == POINTS][-1]
    assert last.known.startswith("proved") is (points.index_sum is not None)


@pytest.mark.parametrize("complete", [False, True])
def test_numbers_of_points_are_of_points_found_unless_none_is_missing(complete):
    points = dataclasses.replace(RECORDS["fixed_points"], complete=complete)
    *kinds, slow, _ = [s.text for s in statements(run({"fixed_points": points}))]
    assert kinds and slow.startswith("2 slow points found: ")
    for text in kinds:
        assert ("found" in text) is (not complete)
        assert text.endswith("; others may be missing.") is (not complete)


def test_an_end_of_states_that_the_search_missed_is_said_to_be_missing():
    wells = sx.Flow(lambda x: x - x**3, 1, domain=(-2.0, 2.0))
    every = sx.find_fixed_points(wells, np.array([[-1.1], [0.1], [1.1]]))
    some = every[np.asarray(every.states)[:, 0] < 0.5]
    states = np.linspace(-2, 2, 20)[:, None]

    def answers(points):
        held = sx.verdict(wells, states, points=points)
        *_, missing = (s for s in statements(run({"fixed_points": points, "verdict": held}))
                       if s.group == POINTS)  # fmt: skip
        return missing

    assert len(every) == 3 and every.complete and len(some) == 2 and not some.complete
    assert "1 fixed point (proved) that is not among the points found" in answers(some).text
    assert answers(some).text.startswith("Is a fixed point missing? Yes: ")
    assert answers(some).known.startswith("proved")
    found = dataclasses.replace(every, complete=False)
    assert "among the points found" not in answers(found).text


def test_the_page_and_the_documentation_say_how_many_states_decide_what_is_visited(whole):
    assert f"Of more than {MOST} states of the activity, {MOST} evenly spaced" in whole.text
    for name in ("how-to/read-the-report.md", "reference/glossary.md"):
        assert f"{MOST} " in (ROOT / "docs" / name).read_text("utf-8")


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(sx.InvalidInputError, match=r"cannot write .*nowhere"):
        write_report(run({}), tmp_path / "nowhere" / "r.html")
    (tmp_path / "figures").write_text("")
    with pytest.raises(sx.InvalidInputError, match=r"cannot write .*figures: File exists"):
        write_figures(run({}), tmp_path)


def test_what_was_asked_for_in_vain_is_told_with_its_reason(tmp_path):
    outcomes = Analyses(
        np.array(["branches", "topology", "verdict"]),
        np.array(["failed", "skipped", "skipped"]),
        np.array(["ValueError: no", "no fixed point was found.", "the task has no such period."]),
    )
    text = page(tmp_path, {"analyses": outcomes}).text
    assert all(reason in text for reason in outcomes.reason)


def test_the_methods_name_the_file_of_proofs_or_how_to_write_it(tmp_path):
    here = run(path=tmp_path)
    path = tmp_path / PROOFS
    assert "separatrix certify RUN" in methods(here)
    certify_run({"": here}, path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in methods(here)
    points = RECORDS["fixed_points"]
    unproved = dataclasses.replace(points, certified=np.zeros_like(points.certified))
    assert PROOFS not in methods(run({"fixed_points": unproved}, path=tmp_path))
    alone = {"name": "from a file"}  # a page, beside which there is no run
    assert "sx.export_certificates" in methods(run(experiment=alone, path=tmp_path / "page.html"))
