"""The examples of pages run, and print what the pages say."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import page_code
import pytest
from claim_checker import refuted
from small_experiment import SETTINGS

import separatrix as sx

SAYS = {
    "how-to/your-own-network": [
        "['fixed'] [ True]",
        "(20, 51, 6)\n(20, 26, 6)\n(26, 6)",
        "True\nTrue\n",
        "stopped by the time limit or by Ctrl-C\nFalse",
    ],
    "how-to/your-own-task": [
        "0.984",
        "Performance: score 0.9",
        "AboveOrBelow (chance 0.500",
        " fixed, ",
    ],
    "how-to/does-it-oscillate": [
        "[200. 200.]",
        "[-10. -10.]",
        "1 cycle of a flow",
        "['invariant circle'] [6.4] [0] ['stable']\n[[0.61 0.61]] (240, 2)",
        "2 200.0 stable True [[0.0, 0.0], [1.0, 1.0]]",
        "supercritical Hopf at p = 0\n[200.]",
        "[[0.4 0.4]] [200.] ['stable']",
    ],
    "how-to/is-it-a-line-attractor": [
        "line yes\nOver 200 ms, 95 % of the states move by at most 38 % of their extent, and their "
        "differences along r1 − r2 are kept (spread 100 %, rank correlation 1.00).\n"
        "A line attractor holds them where they are.\n",
        "time constant of forgetting 1 s).\n"
        "A line attractor holds them approximately where they are.\n",
        "point no\nthey come to rest at one stable point\n",
        "[(-1.0, 1.0)]",
        "[5. 5. 5. 5. 5.]",
    ],
    "how-to/what-does-context-do": [
        "2 branches, ",
        "subcritical pitchfork at mu = 10.67680576",
        "fold at mu = 65.68198607",
    ],
    "how-to/figures-for-a-paper": ["(20, 50, 2) 3", "85 mm"],
    "how-to/train-for-hours": ["400 steps\n0."],
    "how-to/many-networks": [
        "StudyResults: sizes, 1 network (1 done)",
        "Ensemble of 4 networks: ",
    ],
    "how-to/where-is-the-decision-made": ["arm +1: to point", "from 17 segments", "0 unsettled"],
    "how-to/a-page-on-your-network": [
        " They come to rest at two stable points (",
        "0.3, 0, 0",
    ],
    "how-to/read-the-report": ["Verdict: ", "TrialPeriods: ", "FixedPoints of a map of 16 units: "],
    "how-to/which-question-which-call": [
        "Verdict: 52 % end at one stable point and 48 % at another.\n"
        "Verdict: All end at one stable point.\n"
    ],
    "how-to/faq": [
        "FixedPoints of a map of 2 units: 1 fixed, 0 slow; 50 candidates, 0 rejected",
        "[-0.5] stable\n[0.9] stable",
        "FixedPoints of a map of 1 unit: 0 fixed, 1 slow; 20 candidates, 0 rejected True",
        "the loss is not finite at step 1",
        "['fixed' 'rejected'] the candidate, or the system on the way from it, is NaN",
        "16\nFixedPoints of a map of 16 units: 1 fixed, 0 slow",
        "float32 False",
        "FixedPoints of a map of 1 unit: 3 fixed, 0 slow; 1 candidate, 0 rejected",
    ],
    "how-to/coming-from-another-tool": [
        "9 fixed, 0 slow; 1050 candidates",
        "[0 0 1 1 2 2 2 2 3] (9, 4) True",
        "2 fixed, 9 slow; 2200 candidates",
        "True True\ncomplete: ",
        "1 fixed, 0 slow; 200 candidates",
        "16 saddle 1.6102\n16 stable 0.5189",
    ],
    "how-to/inputs-that-change": [
        "40 of 40",
        "strength 4: -0.17",
        "subcritical pitchfork at both stimuli = 0.13446888",
        "True\n(3, 2)",
    ],
    "how-to/networks-made-elsewhere": [],
    "how-to/models-from-elsewhere": [
        "[[-1.0, 0.0], [1.22, 0.976]]",
        "True (",
        "[-12.15  89.83 315.7",
    ],
    "how-to/results-in-matlab-and-julia": [],
    "reference/gallery": [],
    "reference/verdict": [],
    "explanation/from-a-fit-to-a-circuit": [
        "chain -> moving\nline -> line\n",
        "chain -> line\nline -> moving\n",
        "line -> not supported\n",
    ],
    "explanation/concepts": [
        "2 fixed stable, 1 fixed saddle; index sum 1; complete: no fixed point is missing",
        "[ 1.25 -0.25]\n[-8. 40.]\n['fixed' 'slow']",
        "They come to rest at two stable points (57 % and 42 %).\n",
        "A line attractor holds them where they are.\nIn the long run, all come to rest at points",
        "States go round a closed curve (period 48.2 ms) over 300 ms",
        "States pass a ghost (slow, away from every known fixed point) within 600 ms",
        "[ 1  1 -1] 1\n",
        " 1.0 True\n",
    ],
    "explanation/what-the-words-mean": [
        "point\npoints\nline\nring\nsurface\nstill\ncycle\nslow path\nghost\nrecurrent\ndiverging\n"
        "moving\nmixture\nunstable point\nunknown\n"
    ],
    "explanation/five-ways-to-be-fooled": [
        "1e-06 0\nFixedPoints of a map of 64 units: 0 fixed, 2 slow; ",
        "3 fixed, 0 slow; 200 candidates, 0 rejected True\nOver 10 s, 95 % of the states move by ",
        "coverage 1.0\n['stable' 'stable' 'saddle'] ",
        "['fixed' 'slow'] ",
        "States pass a ghost (slow, away from every known fixed point) within 2 s",
        "['unstable'] True\nStates go round a cycle of 4 steps over 2 s.\n[4] [200.",
    ],
    "tutorial/first-run": ["Run: runs/small", "['stable' 'stable' 'unstable']"],
    "explanation/fixed-points": [],
    "explanation/proofs-that-anyone-can-check": [],
    "../README": ["FixedPoints of a map of 24 units: ", " They come to rest at four stable points"],
}
TAKE_MINUTES = "classics/"
"""The scripts of these pages train for minutes, or read what such an experiment wrote."""


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """Return the directory of a run, for the pages that read one."""
    out = tmp_path_factory.mktemp("pages") / "run"
    sx.run_experiment(sx.Experiment.model_validate(SETTINGS), out, progress=False)
    return out


@pytest.fixture(scope="session")
def small_study(tmp_path_factory):
    """Return the directory of a study."""
    study = {"name": "sizes", "experiment": SETTINGS, "grid": {"network.num_units": [8]}}
    out = tmp_path_factory.mktemp("pages") / "sizes"
    with ThreadPoolExecutor(1) as executor:
        sx.sweep(sx.Study.from_dict(study), out, executor=executor)
    return out


@pytest.mark.parametrize("name", SAYS)
def test_a_page_runs(name, capsys, tmp_path, monkeypatch, small_run, small_study):
    monkeypatch.chdir(tmp_path)  # pages save their figures
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "yang2020").symlink_to(small_run)
    (tmp_path / "runs" / "sizes").symlink_to(small_study)
    (tmp_path / "results.nc").symlink_to(small_run / "results.nc")
    (tmp_path / "tests").symlink_to(page_code.ROOT / "tests")
    names = page_code.run(f"docs/{name}")
    if name == "../README":
        assert refuted(names["held"], names["system"]) == []
        assert (tmp_path / "points.png").stat().st_size > 20_000
    if name == "reference/verdict":
        tool = page_code.ROOT / "tools" / "check_verdict.py"
        line = [sys.executable, str(tool), "verdict.json", "--module", "pair.py"]
        told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
        assert {row.partition(": ")[0] for row in told.splitlines()} == {"true"}
    said = capsys.readouterr().out
    for words in SAYS[name]:
        assert words in said, said


def test_no_page_is_left_out():
    docs = page_code.ROOT / "docs"
    pages = [path.relative_to(docs).with_suffix("").as_posix() for path in docs.rglob("*.md")]
    with_code = {p for p in pages if any(not needed for needed, _ in page_code.blocks(f"docs/{p}"))}
    left = {p for p in with_code - set(SAYS) if not p.startswith(TAKE_MINUTES)}
    assert left == set()
