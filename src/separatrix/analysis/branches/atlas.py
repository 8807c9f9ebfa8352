"""All branches found so far, and the special points where they meet."""

from dataclasses import dataclass

import numpy as np

from ..._watch import is_over, why_over
from ...solvers.continuation import (
    Curve,
    CurveEnd,
    Deflation,
    PseudoArclength,
    correct,
    correct_at,
    ending_text,
    follow,
    null_tangent,
    tangent_of,
)
from ...systems import AbstractSystem
from ..stability import growth, judge
from .diagram import Branches
from .family import Family
from .isolating import Budget, find_special
from .special import KINK, Special
from .spectra import Spectra, eigenvalues
from .starts import disconnected_points

_KNOWN = 1e-9
"""Of the size of a spectrum: eigenvalues nearer the boundary are not counted on either side."""
SAME = 1e-6
"""Special points, and branches, that are nearer than this are the same."""


BLUR = 1e-3
"""The same where one was only enclosed: near them the branch itself is known less well."""
UNFOLD = 0.01
"""How far from a degenerate special point, in parts of the range, its branches are looked for."""


@dataclass(frozen=True)
class Branch:
    """One branch: its points in order, their eigenvalues, and how it came about and ended."""

    points: np.ndarray
    eigenvalues: np.ndarray
    origin: str
    endings: tuple[str, str]


class Atlas:
    """Branches are added to it one by one; it knows which are there and what crosses them."""

    def __init__(
        self,
        family: Family,
        bounds: tuple[float, float],
        method: PseudoArclength,
        box: tuple[np.ndarray, np.ndarray] | None,
        marginal_band: float,
    ):
        self.family, self.bounds, self.method, self.box = family, bounds, method, box
        self.marginal_band = marginal_band
        self.branches: list[Branch] = []
        self.special: list[Special] = []
        self.remarks: list[str] = []

    def add(self, point: np.ndarray, origin: str) -> None:
        """Follow the branch through a regular point, unless it is there already."""
        if self._has(point) or self._full():
            return
        jacobian = self.family.residual_and_jacobian(point)[1]
        tangent = null_tangent(jacobian)
        values = np.linalg.svd(jacobian, compute_uv=False)
        if values[-1] <= 1e-9 * values[0]:
            point, tangent = self._beside(point, tangent)
        self._trace(point, tangent, origin, None)

    def _beside(self, point: np.ndarray, tangent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a regular point of the branch beside a branch point, which is then passed."""
        inner = np.mean(self.bounds) / self.family.scales[-1]
        inwards = np.copysign(1.0, (inner - point[-1]) * tangent[-1])
        guess = point + inwards * self.method.first_step * tangent
        found = correct(self.family.residual_and_jacobian, guess, tangent)
        if not found.converged:
            return point, tangent
        return found.point, tangent_of(found.jacobian, tangent)[0]

    def follow_crossings(self) -> None:
        """Follow the other branch through every branch point that has but one so far."""
        k = 0
        while k < len(self.special):
            special = self.special[k]
            k += 1
            if self._full():
                return
            if special.is_blurred:
                self._unfold(special)
            if special.other is None or len(special.branches) > 1:
                continue
            value = float(self.family.split(special.point)[1])
            self._trace(special.point, special.other, f"{special.type} at {value:.6g}", special)

    def _unfold(self, special: Special) -> None:
        """Look for the branches through a degenerate point on both sides of it, by deflation."""
        state, value = self.family.split(special.point)
        spread = 3 * np.sqrt(UNFOLD) * self.family.units
        box = (state - spread, state + spread)
        for side in (-UNFOLD, UNFOLD):
            beside = float(value) + side * self.family.scales[-1]
            if not self.bounds[0] < beside < self.bounds[1]:
                continue
            known, search = self.states_at(beside), Deflation(starts=32, rounds=2)
            for point in disconnected_points(self.family, search, known, beside, box, 0.1):
                self.add(point, f"{special.type} at {float(value):.6g}")

    def states_at(self, value: float) -> np.ndarray:
        """Return the states of all branches at a parameter, corrected."""
        level = value / self.family.scales[-1]
        found = []
        for branch in self.branches:
            p = branch.points[:, -1]
            for k in np.flatnonzero((p[:-1] - level) * (p[1:] - level) <= 0):
                part = (level - p[k]) / (p[k + 1] - p[k]) if p[k + 1] != p[k] else 0.0
                guess = branch.points[k] + part * (branch.points[k + 1] - branch.points[k])
                guess[-1] = level
                corrected = correct_at(self.family.residual_and_jacobian, guess)
                found.append(corrected.point if corrected.converged else guess)
        return self.family.split(np.array(found).reshape(-1, self.family.size + 1))[0]

    def _has(self, point: np.ndarray) -> bool:
        """Return whether a branch passes through a point."""
        state, value = self.family.split(point)
        there = self.states_at(float(value)) / self.family.scales[:-1]
        apart = np.linalg.norm(there - state / self.family.scales[:-1], axis=1)
        return bool((apart < SAME).any())

    def _full(self) -> bool:
        full = len(self.branches) >= self.method.max_branches
        if full:
            self._remark(f"reached max_branches = {self.method.max_branches}: there may be more")
        elif self.branches and is_over():
            full = True
            self._remark(f"{why_over()}: there may be more")
        return full

    def _remark(self, remark: str) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)

    def _trace(
        self, start: np.ndarray, tangent: np.ndarray, origin: str, through: Special | None
    ) -> None:
        """Follow a branch in both directions and look for its special points."""
        number = len(self.branches)
        if through is not None:
            through.branches.append(number)
            through.tangents.append(tangent)
        scaled = (self.bounds[0] / self.family.scales[-1], self.bounds[1] / self.family.scales[-1])
        halves: list[tuple[Curve, np.ndarray]] = []
        evaluate = self.family.residual_and_jacobian
        for along in (tangent, -tangent):
            at_end = along[-1] * (start[-1] - np.mean(scaled)) > 0 and start[-1] in scaled
            if at_end and through is None:
                curve = Curve(start[None], along[None], np.ones(1), CurveEnd.RANGE)
                values = eigenvalues(self.family, curve.points)
            else:
                spectra = Spectra(self.family)
                curve = follow(
                    evaluate, start, along, scaled, self.method, self.leaves, each=spectra.add
                )
                values = spectra.all()
            halves.append((curve, values))
            if curve.end is CurveEnd.MAX_POINTS:
                self._remark(f"branch {number} {ending_text(curve.end, self.method)}: it goes on")
            if curve.end is CurveEnd.CLOSED:
                break
        self.branches.append(_joined(halves, origin, self.method))
        for curve, values in halves:
            if is_over():
                break
            skip, budget = through is not None, Budget()
            for special in find_special(
                self.family, curve, values, self.special, skip_first=skip, budget=budget
            ):
                self._note(special, number)
            if budget.left <= 0:
                self._remark(f"signs along branch {number} are rounding: special points may lack")
            if budget.strays:
                self._remark(f"branch {number} runs into another one: special points may lack")
        if is_over():
            self._remark(f"{why_over()}: special points may lack on branch {number}")

    def leaves(self, point: np.ndarray) -> CurveEnd | None:
        """Return why a branch may not go on at a point, None where it may."""
        state, _ = self.family.split(point)
        # where the scale is given, bounds are in the units of the system
        size = state if self.method.state_scale is not None else state / self.family.units
        if np.abs(size).max() > self.method.largest_state:
            return CurveEnd.LARGE_STATE
        if self.box is not None:
            slack = 1e-6 * (self.family.units + self.box[1] - self.box[0])
            if (state < self.box[0] - slack).any() or (state > self.box[1] + slack).any():
                return CurveEnd.DOMAIN
        return None

    def _note(self, special: Special, number: int) -> None:
        """Keep a special point, or mark that this branch too passes one that is known."""
        for known in self.special:
            if known is special:
                known.branches += [number] * (number not in known.branches)
                return
            blurred = known.is_blurred or special.is_blurred
            alike = known.type == special.type or known.other is not None or blurred
            # a kink is no part of what happens beside it
            at_kinks = (known.type == KINK) + (special.type == KINK)
            alike = alike and at_kinks != 1
            # two special points of one branch stay two, however near
            alike = alike and (blurred or number not in known.branches)
            apart = np.linalg.norm(known.point - special.point)
            if alike and apart < (BLUR if blurred else SAME):
                tangent = special.tangents[0]
                if all(abs(t @ tangent) < 0.999 for t in known.tangents):
                    known.branches.append(number)
                    known.tangents.append(tangent)
                return
        special.branches.append(number)
        self.special.append(special)

    def record(self, system: AbstractSystem, name: str, parameter: tuple[float, float]) -> Branches:
        """Return everything as a record."""
        family, band = self.family, self.marginal_band
        points = np.concatenate([b.points for b in self.branches])
        values = np.concatenate([b.eigenvalues for b in self.branches])
        states, parameters = family.split(points)
        places = np.array([s.point for s in self.special]).reshape(-1, family.size + 1)
        special_states, special_parameters = family.split(places)
        boundary = 1.0 if family.kind == "map" else 0.0
        on_kink = family.on_kinks(points)
        arclengths = [
            np.append(0.0, np.cumsum(np.linalg.norm(np.diff(b.points, axis=0), axis=1)))
            for b in self.branches
        ]
        size = np.abs(values).max(1) if family.kind == "flow" else np.ones(len(values))
        told = judge(values, family.kind, band, on_kink, uncertainty=_KNOWN * size)
        return Branches(
            states=states,
            parameters=parameters,
            branch=np.repeat(np.arange(len(self.branches)), [len(b.points) for b in self.branches]),
            arclength=np.concatenate(arclengths),
            n_unstable=told.n_unstable,
            stability=told.names,
            largest_eigenvalue=growth(values, family.kind).max(1) + boundary,
            special_type=_texts([s.type for s in self.special]),
            special_parameters=special_parameters,
            special_states=special_states,
            special_criticality=_texts([s.form.criticality for s in self.special]),
            special_coefficient=np.array([s.form.coefficient for s in self.special], float),
            special_angle=np.array([s.angle for s in self.special], float),
            special_error=np.array([s.correction for s in self.special], float) * family.scales[-1],
            special_branch=np.array([s.branches[0] for s in self.special], int),
            special_other=np.array([[*s.branches, -1][1] for s in self.special], int),
            origin=_texts([b.origin for b in self.branches]),
            endings=_texts([b.endings for b in self.branches]).reshape(-1, 2),
            system=family.kind,
            time_unit=system.time_unit,
            name=name,
            parameter_from=parameter[0],
            parameter_to=parameter[1],
            marginal_band=band,
            remarks=tuple(self.remarks),
            special_mode=self._modes(),
            special_growth=np.array([s.form.growth for s in self.special], complex),
            special_cubic=np.array([s.form.cubic for s in self.special], complex),
        )

    def _modes(self) -> np.ndarray:
        modes = np.full((len(self.special), self.family.size), np.nan + 0j)
        for row, special in zip(modes, self.special, strict=True):
            if special.form.mode is not None:
                row[:] = special.form.mode
        return modes


def _joined(halves: list[tuple[Curve, np.ndarray]], origin: str, method: PseudoArclength) -> Branch:
    """Join the two directions of a branch into one run of points."""
    (forth, values), *rest = halves
    if not rest:
        return Branch(forth.points, values, origin, (ending_text(forth.end, method),) * 2)
    back, back_values = rest[0]
    return Branch(
        np.concatenate([back.points[:0:-1], forth.points]),
        np.concatenate([back_values[:0:-1], values]),
        origin,
        (ending_text(back.end, method), ending_text(forth.end, method)),
    )


def _texts(texts: list) -> np.ndarray:
    return np.array(texts, dtype=np.str_) if texts else np.zeros(0, "<U1")
