"""The examples of pages that need other libraries run (`make test-interop`)."""

import os
import subprocess
import sys
import warnings

import notebook_cells
import page_code
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
PAGES = tuple(
    f"how-to/{name}"
    for name in (
        *("an-agent-trained-by-reinforcement", "coming-from-another-tool"),
        *("models-from-elsewhere", "networks-made-elsewhere"),
        *("pytorch-from-a-to-z", "your-own-network"),
    )
)
NEEDED = [
    pytest.param(page, library, id=f"{page}-{library}")
    for page in PAGES
    for library in sorted({needed for needed, _ in page_code.blocks(f"docs/{page}")} - {""})
]


@pytest.mark.parametrize(("page", "library"), NEEDED)
def test_the_blocks_of_a_library_run(page, library, tmp_path, monkeypatch):
    pytest.importorskip(library, exc_type=ImportError)
    monkeypatch.chdir(tmp_path)  # pages save weights
    (tmp_path / "tests").symlink_to(page_code.ROOT / "tests")
    if page == "how-to/pytorch-from-a-to-z":
        (tmp_path / "my_module.py").write_text(
            (page_code.ROOT / "examples/my_module.py").read_text()
        )
        subprocess.run([sys.executable, "my_module.py"], check=True)
        monkeypatch.syspath_prepend(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        page_code.run(f"docs/{page}", library)


def test_no_page_is_left_out():
    docs = page_code.ROOT / "docs"
    pages = [path.relative_to(docs).with_suffix("").as_posix() for path in docs.rglob("*.md")]
    needing = {p for p in pages if any(needed for needed, _ in page_code.blocks(f"docs/{p}"))}
    # The code of the one needs a cluster, that of the other is run in `test_dsa.py`.
    assert needing - {"how-to/cluster", "how-to/many-networks"} == set(PAGES)


def test_the_notebook_from_a_to_z_proves_its_points(tmp_path):
    pytest.importorskip("torch")
    printed, pictures = notebook_cells.run("pytorch_from_a_to_z.py", tmp_path)
    assert "9 fixed, 0 slow" in printed and "translated from PyTorch in float64" in printed
    assert "folds at" in printed and pictures == 1
