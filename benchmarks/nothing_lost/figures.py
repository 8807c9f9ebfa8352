"""The figures of the table, in one JSON file that is kept with the code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import machine

FILE = Path(__file__).with_name("figures.json")
OURS = "Separatrix"
PEERS = ("RNNToolkit 0.1.0", "BrainPy 2.8.2")
"""Methods in `peers.py`, whose packages `make finders` installs."""
GROUPS = ("trained", "fitted", "textbook")
TUNING = (
    "flipflop_tanh16", "flipflop_gru32", "decision_tanh64", "yang2020", "context_gru48",
    "plrnn_lorenz", "lowrank2_clipped_256", "neural_ode_lorenz", "lfads_decision", "al_rnn",
    "wong_wang", "lorenz", "combinatorial_9", "bistable_chain_5", "jansen_rit_100",
)  # fmt: skip
"""The rows on which the settings that are no defaults are tried."""


def group_of(name: str) -> str:
    """Return the group of a row, which is the module of the golden table that it is in."""
    from golden import fitted, textbook, trained

    modules = {"trained": trained, "fitted": fitted, "textbook": textbook}
    return next(g for g, module in modules.items() if any(r.name == name for r in module.ROWS))


@dataclass
class Figures:
    """Results by method, setting and row; None where a method does not apply."""

    machine: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Figures:
        return cls(**json.loads(FILE.read_text("utf-8"))) if FILE.exists() else cls()

    def save(self) -> None:
        """Write the file, a line for each result."""
        lines = [f'"machine": {_line(self.machine)}', f'"rows": {_lines(self.rows)}']
        methods = []
        for method, settings in self.results.items():
            inner = [f"{_line(s)}: {_lines(rows)}" for s, rows in settings.items()]
            methods.append(f"{_line(method)}: {{\n" + ",\n".join(inner) + "\n}")
        lines.append('"results": {\n' + ",\n".join(methods) + "\n}")
        temporary = FILE.with_suffix(".tmp")
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        temporary.replace(FILE)

    def put(self, method: str, setting: str, row: str, result: dict[str, Any] | None) -> None:
        self.results.setdefault(method, {}).setdefault(setting, {})[row] = result

    def forget(self, methods: Iterable[str], rows: Iterable[str]) -> None:
        for settings in (self.results.get(method, {}) for method in methods):
            for results in settings.values():
                for row in rows:
                    results.pop(row, None)

    def has(self, method: str, setting: str, row: str, seconds: float = 0.0) -> bool:
        """Tell whether there is a result, which an earlier limit than this did not end."""
        results = self.results.get(method, {}).get(setting, {})
        result = results.get(row)
        return row in results and not (result and result["cut"] and result["processor"] < seconds)

    def of(self, method: str, setting: str, rows: Iterable[str]) -> list[dict[str, Any]]:
        """Return the results on those of some rows where the method applies."""
        results = self.results[method][setting]
        return [results[row] for row in rows if results.get(row) is not None]

    def best(self, method: str, settings: Sequence[str], rows: Sequence[str]) -> str | None:
        """Return the setting that found most on some rows, of equal ones that with fewest false
        points where q is small; None where one of them has not been measured on all."""
        if not settings or not all(self.has(method, s, r) for s in settings for r in rows):
            return None

        def merit(setting: str) -> tuple[int, int]:
            results = self.of(method, setting, rows)
            return sum(r["found"] for r in results), -sum(r["still_false"] for r in results)

        return max(settings, key=merit)

    def describe_machine(self, seconds: float) -> None:
        said = machine.describe()
        self.machine = {"processor": said["processor"], "packages": said["packages"],
                        "limit": f"{seconds:.0f}"}  # fmt: skip


def _line(value: Any) -> str:
    def shorter(number: Any) -> Any:
        return float(f"{number:.4g}") if isinstance(number, float) else number

    if isinstance(value, dict):
        value = {key: shorter(each) for key, each in value.items()}
    return json.dumps(value, ensure_ascii=False)


def _lines(rows: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f"{_line(key)}: {_line(rows[key])}" for key in rows) + "\n}"
