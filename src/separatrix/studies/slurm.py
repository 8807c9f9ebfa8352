"""A job array that runs a study without any engine."""

from __future__ import annotations

import math
import shlex
from pathlib import Path

from .._checked import Count, checked
from .settings import Study

_SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=1-{parts}
#SBATCH --cpus-per-task=1
#SBATCH --mem={memory}G
#SBATCH --output={name}-%a.log
# Add what your cluster asks for: --account, --partition, --time.
# A job that is killed is put in again with the same command, and goes on.
separatrix sweep {study} --out {out} --part "$SLURM_ARRAY_TASK_ID/{parts}" \\
  --workers "$SLURM_CPUS_PER_TASK"
"""


@checked
def slurm_script(study: Study, file: Path, out: Path, parts: Count) -> str:
    """Return a script for `sbatch` that runs a study in so many jobs.

    Raises InvalidInputError for fewer than one job.
    """
    return _SCRIPT.format(
        name=shlex.quote(study.name),
        parts=min(parts, len(study.cells)),
        memory=math.ceil(study.limits.memory or 4),
        study=shlex.quote(str(file.resolve())),
        out=shlex.quote(str(out.resolve())),
    )
