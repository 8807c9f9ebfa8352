"""Pictures of pages, drawn by the pages' own code when the site is built, and kept.

A page that shows a picture which is not in docs/ draws it: one of its blocks of Python saves a file
of that name, `sx.figures.save(figure, "saddle.png")`. The page is run in a folder of its own, and
what it saves is kept in `.cache/docs`, under a digest of its code, of the package and of
`constraints.txt`.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
KEPT = ROOT / ".cache" / "docs"
PICTURE = re.compile(r"!\[[^\]]*\]\(([\w./-]+\.png)\)")
BLOCK = re.compile(r"(?ms)(?:^<!-- needs (\w+) -->\n)?^```python\n(.*?)^```$")
LIMIT = 300
"""Seconds that a page may take."""


def drawn_by(page: Path) -> dict[str, Path]:
    """Return the pictures that a page draws, by their names on it; raise where one is not drawn."""
    text = page.read_text(encoding="utf-8")
    names = [name for name in PICTURE.findall(text) if not (page.parent / name).exists()]
    if not names:
        return {}
    code = "\n".join(block for needed, block in BLOCK.findall(text) if not needed)
    folder = KEPT / _digest(page.name + code)
    if not folder.exists():
        _run(code, folder, page)
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise FileNotFoundError(f"{page.name} shows {missing[0]}, which its code does not save.")
    return {name: folder / name for name in names}


def _run(code: str, folder: Path, page: Path) -> None:
    """Run the code of a page, and keep the pictures that it saves."""
    with tempfile.TemporaryDirectory() as temporary:
        (Path(temporary) / "tests").symlink_to(ROOT / "tests")  # some pages read its networks
        environment = {**os.environ, "MPLBACKEND": "agg"}
        environment.setdefault("SEPARATRIX_CACHE_DIR", str(ROOT / ".cache" / "compiled"))
        begin = "import separatrix as sx\nsx.enable_compilation_cache()\n"
        done = subprocess.run(
            [sys.executable, "-c", begin + code],
            cwd=temporary, env=environment, capture_output=True, text=True, timeout=LIMIT,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"the code of {page.name} fails:\n{done.stderr[-2000:]}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent))
        for picture in Path(temporary).glob("*.png"):
            shutil.copy(picture, partial)
        partial.replace(folder)


def _digest(code: str) -> str:
    return hashlib.sha256((code + _of_package()).encode()).hexdigest()[:24]


@cache
def _of_package() -> str:
    total = hashlib.sha256((ROOT / "constraints.txt").read_bytes())
    for path in sorted((ROOT / "src").rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()
