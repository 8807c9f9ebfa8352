import errno
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import separatrix as sx
from separatrix._files import read_npz, written_in_one_piece

OLD = "what was there before"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "file").write_text(OLD)
    return tmp_path / "file"


def untouched(file):
    return [p.name for p in file.parent.iterdir()] == ["file"] and file.read_text() == OLD


def test_what_the_system_refuses_while_a_file_is_written(file):
    with pytest.raises(sx.InvalidInputError), written_in_one_piece(file) as temporary:
        temporary.write_text("half of")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(temporary))
    assert untouched(file)


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_is_no_folder_for_compiled_programs(file, below):
    with pytest.raises(sx.InvalidInputError, match="cannot write"):
        sx.enable_compilation_cache(file / below)
    assert untouched(file)


@pytest.mark.parametrize(
    "error",
    [sx.UnreadableFileError, sx.InvalidInputError, KeyboardInterrupt, ZeroDivisionError],
)
def test_other_errors_pass_as_they_are(file, error):
    with pytest.raises(error) as caught, written_in_one_piece(file) as temporary:
        temporary.write_text("half of")
        raise (raised := error("as it is"))
    assert caught.value is raised and untouched(file)


@pytest.mark.skipif(sys.platform == "win32", reason="has no pipes in directories")
def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(sx.InvalidInputError, match="pipe"),
        written_in_one_piece(tmp_path / "pipe"),
    ):
        pass
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    "read",
    [sx.load_network, lambda path: sx.networks.from_state_dict(path, dt=1.0)],
    ids=["network", "weights"],
)
def test_a_header_that_would_fill_memory_is_not_read(tmp_path, read):
    file = tmp_path / "large.safetensors"
    with file.open("wb") as large:
        large.write((99_000_000).to_bytes(8, "little") + b'{"a":')
        large.truncate(99_000_008)
    with pytest.raises(sx.UnreadableFileError, match="99,000,000 bytes"):
        read(file)


@pytest.mark.skipif(sys.platform == "win32", reason="has no limits of files")
def test_a_full_disk_is_an_error_for_every_kind_of_file(file):
    """A process of its own, for HDF5 would end it."""
    script = """
import resource, sys
from pathlib import Path
import numpy as np
import separatrix as sx
from separatrix.report.page import write_page

layer = {"weight_ih": np.ones((9, 9)), "weight_hh": np.ones((9, 9))}
network = sx.networks.from_state_dict(layer, dt=10.0)
records = {"history": sx.records.History(np.zeros(999), np.zeros(999), 1)}
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
for write in (
    lambda path: sx.save_network(network, path),
    lambda path: sx.save_records(records, path),
    lambda path: write_page(path, "base.html", title="x" * 2000),
):
    try:
        write(Path(sys.argv[1]))
    except sx.InvalidInputError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert line.startswith(f"cannot write {file}: ") and "File too large" in line
    assert untouched(file)


def test_arrays_that_would_fill_memory_out_of_nothing_are_refused(tmp_path):
    """Zeros pack a thousand times; a header may ask for more than is there."""
    np.savez_compressed(tmp_path / "zeros.npz", a=np.zeros(2**26))
    with pytest.raises(sx.UnreadableFileError, match=r"zeros.*GiB"):
        read_npz(tmp_path / "zeros.npz")
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(80)
    with zipfile.ZipFile(tmp_path / "lies.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(sx.UnreadableFileError, match=r"a\.npy"):
        read_npz(tmp_path / "lies.npz")


def test_arrays_come_back_from_one_file_or_many(tmp_path):
    np.savez_compressed(tmp_path / "two.npz", a=np.arange(3), b=np.eye(2))
    np.save(tmp_path / "one.npy", np.arange(4.0))
    assert set(read_npz(tmp_path / "two.npz")) == {"a", "b"}
    assert np.array_equal(read_npz(tmp_path / "one.npy")["array"], np.arange(4.0))
