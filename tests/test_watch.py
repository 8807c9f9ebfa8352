"""Bars that appear by themselves: when, where, and that they are gone at the end."""

import contextlib
import io
import re
import signal
import sys
import time
import types

import pytest

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


def shown(terminal, call, err=None):
    """Call something, and return all that it writes to a terminal, or but for its errors."""
    with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(err or terminal):
        call()
    return terminal.getvalue()


def search(progress=None, seconds=0.5, label="points", within=lambda: None):
    """Take some time, and tell of it once."""
    with watching(label, None, progress):
        report_progress(Stage.SOLVE, 3, 10)
        within()
        time.sleep(seconds)


def is_gone(text):
    """Nothing is written in the line that a terminal erased last."""
    return re.sub(r"\x1b\[[?\d;]*[A-Za-z]|\s", "", text.rpartition("\x1b[2K")[2]) == ""


def test_a_bar_appears_and_goes_away(terminal):
    said = shown(terminal, search)
    assert "points" in said and "3/10" in said and is_gone(said)


def within(other):
    """Search within another context."""
    with other:
        search()


@pytest.mark.parametrize(
    ("label", "call"),
    [
        ("", lambda: search(seconds=0.0)),
        ("", lambda: search(False, within=search)),
        ("", lambda: search(lambda *news: None, within=search)),
        ("", lambda: within(quiet())),
        ("study", lambda: within(_watch.progress_bar("study"))),
        ("others", lambda: search(label="others", within=search)),
    ],
)
def test_there_is_one_bar_or_none_where_none_is_asked_for(terminal, label, call):
    said = shown(terminal, call)
    assert label in said and "points" not in said and bool(said) == bool(label)


def test_a_log_gets_a_line_for_each_stage_and_a_worker_nothing(terminal, monkeypatch):
    for out, err in ((io.StringIO(), terminal), (terminal, io.StringIO())):
        shown(out, search, err)
        assert err.getvalue() == "points: solve\n"  # one stage, however often it reports
    monkeypatch.setattr(_watch.multiprocessing, "parent_process", lambda: "the one that began it")
    before = terminal.getvalue()
    assert shown(terminal, search) == before


def test_a_notebook_shows_the_bar_below_the_cell(monkeypatch):
    shown = []
    handle = types.SimpleNamespace(update=lambda looks, raw: shown.append(looks["text/html"]))
    python = {"get_ipython": lambda: types.SimpleNamespace(kernel=None)}
    display = {"display": lambda *_, **__: handle}
    monkeypatch.setattr(_watch, "AFTER", 0.1)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(**python))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(**display))
    search()
    assert 'value="3" max="10"' in shown[0] and shown[-1] == ""


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_the_first_ctrl_c_ends_the_analysis_and_the_second_the_program():
    with watching("points", None, False), watching("inner", None, False):
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
