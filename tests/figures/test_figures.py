import dataclasses
import inspect

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


def activity():
    return RECORDS["activity"]


def plane():
    return RECORDS["principal_components"][:2]


def points():
    return RECORDS["fixed_points"]


def linear():
    return RECORDS["linearization"]


DRAW = {
    "training": lambda: figures.training(RECORDS["history"], ideal_accuracy=0.9),
    "fixed_points": lambda: figures.fixed_points(points(), activity(), plane()),
    "spectrum": lambda: figures.spectrum(linear(), 1),
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
        assert [p.name for p in paths] == [f"{name}.png", f"{name}.svg"]
        assert figures.save(figure, directory / f"{name}.pdf") == [directory / f"{name}.pdf"]
    for extension in ("png", "svg", "pdf"):
        file = f"{name}.{extension}"
        assert (once / file).read_bytes() == (again / file).read_bytes()
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


def test_saving_that_cannot_work(tmp_path):
    figure = DRAW["spectrum"]()
    with pytest.raises(sx.InvalidInputError, match=r"formats are png, svg, pdf; got 'docx'"):
        figures.save(figure, tmp_path, "s", ["docx"])
    with pytest.raises(sx.InvalidInputError, match=r"formats are png, svg, pdf; got ''"):
        figures.save(figure, tmp_path / "s")
    with pytest.raises(sx.InvalidInputError, match=r"cannot write .*s.png: No such file"):
        figures.save(figure, tmp_path / "nowhere", "s")


def test_numbers_of_the_records_are_in_the_figures():
    record = RECORDS["psychometric"]
    assert f"accuracy {record.mean_accuracy:.3f}" in all_text(figures.psychometric(record))
    spectrum = DRAW["spectrum"]()
    slowest = linear().eigenvalues[1][np.argmin(np.abs(linear().eigenvalues[1] - 1))]
    legend = "\n".join(t.get_text() for t in spectrum.legends[0].get_texts())
    assert f"integrating mode: μ = {slowest.real:.4g}".replace("-", "−") in legend
    assert "|μ| = 1: stable inside" in legend
    lin = sx.linearize(sx.Flow(lambda x: -x + 0.5 * x[::-1], 6, tau=50.0), np.zeros((1, 6)))
    flow = "\n".join(t.get_text() for t in figures.spectrum(lin).legends[0].get_texts())
    assert "Re λ = 0" in flow
    assert "decays with τ = 100 ms" in flow  # λ = −1/2 in units of 1/τ, τ = 50 ms


def test_points_far_away_are_counted_not_drawn():
    states = np.stack([activity().flat_states[0], activity().flat_states[0] + 1e3])
    far = fixed_points(states, ["fixed", "slow"])
    figure = figures.fixed_points(far, activity(), plane())
    assert "1 point lies outside this view" in all_text(figure)
    left, right = figure.axes[0].get_xlim()
    assert right - left < 100


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
    record = trials_of(task)
    drawn = figures.trials(record, task)
    fixed = sum(
        stop - first for name, (first, stop) in task.period_steps().items() if name != "delay"
    )
    for trial, axes in enumerate(drawn.axes[:3]):
        ends = [patch.get_x() + patch.get_width() for patch in axes.patches if patch.get_fill()]
        delay = float(record.conditions["delay"][trial])
        assert max(ends) == pytest.approx(fixed * task.dt + delay)


def test_the_shades_of_periods_are_those_of_the_legend():
    """Without a delay there is neither a shade of one nor an entry."""
    task = sx.tasks.PerceptualDecisionMaking(delay=0.0)
    for drawn in (figures.trials(trials_of(task), task), figures.trials(task)):
        spans = {patch.get_x(): to_hex(patch.get_facecolor()) for patch in drawn.axes[0].patches
                 if isinstance(patch, Rectangle)}  # fmt: skip
        shown = [spans[start] for start in (0.0, 100.0, 2100.0)]
        (legend,) = drawn.legends
        assert [to_hex(patch.get_facecolor()) for patch in legend.get_patches()] == shown
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


def test_a_task_by_itself_says_what_distinguishes_its_trials_and_ends_where_they_end():
    twenty = titles(figures.trials(sx.tasks.Yang2019(dt=100.0), num_trials=2))
    assert all(
        title.split("\n")[0].removeprefix("rule: ") in sx.tasks.RULES for title in twenty[:2]
    )
    task = sx.tasks.ContextDecisionMaking()
    drawn, said = figures.trials(task), task.trials(3, key=jax.random.key(0)).conditions
    for k, axes in enumerate(drawn.axes[:3]):
        assert f"signed coherence 2: {said['signed_coherence_2'][k]:g} %" in axes.get_title()
        end = axes.patches[0].get_data().edges[-1]
        assert end == 300.0 + 700.0 + float(said["delay"][k]) + 100.0


def test_the_penalty_of_regularizers_is_drawn_beside_the_loss():
    history = RECORDS["history"]
    labels = lambda h: figures.training(h).axes[0].get_legend_handles_labels()[1]  # noqa: E731
    assert "penalty of regularizers" not in labels(dataclasses.replace(history, penalty=None))
    penalized = dataclasses.replace(history, penalty=0.1 * np.asarray(history.loss))
    figure = figures.training(penalized)
    (line,) = (x for x in figure.axes[0].lines if x.get_label() == "penalty of regularizers")
    np.testing.assert_allclose(line.get_ydata(), 0.1 * history.epochs()["loss"])
    assert "choice" in all_text(figures.activity(activity(), plane()))
    assert "choice" not in all_text(figures.activity(activity(), plane(), by_choice=False))


def test_many_epochs_are_drawn_as_few_means_and_a_band_of_the_batches():
    accuracy = np.random.default_rng(0).uniform(size=2505)  # 251 epochs, the last of 5 steps
    history = sx.records.History(loss=1 + accuracy, accuracy=accuracy, epoch_steps=10)
    bottom = figures.training(history).axes[1]
    (line,) = (x for x in bottom.lines if x.get_label() == "mean of 3 epochs")
    assert len(line.get_ydata()) == 84 and line.get_marker() == "None"
    np.testing.assert_allclose(
        line.get_ydata()[[0, -1]], [accuracy[:30].mean(), accuracy[-15:].mean()]
    )
    np.testing.assert_allclose(line.get_xdata()[[0, -1]], [15.5, (2491 + 2505) / 2])
    (band,) = (x for x in bottom.collections if x.get_label() == "90 % of the batches")
    edges = band.get_paths()[0].vertices
    assert edges[edges[:, 0] == 15.5][:, 1].max() == pytest.approx(np.percentile(accuracy[:30], 95))
    few = figures.training(dataclasses.replace(history, epoch_steps=30)).axes[1]
    assert few.get_legend_handles_labels()[1] == ["each batch", "mean of an epoch"]


def required(function):
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]


@pytest.mark.parametrize("name", [n for n in figures.__all__ if n != "save"])
def test_what_is_no_such_record_is_refused_by_name(name):
    wrong, function = "x", getattr(figures, name)
    first, *others = required(function)
    expected = rf"^figures.{name}: {first} must be an? \w+( or an? \w+)?, got an? "
    with pytest.raises(sx.InvalidInputError, match=f"{expected}{type(wrong).__name__}[.]$"):
        function(wrong, *[wrong] * len(others))


def test_a_record_of_another_kind_is_told_from_the_right_one():
    with pytest.raises(sx.InvalidInputError, match="components must be a PrincipalComponents"):
        figures.fixed_points(points(), activity(), linear())
    network = sx.networks.CTRNN(3, 4, 3, key=jax.random.key(0))
    training = sx.records.Training(network, RECORDS["history"])
    with pytest.raises(sx.InvalidInputError, match=r"got a Training. Give its [.]history[.]"):
        figures.training(training)
    with pytest.raises(sx.InvalidInputError, match=r"what a function of sx\.figures gives"):
        inspect.unwrap(figures.save)("x", ".", "x")
