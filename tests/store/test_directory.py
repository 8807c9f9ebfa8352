import pytest

import separatrix as sx
from separatrix.store import new_directory
from separatrix.store.directory import discard_partial


def make_run(path, mark="old"):
    path.mkdir(parents=True)
    (path / "experiment.toml").write_text(f'name = "{mark}"\n')
    return path


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def refused(text):
    return pytest.raises(sx.InvalidInputError, match=text)


def test_it_appears_when_complete(tmp_path):
    out = tmp_path / "deep" / "er" / "run"
    with new_directory(out) as directory:
        assert not out.exists()
        assert directory.parent == out.parent
        (directory / "file").write_text("x")
    assert names(out) == ["file"]
    assert names(out.parent) == ["run"]
    (tmp_path / "plain").mkdir()
    assert out.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_an_interrupted_one(tmp_path, error):
    with pytest.raises(error), new_directory(tmp_path / "run") as directory:
        (directory / "file").write_text("x")
        raise error
    assert names(tmp_path) == []


def test_an_interrupted_replacement_leaves_the_old_run(tmp_path):
    old = make_run(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt), new_directory(old, force=True):
        raise KeyboardInterrupt
    assert names(tmp_path) == ["run"]
    assert "old" in (old / "experiment.toml").read_text()


def test_a_run_is_replaced_only_with_force(tmp_path):
    old = make_run(tmp_path / "run")
    with refused(r"already holds a run.*--force"), new_directory(old):
        raise AssertionError("the work must not start")
    with new_directory(old, force=True) as directory:
        (directory / "new").write_text("x")
    assert names(old) == ["new"]
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("run_too", [True, False])
def test_foreign_files_are_never_deleted(tmp_path, run_too):
    place = make_run(tmp_path / "run") if run_too else tmp_path / "run"
    place.mkdir(exist_ok=True)
    (place / "thesis.tex").write_text("precious")
    for force in (False, True):
        with refused(r"no run has written.*thesis"), new_directory(place, force=force):
            raise AssertionError("the work must not start")
    assert (place / "thesis.tex").read_text() == "precious"


def test_a_directory_filled_meanwhile_is_not_overwritten(tmp_path):
    with refused("no run has written"), new_directory(tmp_path / "run") as directory:
        (directory / "file").write_text("x")
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "other").write_text("y")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["other"]


def test_unusable_places(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with refused("file is a file"):
        new_directory(tmp_path / "file").__enter__()
    with refused(r"cannot write .*file/run: .*file is a file"):
        new_directory(tmp_path / "file" / "run").__enter__()
    monkeypatch.chdir(tmp_path)
    with refused("current directory"):
        new_directory(".", force=True).__enter__()


def test_one_run_does_not_replace_several(tmp_path):
    place = make_run(tmp_path / "all")
    for name in ("one", "two"):
        make_run(place / name)
    with refused("holds the runs one, two, which one run does not replace"):
        new_directory(place, force=True).__enter__()
    assert names(place) == ["experiment.toml", "one", "two"]


def test_a_run_whose_name_goes_on_after_a_dot_is_another(tmp_path):
    for name in (".run.2.abcd_123.partial", ".run.abcd_123.partial"):
        (tmp_path / name).mkdir()
    discard_partial(tmp_path, "run")
    assert names(tmp_path) == [".run.2.abcd_123.partial"]
