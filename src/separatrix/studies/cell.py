"""One network of a study: its settings, and what identifies it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._types import InvalidInputError
from ..experiment import Experiment, Setup
from ..tasks import AbstractTask


@dataclass(frozen=True, eq=False)
class Cell:
    """One network of a study.

    Attributes
    ----------
    experiment
        All its settings.
    changes
        Those that make it another than the other cells, by key.
    tests
        By name, changes of the task with which the trained network is scored once more.
    key
        The digest of its settings, which names its directory.
    training
        The digest of the settings that determine the trained network.
    """

    experiment: Experiment
    changes: Mapping[str, Any]
    tests: Mapping[str, Mapping[str, Any]]
    key: str
    training: str

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        changes: Mapping[str, Any],
        tests: Mapping[str, Mapping[str, Any]],
    ) -> Cell:
        """Return the cell with these settings."""
        settings = experiment.to_dict()
        named = {k: v for k, v in settings.items() if k not in ("name", "description")}
        trained = {k: settings.get(k) for k in ("seed", "task", "network", "training")}
        key = _digest({"settings": named, "tests": tests})
        return cls(experiment, changes, tests, key, _digest(trained))

    def check(self, setup: Setup) -> dict[str, AbstractTask]:
        """Return the tasks of its tests; raise InvalidInputError where they do not fit."""
        tasks = {}
        for name, changes in self.tests.items():
            if others := [key for key in changes if not key.startswith("task.")]:
                raise InvalidInputError(
                    f"tests.{name}: only task.* can be changed in a test, got {others[0]}."
                )
            task = Setup(self.experiment.with_changes(changes, f"tests.{name}")).task
            for what in ("num_inputs", "num_outputs", "dt"):
                here, there = getattr(task, what), getattr(setup.task, what)
                if here != there:
                    raise InvalidInputError(
                        f"tests.{name}: the task of this test has {what} = {here}, but the network "
                        f"was made for {there}."
                    )
            tasks[name] = task
        return tasks

    @property
    def cost(self) -> float:
        """Roughly how long it takes beside others: multiplications of its training."""
        units = self.experiment.network.arguments.get("num_units", 64)
        training = self.experiment.training
        size = units if isinstance(units, int) else 64
        return float(training.steps * training.batch_size * (size + 32) ** 2)


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
