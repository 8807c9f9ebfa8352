"""Judge fits to planted circuits that are seen in part, and count right and false support.

    python benchmarks/recovery.py runs/recovery --seeds 20 [--part 1/2] [--only NAME …]

The circuits are those of held_circuits.py, which somebody wrote who had not seen the code. Each case
gets its own controls, as a user's recording does. The answer of a case is kept as a file, and a
repeated call goes on with what is missing. `--table` prints the counts of what is there.
"""

import argparse
import json
import time
import zlib
from pathlib import Path

import jax
import numpy as np
from held_circuits import Held, held

import separatrix as sx

SMOOTH = 50.0
"""Counts of spikes are smoothed with this Gaussian, in ms, before they are fitted."""
DURATION = 5000.0


def answer(case: Held, seeds: int) -> dict:
    """Return what is said of a case, and how long it took."""
    activity, inputs = case.make()
    smooth = SMOOTH if case.kind == "counts" else 0.0
    fit = {
        "identity": sx.fits.least_squares(smooth=smooth),
        "tanh": sx.fits.least_squares("tanh", smooth=smooth),
        "pca": sx.fits.pca_linear(min(5, activity.shape[-1]), smooth=smooth),
    }[case.fit]
    begun, cpu = time.time(), time.process_time()
    recovery = sx.mechanism_recovery(
        fit,
        activity,
        inputs=inputs,
        fraction=case.fraction,
        duration=DURATION,
        seeds=seeds,
        key=jax.random.key(zlib.crc32(case.name.encode())),
        progress=False,
    )
    found = recovery.judge()
    claimed = {
        str(m): [int(c), int(a)]
        for m, c, a in zip(found.mechanism, found.counted, found.agree, strict=True)
    }
    return {
        "name": case.name, "mechanism": case.mechanism, "right": list(case.right),
        "fraction": case.fraction, "fit": case.fit, "kind": case.kind, "seeds": seeds,
        "word": found.word, "outcome": found.outcome, "reason": found.reason,
        "claimed": found.claimed, "closure": found.closure, "rates": claimed,
        "needed": found.needed, "seconds": time.time() - begun, "cpu": time.process_time() - cpu,
        "sentences": list(found.sentences),
        "failures": sorted({str(f) for f in recovery.failure if f}),
        "nearest": dict(zip(recovery.mechanisms.tolist(), np.round(recovery.nearest, 2).tolist(), strict=True)),
    }  # fmt: skip


def table(rows: list[dict]) -> str:
    """Return the counts that the project asks for."""
    lines = []

    def line(name: str, chosen: list[dict], hit) -> None:
        lines.append(f"{name:58} {sum(map(hit, chosen)):4d} of {len(chosen):4d}")

    said = [r for r in rows if r["word"] not in r["right"]]
    line("word wrong of the circuit: supported (at most 5 %)", said, _supported)
    line("all recordings: supported and wrong", rows, lambda r: _supported(r) and r in said)
    true = [r for r in rows if r["fraction"] >= 0.2]
    line("listed mechanism, 20 % or more seen: supported, right", true, _right)
    line(
        "  word right of the circuit: supported (at least 70 %)",
        [r for r in true if r not in said],
        _right,
    )
    line("  not known (at most 30 %)", true, lambda r: r["outcome"] == "not known")
    for kind in ("counts", "z-scored"):
        line(
            f"{kind}: supported, wrong",
            [r for r in rows if r["kind"] == kind],
            lambda r: _supported(r) and r in said,
        )
    lines += [
        f"  {r['name']:34} {r['fit']:9} {r['word']:10} {r['outcome']:14} {r['reason']:40.40} {r['cpu']:6.0f} s"
        for r in sorted(rows, key=lambda r: r["name"])
    ]
    return "\n".join(lines)


def _supported(row: dict) -> bool:
    return row["outcome"] == "supported"


def _right(row: dict) -> bool:
    return _supported(row) and row["word"] in row["right"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--check", action="store_true", help="fail above 5 % of false support")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    number, of = map(int, given.part.split("/"))
    if not given.table:
        sx.enable_compilation_cache()
        cases = [c for c in held() if not given.only or c.name in given.only]
        for case in cases[number - 1 :: of]:
            file = given.folder / f"{case.name.replace('/', '-')}.json"
            if not file.exists():
                row = answer(case, given.seeds)
                file.with_suffix(".part").write_text(json.dumps(row, indent=1), encoding="utf-8")
                file.with_suffix(".part").replace(file)
                print(row["name"], row["word"], row["outcome"], f"{row['cpu']:.0f} s", flush=True)
    rows = [json.loads(f.read_text(encoding="utf-8")) for f in given.folder.glob("*.json")]
    print(table(rows))
    false = [r for r in rows if _supported(r) and r["word"] not in r["right"]]
    if given.check and (not rows or len(false) > 0.05 * len(rows)):
        raise SystemExit(f"{len(false)} of {len(rows)} recordings have false support")


if __name__ == "__main__":
    main()
