"""The fields of records in their docstrings: an extension of griffe, which reads them for the site.

A record declares what each field is beside the field (`separatrix._records`), not in its docstring.
"""

from typing import Any

import griffe

import separatrix


class RecordFields(griffe.Extension):
    """Adds a section "Attributes" to the docstring of every record."""

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Add the section, with the units; shapes are in the annotations."""
        record = separatrix.records.Record._registry.get(cls.name)
        if record is None or record.__module__ != cls.module.path or cls.docstring is None:
            return
        fields = record.field_infos()
        lines = ["", "", "Attributes", "----------"] if fields else []
        for field in fields:
            units = f", in {field.units}" if field.units not in ("", "1") else ""
            lines += [field.name, f"    {field.description}{units}"]
        cls.docstring.value += "\n".join(lines)
