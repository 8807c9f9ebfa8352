"""Damaged files: what each reader makes of them.

    python tests/attack/files.py SEED ROUNDS

For every kind of file, a whole one is damaged in `ROUNDS` ways: bits flipped, cut, bytes inserted,
doubled or zeroed, numbers and words of its texts replaced. The reader may refuse it by an error of
this package in short lines, or give what was written. Of a reader that is told
not to compare digests only the first or any result is asked. Exit code 1 where anything else came.
"""

import json
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import equinox as eqx
import jax
import numpy as np

import separatrix as sx
from separatrix.store.integrity import write_digests

SECONDS = 12
OUTCOMES = CLEAR, SAME, READ, WRONG, RAW, LONG, HUNG = (
    "clear", "the same", "read", "wrong", "raw error", "long error", "hung",
)  # fmt: skip
BAD = (WRONG, RAW, LONG, HUNG)
ODD = (b"-1", b"1e999", b"NaN", b"null", b"[]", b"{}", b'""', b"true", b"99999999999999999999")


def network():
    return sx.networks.CTRNN(2, 6, 2, key=jax.random.key(0))


def same(one, other):
    """Whether two things that were read are one: records, networks, runs."""
    if isinstance(one, sx.records.Run):
        parts = ("experiment", "records", "provenance")
        whole = all(same(getattr(one, p), getattr(other, p)) for p in parts)
        return whole and same(one.network, other.network)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    return bool(eqx.tree_equal(one, other)) if isinstance(one, eqx.Module) else one == other


def damaged(content: bytes, rng) -> bytes:
    """Return a file with one to three things done to it."""
    for _ in range(int(rng.integers(1, 4))):
        kind, size = rng.integers(7), max(len(content), 1)
        at = int(rng.integers(size))
        length = int(min(rng.integers(1, 64), size - at))
        if kind == 0:
            flipped = bytearray(content)
            flipped[at : at + 1] = bytes(
                b ^ (1 << int(rng.integers(8))) for b in flipped[at : at + 1]
            )
            content = bytes(flipped)
        elif kind == 1:
            content = content[:at]
        elif kind == 2:
            content = content[:at] + rng.bytes(length) + content[at:]
        elif kind == 3:
            content = content[:at] + content[at : at + length] + content[at:]
        elif kind == 4:
            content = content[:at] + bytes(length) + content[at + length :]
        elif kind == 5:
            content = content[:at] + content[at + length :]
        else:  # a number or a word of a text
            words = list(re.finditer(rb"[0-9.]+|[A-Za-z_]{3,}", content[:20000]))
            if words:
                word = words[int(rng.integers(len(words)))]
                odd = ODD[int(rng.integers(len(ODD)))]
                content = content[: word.start()] + odd + content[word.end() :]
    return content


class Attack:
    """One kind of file, how it is read, and what it held."""

    def __init__(self, name, place, file, read, verified=True, prepare=None):
        self.name, self.place, self.file, self.read = name, place, file, read
        self.verified, self.prepare = verified, prepare
        self.whole = (place / file).read_bytes()
        self.held = read(place)

    def outcome(self, rng):
        (self.place / self.file).write_bytes(damaged(self.whole, rng))
        if self.prepare is not None:
            self.prepare(self.place)
        signal.alarm(SECONDS)
        try:
            found = self.read(self.place)
        except (sx.UnreadableFileError, sx.InvalidInputError) as error:
            lines = str(error).splitlines()  # settings have one for each fault
            return CLEAR if len(lines) <= 11 and max(map(len, lines)) < 600 else LONG
        except TimeoutError:
            return HUNG
        except Exception as error:
            return f"{RAW}: {type(error).__name__}: {str(error)[:100]}"
        finally:
            signal.alarm(0)
        if not self.verified:
            return READ
        return SAME if same(self.held, found) else WRONG


def attacks(root: Path):
    """Yield the attacks, each with a directory of its own."""

    def place(name):
        (root / name).mkdir()
        return root / name

    history = {"history": trained().history}
    here = place("network")
    sx.save_network(network(), here / "w.safetensors")
    for verify in (True, False):
        yield Attack(
            f"network, verify={verify}", here, "w.safetensors",
            lambda p, verify=verify: sx.load_network(p / "w.safetensors", verify=verify), verify,
        )  # fmt: skip
    here = place("records")
    sx.save_records(history, here / "r.nc")
    for verify in (True, False):
        yield Attack(
            f"records, verify={verify}", here, "r.nc",
            lambda p, verify=verify: sx.load_records(p / "r.nc", verify=verify), verify,
        )  # fmt: skip
    here = place("run")
    (here / "experiment.toml").write_text('name = "mine"\n[training]\nsteps = 5\n')
    sx.save_network(network(), here / "weights.safetensors")
    sx.save_records(history, here / "results.nc")
    write_digests(here)
    for file in ("experiment.toml", "weights.safetensors", "results.nc", "digests.json"):
        yield Attack(f"run: {file}", here, file, sx.load_run)
    resealing = shutil.copytree(here, root / "resealed")
    for file in ("experiment.toml", "weights.safetensors"):
        yield Attack(
            f"run, sealed again: {file}", resealing, file, sx.load_run, False, write_digests
        )
    here = place("checkpoint")
    trained(here / "fit.checkpoint")
    whole = (here / "fit.checkpoint").read_bytes()

    def go_on(p):
        return {"history": trained(p / "fit.checkpoint").history}

    yield Attack("checkpoint", here, "fit.checkpoint", go_on)
    (here / "fit.checkpoint").write_bytes(whole)
    here = place("settings")
    (here / "e.toml").write_text(sx.Experiment.named("yang2020").to_toml())
    yield Attack(
        "experiment", here, "e.toml", lambda p: sx.Experiment.from_toml(p / "e.toml"), False
    )
    here = place("arrays")
    np.savez_compressed(here / "w.npz", weight_ih_l0=np.ones((6, 2)), weight_hh_l0=np.eye(6))
    yield Attack(
        "weights of others", here, "w.npz",
        lambda p: sx.networks.from_state_dict(str(p / "w.npz")), False,
    )  # fmt: skip


def trained(checkpoint=None):
    task = sx.tasks.GoNoGo()
    sizes, keys = (task.num_inputs, 4, task.num_outputs), jax.random.split(jax.random.key(1))
    made = sx.networks.CTRNN(*sizes, key=keys[0], dt=task.dt)
    kept = None if checkpoint is None else sx.Checkpoint(checkpoint, seconds=0)
    settings = {"steps": 4, "epoch_steps": 2, "progress": False, "checkpoint": kept}
    return sx.train(made, task, key=keys[1], **settings)


def late(*_):
    raise TimeoutError


def main(seed, rounds):
    signal.signal(signal.SIGALRM, late)
    with tempfile.TemporaryDirectory() as root:
        for attack in attacks(Path(root)):
            rng = np.random.default_rng([seed, len(attack.name)])
            counts = Counter(attack.outcome(rng) for _ in range(rounds))
            (attack.place / attack.file).write_bytes(attack.whole)
            if attack.prepare:
                attack.prepare(attack.place)
            print(f"{attack.name:34} {json.dumps(counts)[1:-1]}", flush=True)
            assert not any(outcome.startswith(BAD) for outcome in counts), attack.name


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
