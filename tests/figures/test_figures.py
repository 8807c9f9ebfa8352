import dataclasses

import jax
import matplotlib as mpl
import numpy as np
import pypdf
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from sample_records import RECORDS, fixed_points

import separatrix as sx
from separatrix import figures

PLANE = sx.Flow(lambda x: x - x**3, size=2)


def fixed_points_figure(points="fixed_points"):
    given = (points, "activity", "principal_components")
    points, activity, space = (RECORDS[x] if isinstance(x, str) else x for x in given)
    return figures.fixed_points(points, activity, space[:2])


DRAW = {
    "training": lambda: figures.training(RECORDS["history"], ideal_accuracy=0.9),
    "fixed_points": fixed_points_figure,
    "spectrum": lambda: figures.spectrum(RECORDS["linearization"], 1),
}


def all_text(figure):
    return "\n".join(t.get_text() for t in figure.findobj(Text))


@pytest.mark.parametrize("name", ["training", "fixed_points"])
def test_files_are_the_same_bytes_every_time(name, tmp_path):
    once, again = tmp_path / "1", tmp_path / "2"
    for directory in (once, again):
        directory.mkdir()
        figure = DRAW[name]()
        paths = figures.save(figure, directory, name)
        paths += figures.save(figure, directory / f"{name}.pdf")
        assert [p.name for p in paths] == [f"{name}.{ending}" for ending in ("png", "svg", "pdf")]
        assert sorted(paths) == sorted(directory.iterdir())
    for path in once.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()
    rasterized = b"<image" in (once / f"{name}.svg").read_bytes()
    assert rasterized == (name == "fixed_points")  # where there are thousands of lines


def test_global_settings_and_pyplot_are_left_alone(tmp_path):
    import sys

    def settings():
        # asking for the backend would choose one, through pyplot
        return {key: mpl.rcParams[key] for key in mpl.rcParams if key != "backend"}

    before = settings()
    figures.save(DRAW["spectrum"](), tmp_path, "s", ["svg"])
    assert settings() == before
    assert "matplotlib.pyplot" not in sys.modules


def test_text_stays_text_in_pdf_and_svg(tmp_path):
    figures.save(DRAW["spectrum"](), tmp_path, "s", ["pdf", "svg"])
    (page,) = pypdf.PdfReader(tmp_path / "s.pdf").pages
    drawing = (tmp_path / "s.svg").read_text(encoding="utf-8")
    for said in ("|μ| = 1: stable inside", "Re μ", "integrating mode: μ = "):
        assert said in page.extract_text() and said in drawing
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts and "/Type3" not in {font["/Subtype"] for font in fonts}  # cannot be edited


@pytest.mark.parametrize("where", [("", "s", ["docx"]), ("s",), (".",), ("nowhere", "s")])
def test_saving_that_cannot_work(tmp_path, where):
    place, *rest = where
    with pytest.raises(sx.InvalidInputError):
        figures.save(DRAW["spectrum"](), tmp_path / place, *rest)


def test_numbers_of_the_records_are_in_the_figures():
    record, linear = RECORDS["psychometric"], RECORDS["linearization"]
    assert f"{record.mean_accuracy:.3f}" in all_text(figures.psychometric(record))
    slowest = linear.eigenvalues[1][np.argmin(np.abs(linear.eigenvalues[1] - 1))]
    spectrum = all_text(DRAW["spectrum"]())
    assert f"μ = {slowest.real:.4g}".replace("-", "−") in spectrum and "|μ| = 1" in spectrum
    lin = sx.linearize(sx.Flow(lambda x: -x + 0.5 * x[::-1], 6, tau=50.0), np.zeros((1, 6)))
    flow = all_text(figures.spectrum(lin))
    assert "Re λ = 0" in flow and "τ = 100 ms" in flow  # λ = −1/2 in units of 1/τ, τ = 50 ms


def test_points_far_away_are_counted_not_drawn():
    first = RECORDS["activity"].flat_states[0]
    figure = fixed_points_figure(fixed_points(np.stack([first, first + 1e3]), ["fixed", "slow"]))
    assert "1 point lies outside this view" in all_text(figure)
    assert np.ptp(figure.axes[0].get_xlim()) < 100


def trials_of(task, choice=0):
    """Six trials of a task, with the activity of a network that does nothing."""
    drawn = task.trials(6, key=jax.random.key(0))
    shape = drawn.inputs.shape[:2]
    return sx.records.Activity(
        states=np.zeros((*shape, 2)),
        outputs=np.zeros((*shape, task.num_outputs)),
        inputs=drawn.inputs,
        choice=np.full(6, choice),
        conditions=dict(drawn.conditions),
        dt=task.dt,
        inside=drawn.inside,
    )


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


def test_a_trial_is_shaded_as_long_as_it_lasts():
    """Of trials with delays of 200 and 800 ms each has its own periods, and nothing after them."""
    task = sx.tasks.DelayComparison(dt=100.0, delay=[200.0, 800.0])
    record, periods = trials_of(task), task.period_steps().items()
    fixed = sum(stop - first for name, (first, stop) in periods if name != "delay")
    delays = np.asarray(record.conditions["delay"], float)
    for delay, axes in zip(delays, figures.trials(record, task).axes[:3], strict=False):
        ends = [patch.get_x() + patch.get_width() for patch in axes.patches if patch.get_fill()]
        assert max(ends) == pytest.approx(fixed * task.dt + delay)


def test_the_shades_of_periods_are_those_of_the_legend():
    """Without a delay there is neither a shade of one nor an entry."""
    task = sx.tasks.PerceptualDecisionMaking(delay=0.0)
    for drawn in (figures.trials(trials_of(task), task), figures.trials(task)):
        spans = [patch for patch in drawn.axes[0].patches if isinstance(patch, Rectangle)]
        colors = {span.get_x(): to_hex(span.get_facecolor()) for span in spans}
        (legend,) = drawn.legends
        shown = [to_hex(patch.get_facecolor()) for patch in legend.get_patches()]
        assert shown == [colors[start] for start in (0.0, 100.0, 2100.0)]
        names = [text.get_text() for text in legend.get_texts()]
        assert names == ["fixation", "stimulus", "decision"]


def test_answers_are_named_as_the_task_names_them_and_only_where_there_are_any():
    task = sx.tasks.DelayComparison()
    said = titles(figures.trials(trials_of(task, choice=2), task))
    assert "answer: second larger" in said[0] and "correct: " in said[0]
    held = sx.tasks.FlipFlop(bits=2, duration=1000.0)
    assert not any(titles(figures.trials(trials_of(held), held, softmax=False)))


def test_many_channels_are_an_image_not_a_legend():
    task = sx.tasks.Yang2019(dt=100.0)
    drawn = figures.trials(trials_of(task), task, softmax=False)
    assert all(len(axes.images) == 1 for axes in drawn.axes[:6])
    assert not any(axes.get_legend() for axes in drawn.axes)
    said = [title.split("\n")[0] for title in titles(figures.trials(task, num_trials=2))[:2]]
    assert {text.removeprefix("rule: ") for text in said} <= set(sx.tasks.RULES)


def test_a_task_by_itself_says_what_distinguishes_its_trials_and_ends_where_they_end():
    task = sx.tasks.ContextDecisionMaking()
    drawn, said = figures.trials(task), task.trials(3, key=jax.random.key(0)).conditions
    for k, axes in enumerate(drawn.axes[:3]):
        assert f"{said['signed_coherence_2'][k]:g} %" in axes.get_title()
        end = axes.patches[0].get_data().edges[-1]
        assert end == 300.0 + 700.0 + float(said["delay"][k]) + 100.0


def test_the_penalty_of_regularizers_is_drawn_beside_the_loss():
    history = RECORDS["history"]
    penalized = dataclasses.replace(history, penalty=0.1 * np.asarray(history.loss))
    free, paid = (
        {line.get_label(): line for line in figures.training(one).axes[0].lines}
        for one in (dataclasses.replace(history, penalty=None), penalized)
    )
    (added,) = set(paid) - set(free)
    np.testing.assert_allclose(paid[added].get_ydata(), 0.1 * history.epochs()["loss"])


def test_activity_is_drawn_by_choice_unless_it_is_not_to_be():
    given = RECORDS["activity"], RECORDS["principal_components"][:2]
    assert "choice" in all_text(figures.activity(*given))
    assert "choice" not in all_text(figures.activity(*given, by_choice=False))


def test_many_epochs_are_drawn_as_few_means_and_a_band_of_the_batches():
    accuracy = np.random.default_rng(0).uniform(size=2505)  # 251 epochs, the last of 5 steps
    history = sx.records.History(loss=1 + accuracy, accuracy=accuracy, epoch_steps=10)
    bottom = figures.training(history).axes[1]
    (line,) = (x for x in bottom.lines if x.get_label() == "mean of 3 epochs")
    times, means = line.get_data()
    assert len(means) == 84 and line.get_marker() == "None"
    np.testing.assert_allclose(means[[0, -1]], [accuracy[:30].mean(), accuracy[-15:].mean()])
    np.testing.assert_allclose(times[[0, -1]], [15.5, (2491 + 2505) / 2])
    (band,) = (x for x in bottom.collections if x.get_label() == "90 % of the batches")
    edges = band.get_paths()[0].vertices
    assert edges[edges[:, 0] == 15.5][:, 1].max() == pytest.approx(np.percentile(accuracy[:30], 95))
    few = figures.training(dataclasses.replace(history, epoch_steps=30)).axes[1]
    assert few.get_legend_handles_labels()[1] == ["each batch", "mean of an epoch"]


@pytest.mark.parametrize(
    ("draw", "word"),
    [
        (lambda: figures.bifurcation_diagram(RECORDS["branches"], direction=-1), "direction"),
        (lambda: figures.phase_portrait(PLANE, limits=np.full((20, 2), np.nan)), "limits"),
        (lambda: figures.phase_portrait(PLANE, limits=""), "limits"),
    ],
)
def test_numbers_that_draw_nothing_are_refused(draw, word):
    with pytest.raises(sx.InvalidInputError, match=word) as found:
        draw()
    assert len(str(found.value)) <= 500
