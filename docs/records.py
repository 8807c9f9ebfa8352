"""What the site reads of docstrings: an extension of griffe.

A record declares what each field is beside the field (`separatrix._records`), not in its docstring.
Arguments that share a line, `ax, width`, would all be shown with the type of the first.
"""

import re
from typing import Any

import griffe

import separatrix

SHARED = re.compile(r"(?m)^(\w+(?:, \w+)+)\n((?: {4}.*\n?)+)")
"""A line of several names, and what is said of all of them."""


class RecordFields(griffe.Extension):
    """Adds a section "Attributes" to the docstring of every record; parts arguments."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Give each argument a line of its own."""
        _part(func)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Add the section, with the units; shapes are in the annotations."""
        _part(cls)
        record = separatrix.records.Record._registry.get(cls.name)
        if record is None or record.__module__ != cls.module.path or cls.docstring is None:
            return
        fields = record.field_infos()
        lines = ["", "", "Attributes", "----------"] if fields else []
        for field in fields:
            units = f", in {field.units}" if field.units not in ("", "1") else ""
            lines += [field.name, f"    {field.description}{units}"]
        cls.docstring.value += "\n".join(lines)


def _part(documented: griffe.Object) -> None:
    if documented.docstring is not None:
        documented.docstring.value = SHARED.sub(_apart, documented.docstring.value)


def _apart(found: re.Match[str]) -> str:
    said = found[2].rstrip("\n")
    after = found[2][len(said) :]
    return "\n".join(f"{name}\n{said}" for name in found[1].split(", ")) + after
