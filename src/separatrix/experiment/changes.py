"""Changes to nested tables of settings: single ones as text, and those that make a variant."""

import copy
import tomllib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._types import InvalidInputError, nearest


@dataclass(frozen=True)
class Change:
    """One setting's new value; `text` names it in errors."""

    key: str
    value: Any
    text: str


def changes_of(given: Iterable[str] | Mapping[str, Any], source: str) -> list[Change]:
    """Return changes given as texts, such as "training.steps=200", or as values by key.

    Raises InvalidInputError for a text of another form.
    """
    if isinstance(given, Mapping):
        return [Change(key, value, f"{source} {key}") for key, value in given.items()]
    found = []
    for text in given:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key:
            raise InvalidInputError(
                f"{source} {text}: expected KEY=VALUE, such as training.steps=200."
            )
        found.append(Change(key, parse_value(value), f"{source} {text}"))
    return found


Takes = Callable[[str, str], Container[str] | None]
"""Of a table's path and the name that it gives, the keys that it may have; None: not known."""


def apply(values: dict[str, Any], change: Change, takes: Takes) -> None:
    """Apply a change to nested tables, in place.

    It also reaches the variants that say something else in the same place, where what they name
    takes the key. Raises InvalidInputError for a table that is not there.
    """
    keys = change.key.split(".")
    _assign(values, keys, copy.deepcopy(change.value), change.text)
    variants = values.get("variants", {})
    if not isinstance(variants, dict):
        raise InvalidInputError(f"{change.text}: variants are tables, [variants.NAME].")
    for table in _overriding(variants, keys, takes):
        table[keys[-1]] = copy.deepcopy(change.value)


def parse_value(text: str) -> Any:
    """Read a TOML value; a bare word is a string, so `--set network.activation=tanh` works."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def merge(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables with changes: merged key by key, but a table of another name replaces."""
    merged = dict(values)
    for key, new in changes.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(new, Mapping)
        merged[key] = merge(old, new) if both and not _renames(new, old) else new  # type: ignore
    return merged


def _renames(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    return "name" in new and new["name"] != old.get("name")


def leave_out(
    values: dict[str, Any], before: Mapping[str, Any], changes: Iterable[Change], takes: Takes
) -> list[str]:
    """Leave out of tables that changes gave another name the keys that the new one does not take.

    Those keys were the old one's; a key that is among the changes stays, and is an error later.
    Returns what was left out, a sentence for each table.
    """
    given = {change.key for change in changes}
    lines = []
    for path in ("task", "network", "training.optimizer", "training.schedule"):
        old, new = _table(before, path), _table(values, path)
        if path in given or "name" not in old or not _renames(new, old):
            continue  # a table that is given whole has no other keys
        known = takes(path, new["name"])
        ours = [k for k in new if k in old and k != "name" and f"{path}.{k}" not in given]
        foreign = [] if known is None else [key for key in ours if key not in known]
        for key in foreign:
            del new[key]
        if foreign:
            keys = ", ".join(f"{path}.{key}" for key in foreign)
            lines.append(f"left out: {keys}, which {old['name']} has and {new['name']} has not.")
    return lines


def _table(values: Mapping[str, Any], path: str) -> Any:
    table: Any = values
    for key in path.split("."):
        table = table.get(key) if isinstance(table, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _assign(values: dict[str, Any], keys: list[str], value: Any, source: str) -> None:
    *parents, last = keys
    table = values
    for depth, parent in enumerate(parents):
        if parent not in table:
            if depth > 1 and keys[0] == "variants":  # a variant names only what it changes
                table[parent] = {}
            else:
                tables = [k for k, v in table.items() if isinstance(v, dict)]
                whole = ".".join(keys[: depth + 1])
                raise InvalidInputError(
                    f"{source}: there is no table {parent!r}: {nearest(parent, tables)} To add "
                    f"a table, give all of it, '{whole}={{ … }}'."
                )
        table = table[parent]
        if not isinstance(table, dict):
            raise InvalidInputError(f"{source}: {parent!r} is a value, not a table.")
    table[last] = value


def _overriding(
    variants: Mapping[str, Any], keys: list[str], takes: Takes
) -> Iterator[dict[str, Any]]:
    """Yield the variants' tables in which a change to the tables above would be lost."""
    *parents, last = keys
    for variant in variants.values():
        table: Any = variant
        for parent in parents:
            table = table.get(parent) if isinstance(table, dict) else None
        if not isinstance(table, dict):
            continue
        known = takes(".".join(parents), table["name"]) if "name" in table else ()
        if last in table or known is None or last in known:
            yield table
