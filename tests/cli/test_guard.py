"""What the command line says when the machine or the user stops it."""

import errno
import os
import signal
import subprocess
import sys

import pytest

import separatrix as sx
from separatrix.store.integrity import write_digests

COMMAND = [sys.executable, "-m", "separatrix"]


@pytest.fixture
def stopped_by(run, tmp_path, monkeypatch):
    """Run the report of a run whose drawing meets an error."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "experiment.toml").write_text('name = "one"\n')
    write_digests(tmp_path / "one")

    def stopped_by(error):
        def stop(*found):
            raise error

        monkeypatch.setattr("separatrix.cli.commands._draw", stop)
        return run("report", tmp_path / "one")

    return stopped_by


def system(number, *places):
    return OSError(number, os.strerror(number), *places)


def assert_is_a_line(done, said):
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith("separatrix: ") and said in done.stderr


@pytest.mark.parametrize("verb", ["run", "report", "analyze"])
def test_a_name_that_the_system_refuses(run, tmp_path, verb):
    path = tmp_path / ("a" * 300)
    done = run(verb, *(("yang2020", "--out") if verb == "run" else ()), path)
    assert_is_a_line(done, "255 bytes")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (system(errno.EACCES, "/there"), " /there"),
        (system(errno.ENOSPC, b"/there"), " /there"),
        (system(errno.EXDEV, "/there", None, "/here"), " /there or /here"),
        (system(errno.EMFILE), ""),
    ],
    ids=lambda value: errno.errorcode[value.errno] if isinstance(value, OSError) else "",
)
def test_what_the_system_refuses_is_told_in_a_line(stopped_by, error, said):
    assert_is_a_line(stopped_by(error), f"{said}: {error.strerror}")


@pytest.mark.parametrize("error", [TypeError("a mistake"), OSError("could not get source code")])
def test_mistakes_of_the_package_keep_their_traceback(stopped_by, error):
    done = stopped_by(error)
    assert done.exception is error
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="has other pipes")
def test_a_closed_pipe_in_a_process_of_its_own():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, "list"], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (sx.InvalidInputError("cannot write."), 2)]
)
def test_a_report_that_is_stopped_says_what_stands(stopped_by, tmp_path, error, code):
    done = stopped_by(error)
    assert done.exit_code == code and str(tmp_path / "one") in done.stderr


def test_a_second_ctrl_c_hides_nothing_of_the_first(run, tmp_path, monkeypatch):
    def analyze(*given, **options):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as first:
            first.add_note("It goes on with --resume.")
            raise KeyboardInterrupt from None

    monkeypatch.setattr("separatrix.experiment.reanalyze", analyze)
    done = run("analyze", tmp_path)
    assert done.exit_code == 130 and "It goes on with --resume." in done.stderr


HUNG_UP = """
import signal, sys, time
from separatrix._stopping import exit_code, stop_if_asked, stop_signals, stopped_by
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[2]))  # as nohup does, or not
with stopped_by(*stop_signals()):
    print("at work", flush=True)
    try:
        for _ in range(30):
            time.sleep(0.1)
            stop_if_asked()
        open(sys.argv[1], "w").write("went on")
    except KeyboardInterrupt:
        print("kept", flush=True)
        open(sys.argv[1], "w").write("kept")
        sys.exit(exit_code())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
@pytest.mark.parametrize(("before", "said"), [("SIG_DFL", "kept"), ("SIG_IGN", "went on")])
def test_a_terminal_that_is_closed_stops_a_command_as_a_signal_does(before, said, tmp_path):
    """Twice, as the terminal and its shell both send it; what is printed goes nowhere."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", HUNG_UP, tmp_path / "said", before]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs) as one:
        os.close(theirs)
        with open(ours, "rb", closefd=False) as heard:  # the whole line, or its writer fails
            assert b"at work" in heard.readline()
        os.close(ours)
        one.send_signal(signal.SIGHUP)
        one.send_signal(signal.SIGHUP)
        assert one.wait(timeout=60) == (129 if said == "kept" else 0)
    assert (tmp_path / "said").read_text() == said


def test_a_link_to_itself_is_refused(run, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for arguments in (
        ("run", "yang2020", "--out", tmp_path / "loop"),
        ("status", tmp_path / "loop"),
    ):
        assert_is_a_line(run(*arguments), "loop")
