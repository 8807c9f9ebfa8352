"""Bars that appear by themselves: when, where, and that they are gone at the end."""

import contextlib
import io
import signal
import sys
import time
import types

import numpy as np
import pytest

import separatrix as sx
from separatrix import _parallel, _watch
from separatrix._parallel import on_every_core
from separatrix._watch import (
    Stage,
    is_over,
    part_of_a_program,
    quiet,
    report_progress,
    unlimited,
    watching,
)

SYSTEM = sx.DiscreteMap(lambda x: x / 2, 1)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal, for `search` to write to; a bar appears after 0.1 s."""
    monkeypatch.setattr(_watch, "AFTER", 0.1)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


@contextlib.contextmanager
def output_to(out, err=None):
    """Send all output to one stream, or errors to another."""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out if err is None else err):
        yield


def search(progress=None, seconds=0.5, label="points", within=lambda: None):
    """Take some time, and tell of it once."""
    with watching(label, None, progress):
        report_progress(Stage.SOLVE, 3, 10)
        within()
        time.sleep(seconds)


def seen_at_the_end(text):
    """Return the lines that a terminal shows: it returns, erases and goes up as it is told."""
    lines, row = [""], 0
    for part in text.replace("\x1b[?25l", "").replace("\x1b[?25h", "").split("\x1b["):
        if part.startswith("2K"):
            lines[row], part = "", part[2:]
        elif part.startswith("1A"):
            row, part = row - 1, part[2:]
        elif part[:1].isdigit():  # a color
            part = part.partition("m")[2]
        for letter in part:
            if letter == "\n":
                row += 1
                lines += [""] * (row >= len(lines))
            elif letter != "\r":
                lines[row] += letter
    return [line for line in lines if line.strip()]


def test_a_bar_appears_and_goes_away(terminal):
    with output_to(terminal):
        search()
    shown = terminal.getvalue()
    assert "points" in shown and "solve 3/10" in shown
    assert seen_at_the_end(shown) == []


def test_a_short_search_shows_nothing(terminal):
    with output_to(terminal):
        search(seconds=0.0)
    assert terminal.getvalue() == ""


def test_an_interrupted_search_takes_its_bar_away(terminal):
    def interrupt():
        time.sleep(0.5)
        raise KeyboardInterrupt

    with output_to(terminal), pytest.raises(KeyboardInterrupt):
        search(within=interrupt)
    assert "points" in terminal.getvalue() and seen_at_the_end(terminal.getvalue()) == []
    with output_to(terminal):
        search(label="others")  # the next one shows its own
    assert "others" in terminal.getvalue()


def test_a_search_within_a_search_shows_no_bar_of_its_own(terminal):
    with output_to(terminal):
        search(within=lambda: search(label="inner"))
    assert "points" in terminal.getvalue() and "inner" not in terminal.getvalue()


@pytest.mark.parametrize("progress", [False, lambda *news: None])
def test_who_asks_for_no_bar_sees_none(terminal, progress):
    with output_to(terminal):
        search(progress, within=search)
    assert terminal.getvalue() == ""


def test_no_bar_appears_beside_another_one(terminal):
    with output_to(terminal), quiet():
        search()
    assert terminal.getvalue() == ""
    with output_to(terminal), _watch.progress_bar("study"):
        search()
    assert "study" in terminal.getvalue() and "points" not in terminal.getvalue()


@pytest.mark.parametrize("streams", [(io.StringIO, Terminal), (Terminal, io.StringIO)])
def test_no_bar_appears_where_output_goes_to_a_file(terminal, streams):
    out, err = (kind() for kind in streams)
    with output_to(out, err):
        search()
    assert out.getvalue() == err.getvalue() == ""


def test_no_bar_appears_in_a_worker(terminal, monkeypatch):
    monkeypatch.setattr(_watch.multiprocessing, "parent_process", lambda: "the one that began it")
    with output_to(terminal):
        search()
    assert terminal.getvalue() == ""


def test_a_notebook_shows_the_bar_below_the_cell(monkeypatch):
    shown = []

    class Handle:
        def update(self, looks, raw):
            shown.append(looks["text/html"])

    kernel = types.SimpleNamespace(kernel=None)
    monkeypatch.setattr(_watch, "AFTER", 0.1)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: kernel))
    monkeypatch.setitem(
        sys.modules, "IPython.display", types.SimpleNamespace(display=lambda *_, **__: Handle())
    )
    search()
    assert 'value="3" max="10"' in shown[0] and shown[-1] == ""


@pytest.mark.parametrize(
    "analysis",
    [
        lambda **asked: sx.find_fixed_points(SYSTEM, np.ones((2, 1)), **asked),
        lambda **asked: sx.find_cycles(SYSTEM, np.ones((2, 1)), **asked),
        lambda **asked: sx.verdict(SYSTEM, np.ones((4, 1)), **asked),
    ],
)
def test_analyses_show_bars_by_themselves(terminal, monkeypatch, analysis):
    bars = []

    @contextlib.contextmanager
    def noted(label):
        bars.append(label)
        yield lambda *news: None

    monkeypatch.setattr(_watch, "_appearing_bar", noted)
    with output_to(terminal):
        analysis(progress=False)
        assert bars == []
        analysis()
    assert len(bars) == 1


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_the_first_ctrl_c_ends_the_analysis_and_the_second_the_program():
    with watching("points", None, False), watching("inner", None, False):
        assert not is_over()
        with pytest.warns(UserWarning, match="Ctrl-C"):
            press_ctrl_c()
        assert is_over()
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not is_over()


def test_ctrl_c_ends_a_program_at_once():
    with part_of_a_program(), watching("points", None, False), pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_a_program_that_handles_ctrl_c_itself_goes_on_doing_so():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        with watching("points", None, False):
            press_ctrl_c()
            assert pressed and not is_over()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_limit_reaches_what_is_called_within_and_the_threads_of_the_pool(monkeypatch):
    monkeypatch.setattr(_parallel, "cores", lambda: 4)
    with watching("points", 1e-9, False), watching("inner", 1e6, False):
        assert on_every_core(lambda _: is_over(), range(64)) == [True] * 64
        with unlimited():
            assert not is_over()
    assert on_every_core(lambda _: is_over(), range(64)) == [False] * 64
