import pytest

import separatrix as sx
from separatrix.store import new_directory


def make_run(path):
    path.mkdir(parents=True)
    (path / "experiment.toml").write_text('name = "old"\n')
    return path


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def refused(word, path, **options):
    """The work does not start."""
    with pytest.raises(sx.InvalidInputError, match=word):
        new_directory(path, **options).__enter__()


def test_it_appears_when_complete(tmp_path):
    out = tmp_path / "deep" / "er" / "run"
    with new_directory(out) as directory:
        assert not out.exists() and directory.parent == out.parent
        (directory / "file").write_text("x")
    assert (names(out), names(out.parent)) == (["file"], ["run"])
    (tmp_path / "plain").mkdir()
    assert out.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_left_of_an_interrupted_one(tmp_path, error, replaced):
    if replaced:
        make_run(tmp_path / "run")
    with pytest.raises(error), new_directory(tmp_path / "run", force=replaced) as directory:
        (directory / "file").write_text("x")
        raise error
    assert names(tmp_path) == ["run"] * replaced
    assert not replaced or names(tmp_path / "run") == ["experiment.toml"]


def test_a_run_is_replaced_only_with_force(tmp_path):
    old = make_run(tmp_path / "run")
    refused("--force", old)
    with new_directory(old, force=True) as directory:
        (directory / "new").write_text("x")
    assert (names(old), names(tmp_path)) == (["new"], ["run"])


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("run_too", [True, False])
def test_foreign_files_are_never_deleted(tmp_path, run_too, force):
    place = make_run(tmp_path / "run") if run_too else tmp_path / "run"
    place.mkdir(exist_ok=True)
    (place / "thesis.tex").write_text("precious")
    refused("thesis", place, force=force)
    assert (place / "thesis.tex").read_text() == "precious"


def test_a_directory_filled_meanwhile_is_not_overwritten(tmp_path):
    with pytest.raises(sx.InvalidInputError), new_directory(tmp_path / "run") as directory:
        (directory / "file").write_text("x")
        make_run(tmp_path / "run" / "other")
    assert (names(tmp_path), names(tmp_path / "run")) == (["run"], ["other"])


def test_unusable_places(tmp_path):
    (tmp_path / "file").write_text("x")
    refused("file is a file", tmp_path / "file")
    refused("file is a file", tmp_path / "file" / "run")


def test_one_run_does_not_replace_several(tmp_path):
    place = make_run(tmp_path / "all")
    for name in ("one", "two"):
        make_run(place / name)
    refused("one, two", place, force=True)
    assert names(place) == ["experiment.toml", "one", "two"]
