"""The figures asked for and measured, kept in one JSON file that git ignores."""

import datetime
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import machine

FILE = Path(os.environ.get("BENCH_FIGURES", Path(__file__).parents[1] / ".benchmarks/figures.json"))


@dataclass(frozen=True)
class Figure:
    """One row of the report.

    `section` and `order` say where it stands; `reached` is None where nothing was asked for, and
    says in words what was reached where that is not all. Day, load and processor belong to the
    measurement, as parts of the report are measured apart.
    """

    section: str
    order: int
    work: str
    asked: str
    measured: str
    reached: bool | str | None
    values: dict[str, float] = field(default_factory=dict)
    when: str = ""
    load: str = ""
    processor: str = ""


def record(figure: Figure) -> None:
    """Put a figure into the file, in place of an earlier one for the same work."""
    content = load()
    stamp = {
        "when": datetime.date.today().isoformat(),
        "load": machine.load(),
        "processor": machine.processor(),
    }
    content["machine"] = machine.describe()
    content["figures"][f"{figure.section}: {figure.work}"] = asdict(figure) | stamp
    FILE.parent.mkdir(parents=True, exist_ok=True)
    temporary = FILE.with_suffix(".tmp")
    text = json.dumps(content, indent=1, ensure_ascii=False, default=float)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(FILE)


def load() -> dict:
    """Return what the file holds: the machine, and the figures by name."""
    if not FILE.exists():
        return {"machine": {}, "figures": {}}
    return json.loads(FILE.read_text(encoding="utf-8"))
