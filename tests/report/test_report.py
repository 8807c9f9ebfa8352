import dataclasses
import html.parser
import re
from pathlib import Path

import numpy as np
import pytest
from sample_records import RECORDS, fixed_points, network

import separatrix as sx
from separatrix.analysis import Analyses
from separatrix.report import key_numbers, write_figures, write_report
from separatrix.report.sections import ORDER, shown_sections, spectrum
from separatrix.report.story import Story
from separatrix.store import Run

EXPERIMENT = {
    "name": "small <run>",
    "seed": 7,
    "task": {"name": "PerceptualDecisionMaking", "dt": 100.0},
    "training": {"steps": 5},
    "analysis": {"question": {"claim": "line"}},
}
ALL = list(ORDER)


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
        if "style" not in self.open:
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
    assert len(whole.sources) == len(list(shown_sections(Story(run()))))
    assert all(source.startswith("data:image/png;base64,") for source in whole.sources)
    assert all(link.startswith("#") and link[1:] in whole.ids for link in whole.links)
    assert set(ALL) <= set(whole.ids)
    assert whole.open == []


def test_no_address_of_the_network_is_in_the_page(written):
    without_pictures = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]*", "", written)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script", without_pictures)


def test_texts_come_from_the_run(whole):
    record = RECORDS["psychometric"]
    for said in (
        "small <run>",
        f"answers {100 * record.mean_accuracy:.1f} % of {int(record.num_trials.sum())} new trials",
        "holds 2 fixed points",
        "2 slow points; whether a fixed point is missing is not known",
        "1 × left for <infinity> & more",
        "are fixed points missing?not known: coverage 0.75",
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
        ({}, [], ["The run holds no results", "was not tested", "none were searched"]),
        (only("history"), ["training"], ["trained for 5 steps, was not tested"]),
        (
            only("history", "activity"),
            ["trials", "training", "activity", "condition_averages"],
            ["no psychometric curve"],
        ),
        (
            only("activity", "components") | {"fixed_points": RECORDS["fixed_points"][:0]},
            ["trials", "activity", "condition_averages"],
            ["No point was found from 3 candidates", "holds no fixed points and no slow points"],
        ),
        (
            only("fixed_points"),
            ["speeds", "tolerance"],
            ["2 fixed points", "no linearization", "does without 1 rejected candidate as this"],
        ),
        (only("linearization"), ["spectrum"], ["of all points its integrating mode keeps"]),
    ],
)
def test_runs_that_lack_parts(tmp_path, records, drawn, said):
    shown = page(tmp_path, records)
    assert len(shown.sources) == len(drawn)
    for sentence in said:
        assert sentence in shown.text
    assert [section.name for section in shown_sections(Story(run(records)))] == drawn


def test_a_run_of_another_task(tmp_path):
    """Without a task that is known, and with conditions that are not those of a decision."""
    activity = RECORDS["activity"][:4]
    other = sx.records.Activity(
        states=activity.states,
        outputs=activity.outputs,
        inputs=activity.inputs,
        choice=activity.choice,
        conditions={"delay": np.arange(4.0)},
        dt=activity.dt,
    )
    shown = page(tmp_path, {"activity": other}, {"task": {"name": "Juggling"}})
    assert len(shown.sources) == 2
    assert "need the activity of a decision between two choices" in shown.text


def test_the_shown_point_is_fixed_where_one_is():
    points, linear = RECORDS["fixed_points"], RECORDS["linearization"]
    story = Story(run())
    assert points.kind[story.shown_point] == "fixed"
    part = Story(run({**RECORDS, "linearization": linear[2:]}))
    assert part.shown_point in (2, 3)
    slow = fixed_points(points.states, ["slow"] * 4)
    shown = story.shown_point
    away = points.states.copy()
    away[shown] *= 1e3
    far = {"fixed_points": dataclasses.replace(points, states=away)}
    far["linearization"] = dataclasses.replace(linear, states=away)
    elsewhere = Story(run({**RECORDS, **far}))
    assert elsewhere.shown_point != shown and points.kind[elsewhere.shown_point] == "fixed"
    assert "; of the fixed points its" in spectrum.SECTION.caption(story)
    assert "; of the fixed points near the activity its" in spectrum.SECTION.caption(elsewhere)
    middle = Story(run({**RECORDS, "fixed_points": slow})).shown_point
    assert middle == slow.middle(np.asarray(RECORDS["components"].components)[0])


def test_key_numbers():
    rows = dict(key_numbers(run()))
    assert rows["fixed points"] == "2 (1 stable, 1 saddle)"
    assert rows["fixed points proved to exist"] == "2"
    assert rows["slow points proved not to be fixed"] == "0"
    assert rows["candidates"] == "3, of which 1 rejected"
    assert rows["accuracy of the ideal observer"] == "89.6 %"
    assert key_numbers(run({})) == []


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"complete": True, "index_sum": 1, "coverage": 1.0}, "complete (proved)"),
        (
            {"index_sum": 1, "coverage": 0.987},
            "not known: index sum 1 (consistent with a complete set, no proof), coverage 0.99",
        ),
        ({"index_sum": 3, "coverage": 0.5}, "yes: index sum 3, coverage 0.50"),
        ({"completeness": "no box holds them all; so no sum"}, "not known: no box holds them all"),
        ({}, "not known: not examined"),
    ],
)
def test_what_is_known_of_missing_fixed_points(known, said):
    plain = {"complete": False, "index_sum": None, "coverage": None, "completeness": ""}
    points = dataclasses.replace(RECORDS["fixed_points"], **(plain | known))
    story = Story(run({"fixed_points": points, "activity": RECORDS["activity"]}))
    rows = dict(key_numbers(story.run))
    assert rows["are fixed points missing?"].startswith(said)
    text = " ".join(str(section.caption(story)) for section in shown_sections(story))
    assert ("proved that no fixed point is missing" in text) == ("complete" in known)
    if "index_sum" in known:
        assert f"those of the points found add up to {known['index_sum']}" in text
    if "completeness" in known:
        assert f"Completeness: {known['completeness']}." in text


def test_key_numbers_fit_on_a_line():
    points = fixed_points(RECORDS["activity"].flat_states[:2], ["fixed", "slow"])
    object.__setattr__(points, "completeness", "a sentence that goes on; " * 9)
    object.__setattr__(points, "outcome_reasons", np.array(["word " * 40] * 3))
    rows = key_numbers(run({**RECORDS, "fixed_points": points}))
    assert all(len(value) <= 60 for _, value in rows), rows
    assert dict(rows)["are fixed points missing?"] == "not known: coverage 0.75"
    assert dict(rows)["rejected"].endswith("word …")


def linearized(*eigenvalues, dt=10.0):
    """The linearization of a map with these eigenvalues, a complex one with its conjugate."""
    blocks = []
    for value in map(complex, eigenvalues):
        a, b = value.real, value.imag
        blocks.append(np.array([[a, -b], [b, a]]) if b else np.array([[a]]))
    J = np.zeros((sum(map(len, blocks)),) * 2)
    at = 0
    for block in blocks:
        J[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return sx.linearize(sx.DiscreteMap(lambda x: J @ x, len(J), dt), np.zeros((1, len(J))))


@pytest.mark.parametrize(
    ("eigenvalues", "said"),
    [
        ((0.5, 0.2), "14.4 ms (decay)"),
        ((0.5, 1.25), "44.8 ms (growth)"),
        ((0.7, -0.9), "94.9 ms (decay)"),
        ((0.7, 0.9j), "94.9 ms (decay)"),
        ((0.5, 1.0), "infinite"),
        ((0.0,), "0 ms (decay)"),
        ((0.999,), "9.99 s (decay)"),
    ],
)
def test_the_slowest_time_constant_is_that_of_the_mode_nearest_to_the_unit_circle(
    eigenvalues, said
):
    rows = dict(key_numbers(run({"linearization": linearized(*eigenvalues)})))
    assert rows["slowest time constant (|μ| nearest 1)"] == said
    assert rows["point of the linearization"].startswith("0 (")


def test_the_integrating_mode_is_the_one_nearest_to_one():
    lin = linearized(-0.99, 0.8, 0.9j)
    rows = dict(key_numbers(run({"linearization": lin})))
    assert rows["integrating mode (nearest 1)"] == "0.8, decays with τ = 44.8 ms"
    assert rows["slowest time constant (|μ| nearest 1)"] == "995 ms (decay)"


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(sx.InvalidInputError, match=r"cannot write .*nowhere"):
        write_report(run({}), tmp_path / "nowhere" / "r.html")
    (tmp_path / "figures").write_text("")
    with pytest.raises(sx.InvalidInputError, match=r"cannot write .*figures: File exists"):
        write_figures(run({}), tmp_path)


def test_points_are_counted_by_their_unstable_directions():
    rows = dict(key_numbers(run({"fixed_points": cube()})))
    assert rows["fixed points"] == "27 (19 saddles, 8 stable)"
    assert rows["unstable directions of fixed points"] == "8 × 0, 12 × 1, 6 × 2, 1 × 3"
    assert "unstable directions of fixed points" not in dict(key_numbers(run()))


def cube():
    """The points of three bits, each with as many unstable directions as it has zeros."""
    states = np.stack(np.meshgrid(*3 * [[-1.0, 0.0, 1.0]]), -1).reshape(-1, 3)
    unstable = (states == 0).sum(1)
    points = fixed_points(states, ["fixed"] * 27)
    stability = np.where(unstable > 0, "saddle", "stable")
    return dataclasses.replace(points, n_unstable=unstable, stability=stability)


def test_what_was_asked_for_in_vain_is_among_the_key_numbers():
    outcomes = Analyses(
        np.array(["lyapunov_spectrum", "branches", "topology", "slow_curve"]),
        np.array(["skipped", "failed", "skipped", "done"]),
        np.array(["it was switched off.", "ValueError: no", "no fixed point was found.", ""]),
    )
    experiment = EXPERIMENT | {"analysis": {"questions": ["topology"]}}
    assert key_numbers(run({"analyses": outcomes}, experiment)) == [
        ("branches (failed)", "ValueError: no"),
        ("topology (skipped)", "no fixed point was found."),
    ]
