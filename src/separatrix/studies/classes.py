"""Which networks of a study have the same topology of fixed points."""

from __future__ import annotations

from collections.abc import Mapping

from ..analysis import FixedPointTopology


def topology_classes(topologies: Mapping[str, FixedPointTopology]) -> dict[str, int]:
    """Return the class of each network, 0 for the most frequent; −1 where it is undecided.

    Two networks are of one class where `same_as` says so. One that is not known to be the same as
    any, nor known to be another than all, is undecided.
    """
    members: list[list[str]] = []
    undecided = []
    for name, topology in topologies.items():
        answers = [topology.same_as(topologies[those[0]]) for those in members]
        if any(answer is True for answer in answers):
            members[next(k for k, answer in enumerate(answers) if answer is True)].append(name)
        elif all(answer is False for answer in answers):
            members.append([name])
        else:
            undecided.append(name)
    members.sort(key=len, reverse=True)
    classes = {name: number for number, those in enumerate(members) for name in those}
    return {name: classes.get(name, -1) for name in topologies}
