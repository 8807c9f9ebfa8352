"""The archive of a version: what it writes, small, and what that says.

`make archive` packs the files of this version into `tests/archives/VERSION.tar.gz`, and writes what
they hold into `VERSION.json`. tests/store/test_archives.py reads both, with every later version.
"""

import dataclasses
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np

ARCHIVES = Path(__file__).parent / "archives"
VERIFIER = Path(__file__).parents[1] / "tools" / "verify_certificates.py"
CHANGES = {
    "name": "archived",
    "network": {"name": "CTRNN", "num_units": 8, "activation": "tanh"},
    "training": {"steps": 40, "epoch_steps": 20},
}
"""The archived run, where it is another than `small_experiment.SETTINGS`."""
INPUT = [0.3, -0.7]


def held(thing):
    """Return an array, a number, a text or a table of these in lists and numbers of Python."""
    if isinstance(thing, dict):
        return {key: held(value) for key, value in thing.items()}
    return np.asarray(thing).tolist()


def told(records):
    """Return the class of each record, and a digest of each of its fields."""
    return {name: _fields(record) for name, record in records.items()}


def _fields(record):
    fields = (field.name for field in dataclasses.fields(record))
    texts = {name: repr(held(getattr(record, name))) for name in fields}
    digests = {name: hashlib.sha256(text.encode()).hexdigest()[:12] for name, text in texts.items()}
    return {"class": type(record).__name__, "fields": digests}


def next_state(network):
    """Return the state one step after the initial one, at a known input."""
    state = network.step(network.initial_state(), np.resize(INPUT, network.num_inputs))
    return [float(number) for leaf in jax.tree.leaves(state) for number in np.ravel(leaf)]


def rows(study):
    """Return the table of a study, a row for each network, without what differs between runs."""
    return json.loads(study.table.drop(columns="seconds").to_json(orient="index"))


def verified(proofs):
    """Return what the verifier says of all statements of a file."""
    done = subprocess.run(
        [sys.executable, VERIFIER, proofs], capture_output=True, text=True, check=False
    )
    return done.stdout.rpartition("all statements: ")[2].strip() or done.stderr


def write(folder):
    """Write every kind of file into a folder; return what they hold, by the objects in memory."""
    from sample_records import RECORDS
    from small_experiment import SETTINGS, STUDY
    from true_proofs import NETWORKS

    import separatrix as sx
    from separatrix.store import certify_run

    run = sx.run_experiment(
        sx.Experiment.from_dict(SETTINGS | CHANGES), folder / "run", progress=False
    )
    certify_run({"": run}, folder / "run" / "proofs.json")
    with ThreadPoolExecutor(1) as executor:
        study = sx.sweep(sx.Study.from_dict(STUDY), folder / "study", executor=executor)
    sx.save_records(dict(RECORDS), folder / "records.nc")
    networks = {name: make() for name, make in NETWORKS.items()}
    (folder / "networks").mkdir()
    for name, network in networks.items():
        sx.save_network(network, folder / "networks" / f"{name}.safetensors")
    fit = sx.train(
        run.network,
        run.task,
        steps=4,
        key=jax.random.key(0),
        checkpoint=sx.Checkpoint(folder / "training.checkpoint", seconds=0),
        progress=False,
    )
    return {
        "run": told(run.records),
        "mean accuracy": run.psychometric.mean_accuracy,
        "fixed points": held(run.fixed_points.states),
        "next state": next_state(run.network),
        "proofs": verified(folder / "run" / "proofs.json"),
        "study": rows(study),
        "records": told(RECORDS),
        "networks": {name: next_state(network) for name, network in networks.items()},
        "losses of the checkpoint": held(fit.history.loss),
    }


def main():
    """Make the archive of this version."""
    import separatrix as sx

    sx.enable_compilation_cache()
    with tempfile.TemporaryDirectory() as name:
        holds = write(Path(name))
        with tarfile.open(ARCHIVES / f"{sx.__version__}.tar.gz", "w:gz") as archive:
            archive.add(name, arcname=".", filter=_of_nobody)
    file = ARCHIVES / f"{sx.__version__}.json"
    file.write_text(json.dumps(holds, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _of_nobody(member):
    """Return a member of an archive without the name of the user who made it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main()
