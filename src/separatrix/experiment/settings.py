"""The configuration of an experiment, and its errors in the user's words."""

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tomli_w
from pydantic import AfterValidator, Discriminator, Field, PrivateAttr, Tag, field_validator

from .._files import as_path, existing_file, reason, short
from .._types import InvalidInputError, SeparatrixError, UnreadableFileError, nearest
from ..networks.registry import NETWORKS
from ..tasks.registry import TASK_MAKERS
from ..training import AbstractRegularizer, Threshold
from ..training.regularizers import Rates, Smoothness, Weights
from .changes import apply, changes_of, leave_out, merge
from .optimizers import OPTIMIZERS, SCHEDULES
from .own_classes import BASES, class_called, folder_of
from .tables import (
    Count,
    Flag,
    Named,
    NotNegative,
    Number,
    Own,
    Positive,
    Settings,
    VariantName,
    keys_of,
    one_of,
    validated,
)

_GIVEN = {"task": (), "network": ("num_inputs", "num_outputs", "dt", "key")}
"""The arguments of what a table names that are no keys, as they are given to all of them."""

if TYPE_CHECKING:
    Task = Named
    Network = Named
    Optimizer = Named
    Schedule = Named
else:
    Task = one_of(TASK_MAKERS, _GIVEN["task"], or_own=True)
    Network = one_of(NETWORKS, _GIVEN["network"], or_own=True)
    Optimizer = one_of(OPTIMIZERS)
    Schedule = one_of(SCHEDULES, given=("peak", "steps"))


def is_several(given: Any) -> bool:
    """Return whether inputs are given as a list of them, and not as one list of numbers."""
    is_list = isinstance(given, (list, tuple)) and len(given) > 0
    return is_list and all(isinstance(one, (str, Mapping, list, tuple)) for one in given)


def _way(given: Any) -> str:
    """Return the way in which an input is given."""
    if isinstance(given, str):
        return "<period>"
    return "<channels>" if isinstance(given, Mapping) else "<numbers>"


_Input = Annotated[
    Annotated[str, Tag("<period>")]
    | Annotated[dict[str, Any], Tag("<channels>")]
    | Annotated[tuple[Number, ...], Tag("<numbers>")],
    Discriminator(_way),
]
Input = Annotated[
    Annotated[_Input, Tag("<one>")] | Annotated[tuple[_Input, ...], Tag("<several>")],
    Discriminator(lambda given: "<several>" if is_several(given) else "<one>"),
]
"""One input to freeze, or several. Each is the name of a period, a table of channels, or a list of
the values of all channels."""


def directory_name(name: str) -> str:
    """Return a name of which a directory can be made; raise ValueError for any other."""
    if name.strip(". ") == "" or any(c in "/\\" or not c.isprintable() for c in name):
        raise ValueError(
            "it names the run's directory, so it must not be empty and must not be a path"
        )
    return name


DirectoryName = Annotated[str, AfterValidator(directory_name)]


class RegularizerSettings(Settings):
    """The strengths of the penalties that are added to the task's loss (`sx.regularizers`)."""

    rates_l2: NotNegative = 0.0
    rates_l1: NotNegative = 0.0
    weights_l2: NotNegative = 0.0
    weights_l1: NotNegative = 0.0
    smoothness: NotNegative = 0.0

    def made(self) -> tuple[AbstractRegularizer, ...]:
        """Return the regularizers whose strength is not zero."""
        every = (
            Rates(self.rates_l2),
            Rates(self.rates_l1, norm=1),
            Weights(self.weights_l2),
            Weights(self.weights_l1, norm=1),
            Smoothness(self.smoothness),
        )
        return tuple(each for each in every if each.strength > 0)


class UntilSettings(Settings):
    """The loss or the accuracy that a network must keep before training stops (`sx.Threshold`)."""

    loss: Positive | None = None
    accuracy: Positive | None = None
    patience: Count = 1

    def made(self, steps: int) -> Threshold:
        """Return the threshold; raise InvalidInputError where a training cannot reach it."""
        until = Threshold(self.loss, self.accuracy, self.patience)
        until.check(steps)
        return until


class TrainingSettings(Settings):
    """The settings for the training of the network."""

    steps: Count = 1280
    batch_size: Count = 16
    epoch_steps: Count = 64
    window: Count | None = None
    """The length in steps of windows over consecutive trials. None means whole trials."""
    lengths: Count = 1
    """The number of lengths to which batches of whole trials may be cut (`sx.WholeTrials`)."""
    devices: Count = 1
    """The number of devices among which the trials of a batch are divided (`sx.train`)."""
    optimizer: Optimizer = Field({"name": "adam", "learning_rate": 1e-3}, validate_default=True)
    schedule: Schedule | None = None
    """How the learning rate changes over the steps. None means that it does not change."""
    clip_norm: Positive | None = None
    """The maximum norm of a gradient. A longer gradient is shortened to it. None means no limit."""
    clip_value: Positive | None = None
    """The maximum size of an entry of a gradient. Larger entries are reduced to it. None means no
    limit."""
    regularizers: RegularizerSettings = RegularizerSettings()
    until: UntilSettings | None = None
    """The threshold at which training stops before its last step, or None."""


class GeometrySettings(Settings):
    """Which analyses of the state space are made in addition to fixed points, and how finely."""

    slow_curve: Flag = True
    """Whether to follow the slowest states along the readout of the choice."""
    slices: Count = 21
    branches: Flag = True
    """Whether to continue the fixed points in signed coherence."""
    max_points: Count = 1000
    """The maximum number of points in each of the two directions of a branch."""
    graph: Flag = True
    """Whether to follow the arms that leave the saddles."""
    periods: Flag = True
    """Whether to look at every period of a trial (`sx.trial_periods`)."""
    lyapunov: Flag = True
    """Whether to measure Lyapunov exponents at the frozen input."""
    lyapunov_steps: Count = 2000


Claim = Literal["line", "ring", "surface", "points", "cycle"]


class QuestionSettings(Settings):
    """The question that opens the report: what holds the states, and for how long."""

    period: str | None = None
    """The period from whose end states are followed. None means the period before the answer."""
    duration: Positive | None = None
    """How long states must be held, in ms. None means as long as the period lasts."""
    trials: dict[str, Number] = Field({})
    """The trials that are used, given by values of conditions, such as `{context = 0}`."""
    claim: Claim | None = None
    """The attractor that a paper claims."""
    along: Literal["PC1"] | None = None
    """The direction along which the paper says that the line extends."""
    paper: str = ""
    """The paper, such as "Yang & Wang (2020)"."""


class AnalysisSettings(Settings):
    """The settings for the analysis of the trained network."""

    num_trials: Count = 100
    test_trials: Count = 4096
    input: Input | None = None
    """The input to freeze, or several inputs, the main one first. None means the input of the
    period before the answer."""
    candidates: Literal["activity", "random", "both"] = "activity"
    """The candidates: states of the activity, random states, or an equal number of both."""
    num_candidates: Count | None = None
    """The number of candidates. None means all states of the activity, or 1024 if some are
    random."""
    random_range: tuple[Number, Number] = (0.0, 3.0)
    """Range of the uniform distribution of random candidates, the same for every unit."""
    slow_points: Flag = True
    max_linearized: Count = 64
    """The maximum number of linearized points: first fixed points, then the slowest slow points."""
    geometry: GeometrySettings = GeometrySettings()
    question: QuestionSettings = QuestionSettings()
    questions: tuple[str, ...] = ()
    """Further questions, beyond those that every run answers, as `separatrix list` names them."""

    @field_validator("random_range")
    @classmethod
    def _is_a_range(cls, ends: tuple[float, float]) -> tuple[float, float]:
        if not ends[0] < ends[1]:
            raise ValueError("the first end must be below the second")
        return ends


class Experiment(Settings):
    """A task, a network, its training and its analysis: everything that determines a run.

    `Experiment.named("yang2020")`, `Experiment.from_toml(path)` and `with_changes` return an
    experiment.

    Examples
    --------
    >>> import separatrix as sx
    >>> experiment = sx.Experiment.named("yang2020").with_changes(["network.num_units=32"])
    >>> experiment.network.num_units, experiment.training.steps
    (32, 1280)
    """

    name: DirectoryName
    description: str = ""
    seed: int = Field(0, ge=0, lt=2**32, strict=True)
    """The seed of all random numbers. It is below 2³², because JAX's keys keep only the last 32
    bits of a larger seed."""
    task: Task
    network: Network
    training: TrainingSettings = TrainingSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    variants: dict[VariantName, dict[str, Any]] = Field({}, max_length=1000)
    """The variants by name: each is a table of changes to the tables above. The experiment is run
    once for each variant."""
    _source: str = PrivateAttr("the experiment")
    _left_out: tuple[str, ...] = PrivateAttr(())
    _beside: Path | None = PrivateAttr(None)

    @property
    def source(self) -> str:
        """The origin of the settings, such as the path of a file. Error messages name it."""
        return self._source

    @property
    def own_tables(self) -> dict[str, Own]:
        """The tables whose class was written by the user, by their keys ("task", "network")."""
        tables = {key: getattr(self, key) for key in BASES}
        return {key: table for key, table in tables.items() if isinstance(table, Own)}

    @property
    def beside(self) -> Path | None:
        """The folder of the user's file, where classes may come from; None without a file."""
        return self._beside

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each table, such as `task`, from which `with_changes` left out keys."""
        return self._left_out

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "the settings") -> "Experiment":
        """Make an experiment from a nested dict. Errors name `source` as the origin of the dict.

        Raises InvalidInputError, which names the key, what is valid there, and the source. Classes
        written by the user, `module:Class`, are imported only by `from_toml`.
        """
        return experiment_of(values, source, None)

    @classmethod
    def from_toml(cls, path: str | Path) -> "Experiment":
        """Read a TOML file, and import the modules that it names as `module:Class`.

        The modules are looked for beside the file first. For a file in a run directory, nothing is
        imported. Raises UnreadableFileError if the file cannot be read, and InvalidInputError if a
        setting is not valid.
        """
        return experiment_of(read_toml(path), str(path), folder_of(path))

    @classmethod
    def named(cls, name: str) -> "Experiment":
        """Return one of the experiments that come with the package (`experiment_names`)."""
        if name not in experiment_names():
            raise InvalidInputError(
                f"no experiment is called {name!r:.80}: {nearest(name, experiment_names())} "
                "To name a file that you wrote, add its ending, as in my.toml."
            )
        text = (_experiments() / f"{name}.toml").read_text(encoding="utf-8")
        return cls.from_dict(tomllib.loads(text), f"{name}.toml")

    def with_changes(
        self, changes: Iterable[str] | Mapping[str, Any], source: str = "--set"
    ) -> "Experiment":
        """Return a copy with changes like `"training.steps=200"`, or `{"training.steps": 200}`.

        Changes are texts, in which the value is written in TOML, or the entries of a dictionary. A
        change may name another task, network, optimizer or schedule, as in `"network.name=GRU"`.
        Then keys that the new one does not have are left out, and `left_out` lists them.
        """
        values, given = self.to_dict(), changes_of(changes, source)
        if not given:
            return self
        takes = functools.partial(keys_of, Experiment)
        for change in given:
            apply(values, change, takes)
        left_out = leave_out(values, self.to_dict(), given, takes)
        changed = experiment_of(values, f"{self.source} with {source}", self.beside)
        changed._left_out = (*self._left_out, *left_out)
        return changed

    def variant(self, name: str) -> "Experiment":
        """Return this experiment with the changes of one of its variants.

        The tables of the variant are merged with the tables of the experiment, key by key. A table
        of the variant that names another task, network, optimizer or schedule replaces the whole
        table of the experiment. Raises InvalidInputError if there is no variant of this name.
        """
        if name not in self.variants:
            known = nearest(name, self.variants) if self.variants else "it has none at all."
            raise InvalidInputError(f"{self.name} has no variant {name!r}: {known}")
        changes = self.variants[name]
        if "variants" in changes:
            raise InvalidInputError(
                f"variants.{name} in {self.source} has variants itself. Remove them."
            )
        values = {k: v for k, v in self.to_dict().items() if k != "variants"}
        named = merge(values, {"name": f"{self.name}-{name}", **changes})
        return experiment_of(named, f"variants.{name} in {self.source}", self.beside)

    def check_imported(self) -> None:
        """Raise InvalidInputError if the class of the task or network has not been imported."""
        for key, table in self.own_tables.items():
            if not table.is_imported:
                raise InvalidInputError(
                    f"{key}.name in {self.source}: {table.name} is not a class of this "
                    "package. Such a class is imported only for a file that you name yourself, and "
                    "that does not lie in a run directory: separatrix run FILE.toml, or "
                    "sx.Experiment.from_toml(FILE)."
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as nested dicts of plain values, without settings of value None."""
        values = self.model_dump(mode="json", exclude_none=True)
        if not self.variants:
            del values["variants"]
        return values

    def to_toml(self) -> str:
        """Return the settings as TOML."""
        return tomli_w.dumps(self.to_dict())

    def __reduce__(self) -> tuple[Any, ...]:
        # Models that are made of registries cannot be found by name, as pickle would.
        return experiment_of, (self.to_dict(), self.source, self.beside)


def experiment_of(values: Mapping[str, Any], source: str, beside: Path | None) -> Experiment:
    """Validate a nested dict, as `Experiment.from_dict` does.

    `beside` is the folder of the file that a user gave, None for all else: only then are the
    classes imported that are named `module:Class`.
    """
    experiment = validated(Experiment, values, source)
    experiment._source, experiment._beside = source, beside
    if beside is not None:
        for key, table in experiment.own_tables.items():
            try:
                found = class_called(table.name, BASES[key], beside)
            except InvalidInputError as error:
                raise InvalidInputError(f"{key}.name in {source}: {error}") from error.__cause__
            table.check(found, _GIVEN[key], key, source)
    for name in experiment.variants:
        experiment.variant(name)
    return experiment


MOST_BYTES = 2**20
"""The largest file of settings: lists of a study, too, are shorter."""


def read_toml(path: str | Path) -> dict[str, Any]:
    """Parse a TOML file. Raises UnreadableFileError with the line where it is not TOML."""
    try:
        file = existing_file(as_path(path), "a TOML file")
        if (size := file.stat().st_size) > MOST_BYTES:
            raise UnreadableFileError(
                f"{path} has {size:,} bytes; expected a file of settings, of at most "
                f"{MOST_BYTES:,}."
            )
        text = file.read_text(encoding="utf-8")
        if any(part.count(".") > 100 for part in re.split("[,\n]", text)):
            raise UnreadableFileError(  # tomllib's time grows as the square of a key's parts
                f"{path}: expected keys such as a.b.c, got more than 100 dots without a comma."
            )
        return tomllib.loads(text)
    except SeparatrixError:
        raise
    except RecursionError:
        raise UnreadableFileError(f"{path}: its lists or tables are nested too deep.") from None
    except OSError as error:
        raise UnreadableFileError(f"cannot read {path}: {reason(error)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path} is not TOML: {short(error)}.") from None


def experiment_names() -> list[str]:
    """Return the names of the experiments that come with the package."""
    names = (file.name for file in _experiments().iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def _experiments() -> Any:
    return resources.files("separatrix") / "experiments"
