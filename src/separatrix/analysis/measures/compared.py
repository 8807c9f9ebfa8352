"""Comparing what is known of networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..._types import InvalidInputError, nearest
from . import grouping
from .measure import AbstractMeasure, Dynamics, Reading
from .network_comparison import Comparison, means_of
from .procrustes import Procrustes
from .spectrum import Spectrum
from .topology import Topology

MEASURES: dict[str, type[AbstractMeasure[Any]]] = {
    kind.name: kind for kind in (Topology, Spectrum, Procrustes)
}
"""The measures by the names that users write."""


def measure_of(asked: str | AbstractMeasure[Any]) -> AbstractMeasure[Any]:
    """Return a measure, by its name with its default options; raise InvalidInputError else."""
    if isinstance(asked, AbstractMeasure):
        return asked
    if asked in MEASURES:
        return MEASURES[asked]()
    raise InvalidInputError(
        f"no measure is called {asked!r}: {nearest(asked, MEASURES)} With options: "
        "sx.measures.Spectrum(num_modes=4)."
    )


def compared(
    networks: Mapping[str, Dynamics],
    measure: AbstractMeasure[Any],
    *,
    group: Mapping[str, str] | None = None,
    by: str = "",
    shares_training: bool = False,
) -> Comparison:
    """Compare networks by a measure.

    Where networks share their training, mean distances have no intervals.
    """
    readings = [_reading(measure, network) for network in networks.values()]
    distances, reasons = measure.distances(readings)
    groups = np.array([str((group or {}).get(name, "all")) for name in networks], str)
    kinds = grouping.classes if measure.is_relation else grouping.clusters
    return Comparison(
        names=np.array(list(networks), str),
        group=groups,
        cluster=kinds(distances),
        null=np.array([np.nan if value is None else 0.0 for value, _ in readings]),
        evidence=np.array([said for _, said in readings], str),
        distances=distances,
        reasons=reasons,
        coordinates=grouping.scaled(distances),
        **means_of(distances, groups, measure.is_relation, shares_training),
        measure=measure.name,
        null_said=f"0 by definition, as {measure.no_null}",
        by=by,
        is_relation=measure.is_relation,
        shares_training=shares_training,
    )


def _reading(measure: AbstractMeasure[Any], network: Dynamics) -> Reading[Any]:
    if not isinstance(network, Dynamics):
        raise InvalidInputError(
            f"expected runs, or sx.measures.Dynamics, by name, got {type(network).__name__}."
        )
    return (None, network.unknown) if network.unknown else measure.read(network)
