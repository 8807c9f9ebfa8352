"""A study: one experiment over seeds, grids, lists and random values of its settings."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tomli_w
from pydantic import Field, PrivateAttr, field_validator, model_validator

from .._types import InvalidInputError
from ..experiment import Experiment, Setup, read_toml
from ..experiment.own_classes import folder_of
from ..experiment.settings import DirectoryName, experiment_of
from ..experiment.tables import Number, Positive, Settings, VariantName, validated
from .cell import Cell

MOST_CELLS = 20_000
"""The most cells of a study: each is checked before the first one runs."""
_SEEDS = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*")
Seed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]


Ends = Annotated[int, Field(strict=True)] | Number


class Between(Settings):
    """A random number between two limits, uniform or uniform in its logarithm."""

    low: Ends
    high: Ends
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _is_a_range(self) -> Between:
        if not self.low < self.high or (self.scale == "log" and self.low <= 0):
            above = "0 < low < high" if self.scale == "log" else "low < high"
            raise ValueError(f"expected {above}")
        return self

    def draw(self, rng: np.random.Generator) -> float | int:
        """Return a number, which is whole if both limits are whole numbers."""
        if self.scale == "log":
            value = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = rng.uniform(self.low, self.high)
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        return round(value) if whole else float(f"{value:.6g}")


class RandomSettings(Settings):
    """Random values of settings: each of the `count` draws has a value for every key."""

    count: int = Field(ge=1, le=MOST_CELLS, strict=True)
    seed: int = Field(0, ge=0, strict=True)
    values: dict[str, Between | Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(
        min_length=1
    )
    """For each key, `{low = …, high = …, scale = "log"}`, or a list to choose from."""


class LimitSettings(Settings):
    """The limits of time and memory for each cell, and the number of further tries."""

    seconds: Positive | None = None
    memory: Positive | None = None
    """The maximum memory of the process of a cell, in GiB."""
    retries: int = Field(1, ge=0, strict=True)
    """How often a cell is tried again if its process was lost, or exceeded a limit."""

    @property
    def end_processes(self) -> bool:
        """Whether a process may be ended."""
        return self.seconds is not None or self.memory is not None


class Study(Settings):
    """One experiment and the settings in which its networks differ: all that determines a study.

    `Study.from_toml(path)` and `Study.of(experiment, seeds)` return a study. Each cell of a study
    is one combination of settings and a seed, with which a network is trained and analyzed. There
    is a cell for every combination of a variant of the experiment, a value for each key in `grid`,
    one of the tables in `listed`, a random draw from `random`, and a seed.

    Examples
    --------
    >>> import separatrix as sx
    >>> study = sx.Study.of(sx.Experiment.named("yang2020"), seeds="0:20")
    >>> len(study.cells), study.cells[3].experiment.seed
    (20, 3)
    """

    name: DirectoryName
    description: str = ""
    experiment: Any
    """The experiment: its name in the package, a file beside the study's file, or its tables."""
    seeds: str | tuple[Seed, ...] | None = None
    """The seeds: a range such as "0:20" (0 to 19), or a list. None means the experiment's seed."""
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    """For each key of the experiment, such as "network.num_units", its values in the study."""
    listed: tuple[dict[str, Any], ...] = ()
    """Combinations of values, each a table of keys and values that belong together."""
    random: RandomSettings | None = None
    tests: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)
    """Changes of the task, by name. Trained networks are also scored on each changed task."""
    limits: LimitSettings = LimitSettings()
    _beside: Path | None = PrivateAttr(None)
    """The folder in which classes written by the user are looked for, as in `Experiment`."""

    @field_validator("grid", "listed", "tests", mode="before")
    @classmethod
    def _has_quoted_keys(cls, given: Any, info: Any) -> Any:
        tables = [given] if info.field_name == "grid" else given
        for table in tables.values() if isinstance(tables, Mapping) else tables:
            for key, value in table.items() if isinstance(table, Mapping) else ():
                if isinstance(value, Mapping) and "name" not in value:
                    inner = next(iter(value), "…")
                    raise ValueError(f'put the key of a setting in quotes: "{key}.{inner}" = …')
        return given

    @field_validator("experiment")
    @classmethod
    def _is_one(cls, given: Any) -> Any:
        if not isinstance(given, (str, dict)):
            raise ValueError("expected a name, a file (own.toml) or the tables of an experiment")
        return given

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], source: str = "the study", beside: Path = Path()
    ) -> Study:
        """Make a study from nested dicts, and check every cell. Files are looked for in `beside`.

        Raises InvalidInputError, which names the key, what is valid there, and the source. Classes
        written by the user, `module:Class`, are imported only for files.
        """
        return cls._of(values, source, beside, None)

    @classmethod
    def _of(
        cls, values: Mapping[str, Any], source: str, beside: Path, importing: Path | None
    ) -> Study:
        """Validate nested dicts; a user's own classes are those of the folder `importing`."""
        if "experiment" not in values and {"task", "network"} & values.keys():
            raise InvalidInputError(
                f"{source} is the file of an experiment, not of a study. To run it with twenty "
                f"seeds: separatrix run {source} --seeds 0:20, or Study.of(experiment, seeds) in "
                f'Python. To name it in the file of a study: experiment = "{Path(source).name}".'
            )
        study = validated(cls, values, source)
        study.check_keys(source)
        base = _experiment(study.experiment, source, beside, importing)
        study = study.model_copy(update={"experiment": base.to_dict()})
        study._beside = base.beside or importing
        study.check(source)
        return study

    @classmethod
    def from_toml(cls, path: str | Path) -> Study:
        """Read a TOML file; raise UnreadableFileError or InvalidInputError if this fails."""
        folder = Path(path).parent
        return cls._of(read_toml(path), str(path), folder, folder_of(path))

    @classmethod
    def of(cls, experiment: Experiment, seeds: str | tuple[int, ...] | None = None) -> Study:
        """Return the study of one experiment: each of its variants with each of the seeds."""
        values: dict[str, Any] = {"name": experiment.name, "description": experiment.description}
        values |= {"experiment": experiment.to_dict()} | ({} if seeds is None else {"seeds": seeds})
        source = experiment.name if seeds is None else "--seeds"
        return cls._of(values, source, Path(), experiment.beside)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as nested dicts of plain values, without those that are defaults."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)

    def to_toml(self) -> str:
        """Return the settings as TOML."""
        return tomli_w.dumps(self.to_dict())

    @property
    def digest(self) -> str:
        """A hash of the settings, without `description`, `seeds` and `limits`."""
        values = self.to_dict()
        told = {k: v for k, v in values.items() if k not in ("description", "seeds", "limits")}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells, in order of variant, then settings, then seed."""
        base = experiment_of(self.experiment, "experiment", self._beside)
        cells: dict[str, Cell] = {}
        self._check_number(len(base.variants) or 1)
        each = list(self._changes())
        keys = dict.fromkeys(key for changes in each for key in changes)
        for variant in base.variants or ("",):
            chosen = base.variant(variant) if variant else base
            for changes in each:
                changed = chosen.with_changes(changes, self.name)
                named = {"variant": variant} if variant else {}
                settings = changed.to_dict()  # of the keys that only other cells are given
                told = {key: changes.get(key, _value(settings, key)) for key in keys}
                for seed in self._seeds() or (changed.seed,):
                    experiment = changed.model_copy(update={"seed": seed})
                    cell = Cell.of(experiment, {**named, **told, "seed": seed}, self.tests)
                    same = cells.setdefault(cell.key, cell)
                    if (other := same.changes.get("variant", "")) != variant:
                        raise InvalidInputError(
                            f"the variants {other} and {variant} of {base.name} are the same "
                            f"network in the study {self.name}, because the study itself sets "
                            "everything in which they differ."
                        )
        return tuple(cells.values())

    def _check_number(self, variants: int) -> None:
        """Raise InvalidInputError for more cells than are made in a moment, before any is."""
        on_grid = math.prod(map(len, self.grid.values())) * max(1, len(self.listed))
        drawn = 1 if self.random is None else self.random.count
        seeds = len(self._seeds() or (0,))
        if (number := variants * on_grid * drawn * seeds) > MOST_CELLS:
            raise InvalidInputError(
                f"the study {self.name} has {number:,} cells, more than {MOST_CELLS:,}: divide it "
                "into several studies."
            )

    def check(self, source: str = "the study") -> None:
        """Raise InvalidInputError if settings of a cell are invalid, or random draws are equal."""
        self._check_draws(source)
        checked = set()
        for cell in self.cells:
            settings = cell.experiment.model_copy(update={"seed": 0})
            text = json.dumps(settings.to_dict(), sort_keys=True)
            if text not in checked:
                checked.add(text)
                try:
                    cell.check(Setup(cell.experiment))
                except InvalidInputError as error:
                    told = ", ".join(f"{k} = {v!r}" for k, v in cell.changes.items())
                    raise InvalidInputError(f"{source}, {told}: {error}") from error

    def _check_draws(self, source: str) -> None:
        """Raise InvalidInputError where random draws are equal, which would be one network."""
        drawn = [json.dumps(each, sort_keys=True) for each in self._draws()]
        if self.random is not None and (number := len(set(drawn))) < len(drawn):
            raise InvalidInputError(
                f"random.count in {source}: {len(drawn)} draws give only {number} different "
                "settings, and networks with equal settings are the same: ask for fewer draws, or "
                "draw from more values."
            )

    def check_keys(self, source: str) -> None:
        """Raise InvalidInputError if a setting is given twice, or is only a name or description."""
        random = {} if self.random is None else self.random.values
        tables = [set(self.grid), {key for table in self.listed for key in table}, set(random)]
        tables.append({"seed"} if self.seeds is not None else set())
        for one, other in itertools.combinations(tables, 2):
            if both := sorted(one & other):
                raise InvalidInputError(f"{both[0]} in {source} is given in two places.")
        keys = set().union(*tables)
        for key in sorted(keys):
            if inner := sorted(other for other in keys if other.startswith(f"{key}.")):
                raise InvalidInputError(
                    f"{inner[0]} in {source} is given in two places: {key} gives it, too."
                )
            if key in ("name", "description"):
                raise InvalidInputError(
                    f"{key} in {source} does not change the networks: leave it out."
                )

    def _changes(self) -> Iterator[dict[str, Any]]:
        """Yield the changes of settings, but for seeds."""
        drawn = self._draws()
        for values in itertools.product(*self.grid.values()):
            on_grid = dict(zip(self.grid, values, strict=True))
            for together, one in itertools.product(self.listed or ({},), drawn):
                yield {**on_grid, **together, **one}

    def _draws(self) -> list[dict[str, Any]]:
        """Return the random values of each draw; a draw of nothing where there are none."""
        if self.random is None:
            return [{}]
        rng, values = np.random.default_rng(self.random.seed), self.random.values
        return [
            {key: _draw(of, rng) for key, of in values.items()} for _ in range(self.random.count)
        ]

    def _seeds(self) -> Sequence[int]:
        if not isinstance(self.seeds, str):
            return self.seeds or ()
        found = _SEEDS.fullmatch(self.seeds)
        first, end = map(int, found.groups()) if found else (0, 0)
        if not first < end:
            raise InvalidInputError(
                f"seeds of {self.name}: expected FIRST:END, such as 0:20 for 20 seeds, got "
                f"{self.seeds!r}."
            )
        return range(first, end)


def _value(settings: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key such as "training.steps"; None where it is not set."""
    value: Any = settings
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _draw(of: Between | tuple[Any, ...], rng: np.random.Generator) -> Any:
    return of.draw(rng) if isinstance(of, Between) else of[rng.integers(len(of))]


def _experiment(
    given: str | dict[str, Any], source: str, beside: Path, importing: Path | None
) -> Experiment:
    if isinstance(given, dict):
        return experiment_of(given, f"experiment in {source}", importing)
    return (
        Experiment.from_toml(beside / given) if given.endswith(".toml") else Experiment.named(given)
    )
