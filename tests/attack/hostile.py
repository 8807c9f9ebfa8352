"""Hostile places: what each changes of how a command is called."""

import contextlib
import os
import resource
import subprocess
import sys
from pathlib import Path

VERIFIER = Path(__file__).parents[2] / "tools" / "verify_certificates.py"
SLOWER_CLOCK = "import time as t; b = t.time(); t.time = lambda: b - 1e4 * t.perf_counter()\n"


class Case:
    """One command, and what a place changes of how it is called."""

    def __init__(self, root: Path, what: str):
        self.root, self.what, self.out = root, what, str(root / "out")
        self.environment, self.popen = dict(os.environ), {}
        self.twice = self.head = self.silent = False
        self.prefix, self.replaced = [], []

    def of(self, **names):
        for name, value in names.items():
            self.environment.pop(name, None)
            if value is not None:
                self.environment[name] = str(value)

    @property
    def arguments(self):
        """The command line."""
        given = {
            "run": ["small.toml", "--out", self.out],
            "sweep": ["study.toml", "--workers", "0", "--out", self.out],
            "status": ["study"],
            "analyze": ["run", "--out", self.out],
            "report": ["run"],
            "certify": ["run", "--out", self.out],
        }.get(self.what, [])
        files = [str(self.root / a) if k == 0 else a for k, a in enumerate(given)]
        if self.what == "verify":
            return [sys.executable, str(VERIFIER), str(self.root / "proofs.json")]
        return [*self.prefix, sys.executable, "-m", "separatrix", self.what, *files]


# Places. Each is told the case, changes it, and may clean up after a yield.


@contextlib.contextmanager
def mounted(case, size, *further):
    """Yield a small disk of its own; without the right to mount one none."""
    place = case.root / "disk"
    place.mkdir()
    tmpfs = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    if subprocess.run(tmpfs, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        if further:
            subprocess.run(["mount", "-o", *further, str(place)], check=True)
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def full_disk(size, what="out"):
    """A disk of so many bytes; otherwise files of that size at most."""

    def place(case):
        with mounted(case, size) as disk:
            if disk is None:
                size_of = int(size[:-1]) * 1024
                limits = (resource.RLIMIT_FSIZE, (size_of, size_of))
                case.popen["preexec_fn"] = lambda: resource.setrlimit(*limits)
            elif what == "out":
                case.out = str(disk / "out")
            else:
                case.of(**{what: disk})
            yield

    return place


def read_only(what="out"):
    def place(case):
        with mounted(case, "1M", "remount,ro") as disk:
            disk = disk or case.root / "closed"
            disk.mkdir(0o555, exist_ok=True)
            if what == "out":
                case.out = str(disk / "out")
            else:
                case.of(**dict.fromkeys(what.split(), disk))
            yield

    return place


def no_rights(mode, what="out"):
    """A directory that nobody may enter, or write; root is stripped of its right to do so."""

    def place(case):
        shut = case.root / "shut"
        shut.mkdir(mode)
        case.prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        if os.getuid():
            case.prefix = []
        if what == "out":
            case.out = str(shut / "out")
        elif what == "source":
            (case.root / "run").chmod(mode)
            (case.root / "study").chmod(mode)
        else:
            case.of(**{what: shut})
        yield
        for name in ("run", "study", "shut"):
            (case.root / name).chmod(0o755)

    return place


def env(**names):
    def place(case):
        case.of(**names)
        yield

    return place


def closed(number):
    def place(case):
        case.silent = number > 0
        case.popen["preexec_fn"] = lambda: os.close(number)
        yield

    return place


def full_stdout(case):
    case.silent = True
    with Path("/dev/full").open("w") as case.popen["stdout"]:
        yield


def head(case):
    case.head = case.silent = True
    yield


def nowhere(case):
    """A current directory that is gone."""
    gone = case.root / "gone"
    gone.mkdir()
    case.popen["preexec_fn"] = lambda: (os.chdir(gone), gone.rmdir())
    yield


def out(name, make=lambda path: None):
    def place(case):
        case.out = str(case.root / name)
        make(Path(case.out))
        yield

    return place


def bare_out(name):
    def place(case):
        case.out = name
        case.popen["cwd"] = case.root
        yield

    return place


def source(make):
    """Another thing in place of the files that a command reads."""

    def place(case):
        for name in ("small.toml", "study.toml", "study/study.toml", "run/experiment.toml"):
            case.replaced.append(case.root / name)
            (case.root / name).unlink()
            make(case.root / name)
        (case.root / "proofs.json").unlink()
        make(case.root / "proofs.json")
        yield

    return place


def twice(case):
    case.twice = True
    yield


def clock(case):
    (case.root / "clock").mkdir()
    (case.root / "clock" / "sitecustomize.py").write_text(SLOWER_CLOCK)
    case.of(PYTHONPATH=f"{case.root / 'clock'}:{os.environ.get('PYTHONPATH', '')}")
    yield


def loop(path):
    path.symlink_to(path)


NO_HOME = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "SEPARATRIX_CACHE_DIR", "MPLCONFIGDIR"))
C = {"LC_ALL": "C", "PYTHONUTF8": 0, "PYTHONCOERCECLOCALE": 0}
PLACES = {
    "disk of 16 KiB": full_disk("16k"), "disk of 64 KiB": full_disk("64k"),
    "disk of 256 KiB": full_disk("256k"), "disk of 1 MiB": full_disk("1024k"),
    "disk of 0 free for TMPDIR": full_disk("4k", "TMPDIR"),
    "disk full of the cache": full_disk("4k", "SEPARATRIX_CACHE_DIR"),
    "read-only out": read_only(), "read-only home": read_only("HOME XDG_CACHE_HOME"),
    "read-only cache": read_only("SEPARATRIX_CACHE_DIR"),
    "read-only matplotlib": read_only("MPLCONFIGDIR"), "read-only TMPDIR": read_only("TMPDIR"),
    "out: no rights": no_rights(0), "out: no writing": no_rights(0o555),
    "source: no rights": no_rights(0, "source"), "source: no writing": no_rights(0o555, "source"),
    "home without rights": no_rights(0, "HOME"), "no home": env(**NO_HOME),
    "home that is not there": env(HOME="/none/x"),
    "cache that is a file": env(SEPARATRIX_CACHE_DIR="/etc/passwd"),
    "cache that is a device": env(SEPARATRIX_CACHE_DIR="/dev/null/x"),
    "TMPDIR that is not there": env(TMPDIR="/none/x"), "no TMPDIR": env(TMPDIR=None),
    "LANG=C": env(LANG="C"), "LC_ALL=POSIX": env(LC_ALL="POSIX"), "C without UTF-8": env(**C),
    "LC_ALL=tr_TR.UTF-8": env(LC_ALL="tr_TR.UTF-8"), "ASCII": env(PYTHONIOENCODING="ascii"),
    "ASCII, strictly": env(PYTHONIOENCODING="ascii:strict", **C),
    "latin-1": env(PYTHONIOENCODING="latin-1"), "cp1252": env(PYTHONIOENCODING="cp1252"),
    "1 column": env(COLUMNS=1, LINES=1), "columns of nonsense": env(COLUMNS="x", TERM="x"),
    "colors": env(FORCE_COLOR=1, COLUMNS=20), "clock that goes back": clock,
    "head": head, "stdin closed": closed(0), "stdout closed": closed(1), "stderr closed": closed(2),
    "stdout full": full_stdout, "no current directory": nowhere, "two at once": twice,
    "JAX_PLATFORMS=nonsense": env(JAX_PLATFORMS="nonsense"),
    "JAX_PLATFORMS=cuda": env(JAX_PLATFORMS="cuda"), "XLA_FLAGS=x": env(XLA_FLAGS="nonsense"),
    "XLA_FLAGS=--x": env(XLA_FLAGS="--nonsense=1"), "JAX_ENABLE_X64=1": env(JAX_ENABLE_X64=1),
    "JAX_DEBUG_NANS": env(JAX_DEBUG_NANS=1),
    "OMP_NUM_THREADS=x": env(OMP_NUM_THREADS="nonsense", OPENBLAS_NUM_THREADS="nonsense"),
    "NPROC=x": env(NPROC="nonsense"), "MPLBACKEND=x": env(MPLBACKEND="nonsense"),
    "out: itself": out("out", loop), "out: a file": out("out", lambda p: p.write_text("mine")),
    "out: a pipe": out("out", os.mkfifo), "out: spaces": out(" a  b "), "out: ä€😀": out("ä€😀"),
    "out: a line break": out("a\nb"), "out: bytes": out("a\udcffb"),
    "out: a letter": out("\u202e"), "out: long": out("x" * 300), "out: deep": out("x/" * 2500),
    "out: under a file": out("small.toml/x"), "out: root": bare_out("/"),
    "out: under a loop": out("l/x", lambda p: loop(p.parent)), "out: nothing": bare_out(""),
    "out: a dot": bare_out("."), "out: a device": bare_out("/dev/null"),
    "out: /proc": bare_out("/proc/x"), "out: an option": bare_out("--force"),
    "out: a link to nothing": out("out", lambda p: p.symlink_to("/none/x")),
    "source: itself": source(loop), "source: a pipe": source(os.mkfifo),
    "source: a directory": source(Path.mkdir), "source: none": source(lambda p: None),
    "source: endless": source(lambda p: p.symlink_to("/dev/zero")),
    "source: empty": source(Path.touch), "source: bytes": source(lambda p: p.write_bytes(b"\xff")),
}  # fmt: skip
