"""What the command line says when the machine or the user stops it."""

import errno
import os
import subprocess
import sys

import pytest

import separatrix as sx
from separatrix.store.integrity import write_digests


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
    done = subprocess.run(
        [sys.executable, "-m", "separatrix", "list"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
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


def test_a_link_to_itself_is_refused(run, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for arguments in (
        ("run", "yang2020", "--out", tmp_path / "loop"),
        ("status", tmp_path / "loop"),
    ):
        assert_is_a_line(run(*arguments), "loop")
