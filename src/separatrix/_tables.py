"""Printed form of records: numbers and times in words, tables as text and as HTML."""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ROWS = 16
"""As many rows are printed; of longer tables the first `SHOWN`."""
SHOWN = 12
LETTERS = 60
"""Longer texts are cut in a table."""

TIMES = ("ms", "steps")
"""Units that are written beside each number, not in the head of a column."""

Columns = Mapping[str, Any]
"""Names and values of the columns of a table, in order."""


def describe_number(value: complex) -> str:
    """Write an eigenvalue: a conjugate pair with ±, and a value near 1 by its distance from 1."""
    away = value.real - 1
    if not value.imag and 1e-12 < abs(away) < 1e-4:
        return f"1 {'−' if away < 0 else '+'} {abs(away):.2g}".replace("e-", "e−")
    real = f"{value.real:.4g}".replace("-", "−")
    return f"{real} ± {abs(value.imag):.4g}i" if value.imag else real


def describe_duration(time: float, units: str = "ms") -> str:
    """Write a time given in ms, in seconds where it is long, or in steps."""
    if not math.isfinite(time):
        return "–" if math.isnan(time) else "∞"
    size = abs(time)
    if units == "ms" and size >= 999.5:
        size, units = size / 1000, "s"
    text = f"{size:.0f}" if 999.5 <= size < 1e6 else f"{size:.3g}"
    if units == "steps" and text == "1":
        units = "step"
    return f"{'−' if time < 0 else ''}{text} {units}"


def describe_time(time: float, units: str) -> str:
    """Describe a time constant: positive decays, negative grows, infinite does neither."""
    if np.isnan(time):
        return "time constant unknown"
    if np.isinf(time):
        return "neither decays nor grows"
    if time == 0:
        return "vanishes in one step"
    return f"{'decays' if time > 0 else 'grows'} with τ = {describe_duration(abs(time), units)}"


def describe_mode(time: float, period: float, units: str) -> str:
    """Describe how a displacement along a mode changes, with its period if it turns."""
    turns = f", turns with period {describe_duration(period, units)}"
    return describe_time(time, units) + (turns if math.isfinite(period) else "")


def cell(value: Any, units: str = "") -> str:
    """Write one value of a table."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (complex, np.complexfloating)):
        return describe_number(complex(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value)).replace("-", "−")
    if isinstance(value, (float, np.floating)):
        if units in TIMES:
            return describe_duration(float(value), units)
        number = "–" if math.isnan(value) else f"{value:.4g}".replace("inf", "∞")
        return number.replace("-", "−")
    text = str(value)
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def undecided(counts: Any) -> list[str]:
    """Write numbers that are −1 where nothing was decided."""
    return ["?" if count < 0 else str(int(count)) for count in np.asarray(counts)]


def as_cells(columns: Columns, units: Mapping[str, str]) -> tuple[list[list[str]], int]:
    """Return the first rows of a table, written, and how many more there are."""
    length = min((len(column) for column in columns.values()), default=0)
    shown = length if length <= ROWS else SHOWN
    parts = [
        [cell(value, units.get(name, "")) for value in column[:shown]]
        for name, column in columns.items()
    ]
    return [list(row) for row in zip(*parts, strict=True)], length - shown


def as_text(heads: Sequence[str], rows: list[list[str]], more: int) -> list[str]:
    """Return the lines of a table, numbers to the right."""
    columns = list(zip(heads, *rows, strict=True))
    lines = []
    for row in [list(heads), *rows]:
        cells = []
        for value, column in zip(row, columns, strict=True):
            width = max(map(len, column))
            right = all(_is_number(text) for text in column[1:])
            cells.append(value.rjust(width) if right else value.ljust(width))
        lines.append(f"  {'  '.join(cells)}".rstrip())
    return [*lines, f"  … {more} more"] if more else lines


def _is_number(text: str) -> bool:
    return text[:1] in "−0123456789–∞?" or text in ("yes", "no")


def as_html(heads: Sequence[str], rows: list[list[str]], more: int) -> str:
    """Return a table in HTML."""

    def line(values: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{html.escape(v)}</{tag}>' for v in values)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    rest = f"<p>… {more} more</p>" if more else ""
    return f"<table><thead>{line(heads, 'th')}</thead><tbody>{body}</tbody></table>{rest}"
