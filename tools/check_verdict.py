"""Check the claims of a verdict by the page's definitions, with NumPy and SciPy alone.

    python check_verdict.py FILE.json --module mymodule.py

FILE holds kind, states, duration, axis, time_unit, claims; mymodule.py has `function`. Words are
asked with the page's thresholds and 10 % to either side: None ("cannot tell") where they differ.
"95 %" moves by a tenth of the other 5 %. A map is followed as long as the page says. A flow is
followed for 20 T, or 2,000 of the checker's own steps where that is longer (100 T at most), by
DOP853 (LSODA where stiff) at 1e-11.
"""

import copy
import json
import runpy
import sys
from collections import Counter, namedtuple
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import least_squares, root
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist
from scipy.stats import binomtest, rankdata

End = namedtuple(
    "End", "what state period steps turn diameter loop gap rate", defaults=[np.nan] * 8
)
GAPS = [(0.9, 0.05), (1.1, 0.05), (0.9, 0.15), (1.1, 0.15)]
KINDS = ["point", "unstable point", "curve", "continuum", "bounded", "infinity"]
norm = lambda x: np.linalg.norm(x, axis=-1)
some = lambda count, most: np.linspace(0, count - 1, int(min(count, most))).round().astype(int)
width = lambda x: cdist(*[x[some(len(x), 150)]] * 2).max()  # the largest distance, nearly
finite = lambda x: np.nan_to_num(x, nan=np.inf)
agree = lambda answers: answers[0] if len(set(answers)) == 1 else None


def axes(y):
    """Return the two directions along which states about 0 differ most, as columns."""
    y = y[some(len(y), 500)]
    return np.linalg.eigh(y.T @ y)[1][:, :-3:-1]


def neighbors(x):
    """Return the pairs of the relative neighborhood graph."""
    d = cdist(x, x)
    free = lambda i, j: (np.maximum(d[i], d[j]) >= d[i, j] * (1 - 1e-12)).all()
    return np.array([(i, j) for i in range(len(x)) for j in range(i) if free(i, j)]).reshape(-1, 2)


def landmarks(x):
    """Return at most 48 states, each the farthest from those before."""
    picks = [norm(x - x.mean(0)).argmax()]
    while len(picks) < 48 and (d := cdist(x, x[picks]).min(1)).max() > 0.01 * norm(x - x[0]).max():
        picks.append(d.argmax())
    return x[picks]


def bends(x):
    """Return which landmarks have more than two neighbors."""
    x = landmarks(x)
    return np.bincount(neighbors(x).ravel(), minlength=len(x)) > 2


def number(n, key, value, tol, soft=0):
    """Compare a number where it is given: None a little, or `soft`, outside the tolerance."""
    if isinstance(n.get(key), int | float | np.number):
        off = abs(n[key] - value)
        answer = True if off <= tol else None if off <= max(1.1 * tol, soft) else False
        yield answer, f"{key} {value:.5g}"


class Run:
    """A system and where its states go. Times are in steps, or in units of tau."""

    def __init__(self, kind, function, states, duration, axis, time_unit, max_steps, labels=None):
        x = np.asarray(states, float)
        x, self.map, self.f = x[np.isfinite(x).all(1)], kind == "map", function
        self.N, self.cap, self.points, self.curves = len(x), max_steps or 50_000, [], []
        self.labels, self.is_stretched = labels or {}, False
        self.unknown = 0  # states of which the claims give no end
        go = self.go(x)
        move = abs(go).max(1, initial=0.0)
        if not self.map:  # less far where the velocity changes before
            move /= np.fmax(abs(self.go(x + 1e-6 * go) - go).max(1) / (1e-6 * move), 1.0)
        first = move[np.isfinite(move)].max(initial=0.0)
        size = max(abs(x).max(), first)
        self.E0 = (
            d if (d := cdist(x, x).max()) > (1e-7 if self.map else 1e-3) * size else size or 1e-8
        )
        T = duration / time_unit if duration else 250 if self.map else 5.0
        self.far = 1e8 * max(self.E0, abs(x).max(), move[np.isfinite(move)].max(initial=1e-4))
        self.T, self.axis, self.unit = round(T) if self.map else T, axis, time_unit
        self.units = {"period": time_unit, "turn": time_unit}
        self.timed = bool(duration) and len(x) > 2
        doubled = np.ceil(np.log2(max(2000 / (20 * self.T), 1.0)))
        self.limit = np.ceil(20 * self.T * 2**doubled / 256) * 256  # of a map, in whole blocks
        fast = max(norm(self.jacobian(p)).max() for p in x[some(len(x), 5)])
        self.by = "DOP853" if fast * self.T < 5e4 else "LSODA"  # stiff
        size = 2 * x.shape[1] * len(self.follow(x[:4], self.T)[0])  # numbers of a state over 2 T
        self.rows = some(len(x), max(48, 8e7 / size))
        self.few = some(len(self.rows), 64)  # those of which the ends are looked for
        t, X = self.follow(x[self.rows], self.T)
        u, Y = self.follow(X[-1], self.T)
        self.t, self.X, self.k = np.r_[t, t[-1] + u[1:]], np.r_[X, Y[1:]], len(t) - 1
        self.A, self.B, self.fine = X[-1], Y[-1], np.isfinite(X[-1]).all(1)
        self.E = cdist(X[-1][self.fine], X[-1][self.fine]).max() if self.fine.any() else 0.0
        self.moved = finite(norm(Y - X[-1]).max(0) / self.E)

    def follow(self, x, span):
        """Return times and states (step, state, unit); what passes `far` becomes infinite."""
        times, path, far = [0.0], [np.array(x, float)], self.far
        while times[-1] < span:
            x, t, live = path[-1], times[-1], np.isfinite(path[-1]).all(1)
            shape, at, gone = x[live].shape, np.array([t + 1 if self.map else span]), False
            if self.map and live.any():
                new = self.f(x[live])[None]
                gone = ~(norm(new[-1]) < far)
            elif live.any():
                field = lambda _, y, shape=shape: self.f(y.reshape(shape)).ravel()
                leaves = lambda _, y, shape=shape: norm(y.reshape(shape)).max() - far
                leaves.terminal = True
                tight = {"rtol": 1e-11, "atol": 1e-13 * self.E0, "dense_output": True}
                s = solve_ivp(field, (t, span), x[live].ravel(), self.by, events=leaves, **tight)
                at = np.interp(np.arange(1, 4 * len(s.t) - 3) / 4, np.arange(len(s.t)), s.t)
                new = s.sol(at).T.reshape(-1, *shape)
                least = {0: np.inf, 1: 0.999, -1: 0.03}[s.status]  # the step shrinks to nothing
                gone = norm(new[-1]) > least * norm(new[-1]).max()
            whole = np.full((len(at), *x.shape), np.inf)
            if live.any():
                new[-1, gone] = np.inf
                whole[:, live] = new
            keep = np.r_[np.diff(at) > 1e-5 * span, True]
            times += list(at[keep])
            path += list(whole[keep])
        return np.array(times), np.array(path)

    def go(self, x):
        """Return how states move, in a step or a unit of time."""
        return self.f(x) - self.map * x

    def jacobian(self, p):
        """Return the Jacobian of `go`, by differences."""
        h = 1e-6 * (self.E0 + norm(p)) * np.eye(len(p))
        return (self.go(p + h) - self.go(p - h)).T / (2 * h[0, 0])

    def newton(self, x):
        """Return the fixed point near a state, or None."""
        field, exact = lambda y: self.go(y[None])[0], {"xtol": 1e-14, "ftol": 1e-14, "maxiter": 200}
        p = root(field, x, method="lm", jac=self.jacobian, options=exact).x
        return p if norm(field(p)) <= 1e-10 * (self.E0 + norm(p)) else None

    def point(self, p):
        """Return what a fixed point is."""
        for q in self.points:
            if norm(q.state - p) <= 1e-6 * (self.E0 + norm(p)):
                return q
        w, V = np.linalg.eig(J := self.jacobian(p))
        rate = np.min(-np.log(abs(1 + w)) if self.map else -w.real)
        what = "point" if rate > 1e-7 else "unstable point" if rate < -1e-7 else "marginal"
        v = 0.01 * self.E0 * V[:, abs(w).argmin()].real
        if what == "marginal" and abs(w).min() < 1e-6:
            beside = [(self.newton(y), y) for y in (p + v, p - v)]
            near = [q is not None and norm(q - y) < 0.5 * norm(v) for q, y in beside]
            what = "continuum" if any(near) else what
        self.points.append(End(what, p, rate=rate, loop=J))
        return self.points[-1]

    def end(self, t, X):
        """Return the end of one path, or None."""
        if not np.isfinite(X[-1]).all():
            return End("infinity")
        rest = norm(self.go(X[-1:])[0]) <= 1e-9 * self.E0
        near = [p for p in self.points if p.what != "continuum"]
        near = sorted(near, key=lambda p: norm(X[-1] - p.state))[:3]
        stable = [p for p in near if p.what == "point"]
        for p in near:
            if not any(p is q for q in stable[1:]) and self.arrives(p, t, X, rest):
                return p
        self.tries -= not rest
        x = self.newton(X[-1]) if rest or self.tries > 0 else None
        if x is not None and self.arrives(p := self.point(x), t, X, rest):
            return p
        if rest:
            return None
        for curve in self.curves:
            if self.joins(curve, t, X):
                return curve
        return self.closed(t, X) or (self.circle(X) if self.map else None)

    def curve(self, n):
        """Return the closed curve through a claimed state, which has to close within a turn."""
        span = n["period"] / self.unit
        X = self.follow(np.array(n["state"], float)[None], round(span) if self.map else span)[1]
        loop, gap = X[:, 0], 0 if self.map else norm(np.diff(X[:, 0], axis=0)).max()
        if not norm(loop[-1] - loop[0]) <= 1e-4 * (D := width(loop)):
            return
        apart = cdist(loop[1:], loop[1:]) + np.diag(np.full(len(loop) - 1, np.inf))
        reach = min(0.1 * np.median(apart.min(1)), 0.01 * D) if self.map else 0.01 * D + gap
        turn = n["turn"] / self.unit if "turn" in n else np.nan
        steps = len(loop) - 1 if self.map else 0
        self.curves.append(End("curve", loop[0], span, steps, turn, D, loop, gap, reach))

    def joins(self, curve, t, X):
        """Say whether a path stays beside a closed curve for a whole turn."""
        last = X[t >= t[-1] - curve.period]
        return t[-1] > 2 * curve.period and cdist(last, curve.loop).min(1).max() <= curve.rate

    def arrives(self, p, t, X, rest):
        """Say whether a path ends at a fixed point: at rounding, or as its slowest mode says."""
        d, left = norm(X - p.state), (t[-1] - t) * p.rate
        there = d <= 1e-9 * (self.E0 + norm(X[-1]))
        part = (left >= 1) & (left <= 3) if left[0] > 2 else abs(t / t[-1] - 0.5) < 0.1
        falls = abs(np.log(d / d[-1])[part] / left[part] - 1) <= 0.2
        if p.what == "point":
            v, linear = self.go(X[-1:])[0], p.loop @ (X[-1] - p.state)
            slow = left[0] > 2 or norm(linear) < 3 * norm(v)  # far away, other modes are faster
            return there[-1] or (slow and falls.sum() > 0.2 * part.sum())
        stays = p.what == "unstable point" and there[t > t[-1] / 2].all()
        return rest if p.what == "continuum" else stays

    def is_slow(self, x, span):
        """Say whether most of these states of a map hardly move, and may come to a known point."""
        known = [p for p in self.points if p.what == "point"]
        if not self.map or not known or not span < min(self.cap, 32 / min(p.rate for p in known)):
            return False
        away = cdist(x, [p.state for p in known]).min(1)
        return np.mean(norm(self.go(x)) * span <= 10 * away) > 0.5

    def closed(self, t, X, loose=False):
        """Return the closed curve of a path: its returns come together (loose: however slowly).

        The miss does not show a coordinate of small units that is still on its way, and with it the
        time of a turn. So the last turns must take the same time, too.
        """
        R, times, index = X, t, np.arange(len(X))
        if not self.map:
            F = self.f(X)
            path, g = CubicHermiteSpline(t, X, F), (X - X[-1]) @ F[-1]
            index = np.flatnonzero((g[:-1] < 0) & (g[1:] >= 0))
            low, times = t[index], t[index + 1]
            for _ in range(50):
                middle = (low + times) / 2
                before = (path(middle) - X[-1]) @ F[-1] < 0
                low, times = np.where(before, middle, low), np.where(before, times, middle)
            R = path(times)
        whole, floor, least = width(X[len(X) // 2 :]), *((1e-9, 3) if self.map else (1e-5, 0.7))
        near = norm(R[-1:] - R[:-1])[::-1] < 0.01 * whole
        near[: self.map] = False  # a step alone is no turn
        for k in np.flatnonzero(near)[:24] + 1:
            miss = norm(np.diff(R[::-k], axis=0))
            turns = np.argmax(np.r_[miss > 0.01 * whole, True])
            taken = -np.diff(times[::-k][:6])
            same = turns >= (3 if self.map else 5) and np.ptp(taken) < 0.005 * taken.mean()
            if not same or norm(R[-k:] - R[-2 * k : -k]).max() > 0.01 * whole:
                continue
            j, last = some(turns, 12), slice(len(X) // 2, None)
            loops = [X[index[-1 - (i + 1) * k] : index[-1 - i * k] + 1] for i in j]
            s = np.log(np.maximum(miss[j] / [width(loop) for loop in loops], 1e-300))
            fall, bent = s[-1] - s[0], abs(s - s[0] - (s[-1] - s[0]) * j / j[-1]).max()
            to_come = (
                np.exp(s[0]) * j[-1] / (fall or 1e-9)
            )  # of all misses, where they fall as they did
            falls = fall > least and bent < 0.1 * fall and to_come < 0.05
            if s[0] < np.log(floor) or falls or (loose and fall > 0.02 and s[0] < np.log(0.01)):
                P, loop = taken.mean(), loops[0]
                laps = round(P * self.rotation(X[last])[0]) if self.map else 1
                turn = P / laps if laps > 1 and 4 * laps <= P else np.nan
                gap = 0 if self.map else norm(np.diff(loop, axis=0)).max()
                return End("curve", X[-1], P, k * self.map, turn, width(loop), loop, gap)
        return None

    def rotation(self, X):
        """Return how much of a turn a step makes, and the path about its middle."""
        Y = X - X.mean(0)
        z = Y @ axes(Y) @ [1, 1j][: Y.shape[1]]
        s = (np.arange(len(z) - 1) + 0.5) / (len(z) - 1)
        angles = np.angle(z[1:] / z[:-1]) / (2 * np.pi)
        return abs(np.average(angles, weights=np.exp(-1 / (s * (1 - s))))), Y

    def circle(self, X):
        """Return the invariant circle that a map's path fills: in the order of phase it closes."""
        for part in (X[len(X) // 10 :], X[len(X) // 2 :]):
            rho, Y = self.rotation(part)
            loop, third = Y[np.argsort(rho * np.arange(len(Y)) % 1)], len(Y) // 3
            D, gaps = width(Y), norm(loop - np.roll(loop, 1, 0))
            drift = abs(np.log(norm(Y[:third]).mean() / norm(Y[-third:]).mean()))
            thin = gaps.max() < 0.1 * D and gaps.sum() < 12 * D and drift < 0.01
            if thin and Y.shape[1] > 1 and rho * len(Y) > 5:
                return End("curve", X[-1], 1 / rho, 0, np.nan, D, part, gaps.max())
        return None

    def roams(self, X):
        """Return how far the end of a path goes, over the part before; 0 if it seldom returns."""
        Y = X[len(X) // 4 :] - X[len(X) // 4 :].mean(0)
        half = len(Y) // 2
        side = Y[half:] @ axes(Y)[:, 0] > 0
        often = (side[1:] != side[:-1]).sum() >= 6
        return often * norm(Y[half:]).max() / norm(Y[:half]).max()

    def exponent(self, x):
        """Return the largest exponent of states, and its error, from two trajectories."""
        X, d, logs = self.follow(x, min(self.T, 50.0))[1], 1e-8 * self.E0, []
        speed = norm(self.go(X.reshape(-1, x.shape[1]))).mean()
        h = 1 if self.map else min(norm(X - X.mean(0)).max() / speed, self.T) / 2
        y = x + d * np.random.default_rng(0).normal(size=x.shape)
        for _ in range(3000 if self.map else 300):
            y = x + (y - x) * (d / norm(y - x))[:, None]
            x, y = np.split(self.follow(np.r_[x, y], h)[1][-1], 2)
            logs.append(np.log(norm(y - x) / d) / h)
        blocks = np.mean(np.array_split(logs[len(logs) // 5 :], 16), axis=1)
        return blocks.mean(0), blocks.std(0) / 4

    @cached_property
    def ends(self):
        """Return the end of each state: those not known are followed on, twice as long."""
        t, X, rows, span, T = self.t, self.X[:, self.few], self.few, 2 * self.T, self.T
        limit, steps = (min(self.limit, self.cap), 0) if self.map else (20 * T, 8000)
        found = {}
        while True:
            self.tries = 40
            new = {i: self.end(t, X[:, j]) for j, i in enumerate(rows)}
            found |= {i: e for i, e in new.items() if e}
            self.early = self.early if span > 2 * T else set(found)
            left = np.flatnonzero([new[i] is None for i in rows])
            long = len(t) > min(self.cap * (4 - 3 * self.map), steps) or span > 100 * T
            ends_here = span >= limit and long and not self.is_slow(X[-1, left], span)
            if not len(left) or ends_here or len(t) > 4 * self.cap:
                break
            more = min(span, limit - span) if span < limit else span
            more = min(more, self.cap - span) if self.map else more
            left = left[some(len(left), max(8, 5e7 / (X[:, 0].size * (1 + more / span))))]
            u, Y = self.follow(X[-1, left], more)
            t, X = np.r_[t, t[-1] + u[1:]], np.r_[X[:, left], Y[1:]]
            rows, span = rows[left], span + more
        wild = {j: r for j in left if 0.8 < (r := self.roams(X[:, j])) < 1.25}
        which = list(wild)[:: len(wild) // 8 + 1]
        chaos = wild and np.median(np.divide(*self.exponent(X[-1, which]))) > 2
        for j in left:
            roams = j in wild and (chaos or (abs(wild[j] - 1) < 0.03 and not self.curves))
            slow = None if roams else self.closed(t, X[:, j], loose=True)
            end = slow._replace(what="slow curve") if slow else End("unknown", X[-1, j])
            found[rows[j]] = End("bounded", X[-1, j]) if roams else end
        self.seen = set(found)  # where memory is short, the others end as the nearest row does
        return [found[min(found, key=lambda j: abs(i - j))] for i in self.few]

    @cached_property
    def stretched(self):
        """Return matrices to the coordinates in which sets are measured, and back."""
        A = self.A[self.fine] - self.A[self.fine].mean(0)
        square, V = np.linalg.eigh(A.T @ A)
        part = np.sqrt(np.maximum(square, 0) / square[-1])
        factor = np.maximum(part / (part**2 + 0.01), 1) if self.is_stretched else 1 + 0 * part
        return V * factor @ V.T, V / factor @ V.T

    def otherwise(self):
        """Return this run, with sets measured in the stretched coordinates."""
        other = copy.copy(self)
        other.is_stretched = True
        for name in ("stretched", "set", "aside"):
            other.__dict__.pop(name, None)
        return other

    def after(self, x, span):
        """Return the states after a time."""
        parts = np.array_split(x, len(x) // 200 + 1)
        return np.concatenate([self.follow(y, span)[1][-1] for y in parts])

    def gaps(self, x, pairs):
        """Return how far states between neighbors move along the gap over T, as a part of E."""
        worst, (there, back) = [np.zeros(0)], self.stretched
        for i, j in (p.T for p in np.array_split(pairs, len(pairs) // 100 + 1) if len(p)):
            gap = x[j] - x[i]
            new = np.concatenate([x[i] + w * gap for w in (0.25, 0.5, 0.75)])
            X = self.follow(new @ back, self.T)[1] @ there
            along = ((X - X[0]) * np.tile(gap / norm(gap)[:, None], (3, 1))).sum(-1)
            worst.append(abs(along).max(0).reshape(3, -1).max(0) / self.wide)
        return finite(np.concatenate(worst))

    @cached_property
    def set(self):
        """Return settled states, how many coincide at each, neighbors and gaps, and landmarks'."""
        S = self.A[self.fine] @ self.stretched[0]
        d = cdist(S, S)
        self.wide = d.max()
        first = [i for i in range(len(S)) if not (d[i, :i] <= 1e-6 * self.wide).any()]
        weight, S = np.bincount(d[:, first].argmin(1)), S[first]
        pairs, near = neighbors(S), neighbors(L := landmarks(S))
        return S, weight, pairs, self.gaps(S, pairs), near, self.gaps(L, near)

    def pieces(self, limit):
        """Return how many pieces the settled states make (0: no set), and whether they close."""
        S, weight, pairs, gaps, near, steps = self.set
        M, loop = np.zeros((2, len(S), len(S)))
        M[tuple(pairs[gaps <= limit].T)] = loop[tuple(near[steps <= limit].T)] = 1
        label, loop = connected_components(M, directed=False)[1], loop + loop.T
        while (leaf := loop.sum(0) == 1).any():
            loop[leaf], loop[:, leaf] = 0, 0
        wide = [cdist(S[label == k], S[label == k]).max() > 0.1 * self.wide for k in set(label)]
        sizes, several = np.bincount(label, weight) / weight.sum(), np.bincount(label) >= 3
        several &= wide
        fine = M + M.T
        while (leaf := fine.sum(0) == 1).any():
            fine[leaf], fine[:, leaf] = 0, 0
        loops = np.bincount(connected_components(fine)[1], minlength=1)
        rings = np.array(
            [loops[(connected_components(fine)[1])[label == k]].max() for k in set(label)]
        )
        rings = (rings >= np.maximum(4, np.bincount(label) // 4))[several & (sizes > 0.05)].all()
        count = 1 if sizes.max() >= 0.95 else several.sum() * (sizes[several].sum() >= 0.95)
        long = max(4, min(48, len(S)) // 4)
        closed = np.bincount(connected_components(loop)[1]).max() >= long
        return count, closed and (count == 1 or rings)

    @cached_property
    def aside(self):
        """Return what is left across the set of differences between states on both its sides."""
        S, (there, back) = self.set[0], self.stretched
        (count, n), size = S.shape, 1 + (bends(S).mean() > 0.1)
        self.is_tested = n > size
        if not self.is_tested:
            return np.zeros(count)
        rng, many = np.random.default_rng(1), min(n, 3)
        u = np.array([np.linalg.qr(rng.normal(size=(n, many)))[0].T for _ in S])
        h, left = 0.05 * self.wide, []
        X = np.concatenate([S[:, None] + h * u, S[:, None] - h * u]).reshape(-1, n) @ back
        for wait in [self.T, *[self.T / 10] * 10]:
            X = self.after(X, wait)
            one, other = np.split((X @ there).reshape(-1, many, n), 2)
            apart = np.clip(np.nan_to_num((one - other) / (2 * h), nan=1e9), -1e9, 1e9)
            left.append(np.linalg.svd(apart, compute_uv=False)[:, size])
        return np.max(left, axis=0)

    def passage(self, x, slow, size, took):
        """Say whether a path passes, for about pi / sqrt(mu a), a minimum of the speed."""
        exact = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14}
        m = least_squares(lambda y: self.go(y[None])[0], x, self.jacobian, **exact).x
        U, _, V = np.linalg.svd(self.jacobian(m))
        w, v, h = U[:, -1], V[-1], 1e-4 * norm(x).max()
        before, here, after = self.go(np.array([m - h * v, m, m + h * v])) @ w
        rate = here * (after - 2 * here + before) / (2 * h**2) / (w @ v) ** 2
        near = cdist(slow, m[None]).min() <= size
        return near and rate > 0 and 0.2 <= took * np.sqrt(rate) / np.pi <= 2.5

    @cached_property
    def slows(self):
        """Return how some states slow (at most 1: to a fifth, and up again), and what is beside."""
        slows = []
        for k in some(len(self.few), 64):
            j = self.few[k]
            P = self.X[np.isfinite(self.X[:, j]).all(1), j]
            v = np.maximum(norm(self.go(P)), 1e-10 * self.E0)
            before, behind = np.maximum.accumulate(v), np.maximum.accumulate(v[::-1])[::-1]
            depth = np.minimum(before, behind) / v
            slow, out = P[depth >= min(5, depth.max())], self.ends[k].what in ("curve", "bounded")
            if depth.max() > 4 and (p := self.newton(P[depth.argmax()])) is not None:
                self.point(p)
            size = 0.1 * width(P)
            reach = lambda p, slow=slow, size=size: cdist(slow, p[None]).min() / size
            j, t = depth.argmax(), self.t[: len(v)]
            quick, at = v > 5 * v[j], np.arange(len(v))
            took = min(t[quick & (at > j)], default=np.inf) - max(t[quick & (at < j)], default=0)
            passed = depth.max() > 4 and self.passage(P[j], slow, size, took)
            slows.append((5 / depth.max(), reach, out, passed))
        return slows

    def words(self, k=1.0, gap=0.15):
        """Say of every word whether it is true, with thresholds times k."""
        E, inf, slow = self.E, np.inf, {"what": "curve" if k > 1 else "unknown"}
        ends = [e._replace(**slow) if e.what == "slow curve" else e for e in self.ends]
        most = lambda x, y=0.5, part=0.05: np.mean(np.array(x, float) <= k * y) >= 1 - k * part
        are = lambda *whats: most([e.what not in whats for e in ends])
        P = np.array(list({id(e): e.state for e in ends if e.what == "point"}.values()))
        away = lambda p: min([d for d in norm(P - p) if d > 0], default=self.E0)
        to_go = lambda x, e: norm(x - e.state) / away(e.state) if e.what == "point" else inf
        rests = most([*map(to_go, self.A[self.few], ends)], 0.05)
        alone = rests and any(most([e.state is not f.state for f in ends]) for e in ends)
        apart = k * E > 1e-3 * self.E0
        still = apart and most(self.moved, gap)
        pieces, closed = self.pieces(gap * k) if still else (0, False)
        line = still and most(bends(self.set[0]), part=0.1)
        if pieces > 1:  # "two lines": by the gaps that are not broken
            line = most(np.bincount(self.set[4][self.set[5] <= gap * k].ravel()) > 2, part=0.1)
        good = pieces > 0 and most(self.aside) and (pieces == 1 or line) and not rests
        good = good and (self.is_tested or are("continuum"))
        ghosts = []
        for depth, near, out, passed in self.slows:
            ghosts.append(
                inf if out or not passed or any(near(p.state) < 1 for p in self.points) else depth
            )
        both = np.r_[self.A, self.B][np.isfinite(np.r_[self.A, self.B]).all(1)]
        curves = [e if e.what == "curve" else End("") for e in ends]
        drifts = apart and most(0.15 * E / norm(self.B - self.A), 1) and len(both) > 0
        words = {
            "unknown": False,
            "cycle": most([np.fmin(e.period, e.turn) / self.T for e in curves], 1),
            "point": alone,
            "points": rests and not alone,
            "line": good and line and not closed,
            "ring": good and line and closed,
            "surface": good and not line,
            "still": still and not (good and pieces == 1),
            "ghost": most(ghosts, 1),
            "recurrent": are("bounded"),
            "diverging": are("infinity"),
            "slow path": drifts and most(bends(both), part=0.1),
            "mixture": are(*KINDS) and not any(are(what) for what in KINDS),
        }
        words["unstable point"] = are("unstable point")
        words["moving"] = not any(words.values())
        return {w: bool(true) for w, true in words.items()}

    def told(self, gap=None):
        """Say what words are true: None where 10 % in the thresholds matter; nothing without T."""
        if not self.timed:
            return {}
        if gap is None:  # a set is one with 5 %, or with 15 %
            sets, strict = ("line", "ring", "surface"), self.told(0.05)
            either = lambda a, b: a if a is b else True if True in (a, b) else None
            loose = self.told(0.15)
            return {w: either(a, strict[w]) if w in sets else a for w, a in loose.items()}
        asked = [self.words(k, gap) for k in (1.0, 0.9, 1.1)]
        told = {w: agree([x[w] for x in asked]) for w in asked[0]}
        if np.mean([e.what == "unknown" for e in self.ends]) > 0.05:  # they may end at anything
            told["mixture"] = told["mixture"] or None
        return told

    # The claims

    def fixed(self, state, what):
        """Compare a fixed point."""
        p = np.array(state, float)
        if not norm(self.go(p[None])[0]) <= 1e-8 * (self.E0 + norm(p)):
            return False, "no fixed point there"
        return self.point(p).what == what, self.point(p).what

    def check_end(self, n):
        """Compare the rows, the share, and then the numbers."""
        ends, claimed, what, share = self.ends, set(n["rows"]), n["what"], len(n["rows"]) / self.N
        rows = [k for k, j in enumerate(self.few) if j in self.seen and self.rows[j] in claimed]
        counts = Counter(ends[j].what.replace("slow curve", "unknown") for j in rows)
        if what == "unknown":  # missed where known by 2 T, or where following was to go on
            rows = [k for k in rows if share > 0.05 or self.few[k] in self.early]
            turns = lambda e: self.limit / e.period if self.map and not e.steps else 50
            missed = [j for j in rows if turns(ends[j]) >= 50 and ends[j].what in KINDS]
            yield "missed" if len(missed) > 0.1 * counts.total() else None, str(dict(counts))
            return
        like = [ends[j] for j in rows if ends[j].what == what]
        if n.get("left"):  # errors decided where they went: they were at the point
            p, size = np.array(n["state"], float), 1e-9 if self.map else 1e-5
            there = norm(self.X[:, self.few] - p).min(0) <= 0.1 * size * (self.E0 + norm(p))
            yield self.fixed(p, what)
            yield (
                there[[k for k, j in enumerate(self.few) if self.rows[j] in claimed]].all(),
                "away",
            )
            return
        if "point" in what:
            yield self.fixed(n["state"], what)
            like = [e for e in like if norm(e.state - n["state"]) <= 1e-4 * self.E0]
        vague = counts["unknown"]
        if what == "curve" and any(c.steps == n["steps"] > 0 for c in self.curves):
            # there is such a cycle, and before it closes, a path fills a circle
            vague += counts["bounded"] + sum(not e.steps for e in like)
            like = [e for e in like if e.steps]
        off = len(rows) - len(like) - vague > 0.02 * len(rows)
        yield not off and (len(like) >= 0.98 * len(rows) or None), str(dict(counts))
        low, _ = binomtest(len(n["rows"]), self.N).proportion_ci(method="wilson")
        most = min(len(n["rows"]) + self.unknown, self.N)  # which may end here, too
        _, high = binomtest(most, self.N).proportion_ci(method="wilson")
        for key, value in {"share": share, "low": low, "high": high}.items():
            yield from number(n, key, value, 0.01)
        if what == "bounded" and like:
            x = np.array([e.state for e in like[:6]])
            value, error = np.median(self.exponent(x), axis=1) / self.unit
            error = np.hypot(error, n.get("exponent_error", 0)) + 0.02 * abs(value)
            yield from number(n, "exponent", value, 3 * error, 5 * error)
        if what == "curve" and like:
            family, p = bool(n.get("family")), np.array(n.get("state", like[0].state), float)
            for key in ("period", "turn", "diameter", "steps")[: 3 + self.map]:
                values = np.array([getattr(e, key) for e in like]) * self.units.get(key, 1)
                nearest = values[abs(values - n.get(key, 0)).argmin()]
                tol = {"diameter": 0.05, "steps": 0}.get(key, 0.01)
                value = nearest if family else np.median(values)
                yield from number(n, key, value, tol * value)
            far = [cdist(e.loop, p[None]).min() - e.gap - 0.01 * e.diameter for e in like]
            apart = np.mean(np.array(far) > 0)
            yield len(like) == 1 or family == (apart > 0.02), f"share off this curve: {apart:.3f}"

    def check_held(self, n):
        """Compare a word, whether it is the first, and what it rests on."""
        w, told = n["word"], self.told()
        yield told.get(w), "true: " + ", ".join(say(told))
        before = list(told.values())[: list(told).index(w) if told else 0]
        first = False if True in before else None if None in before else True
        yield first if n.get("first") else True, "not the first"
        if w in ("line", "ring", "surface") and told[w] is not False:
            yes, pieces = self.told(0.05)[w], [self.pieces(k * g)[0] for k, g in GAPS]
            yield None if yes is None else (n.get("answer", "yes") == "yes") == yes, f"yes: {yes}"
            yield n.get("pieces", 1) in pieces, f"pieces {pieces}"
            yield from number(n, "dimension", 1 + (w == "surface"), 0)
            yield from number(n, "attracting", np.mean(self.aside <= 0.5), 0.1)
        if w == "points":
            yield from number(n, "places", len({id(e) for e in self.ends if e.what == "point"}), 0)

    def check_number(self, kind, n):
        """Compare what is measured over T, and look for fixed points."""
        soft = 0.2 * (np.mean([e.what == "bounded" for e in self.ends]) > 0.05)  # few, and chaotic
        if kind == "drift":
            far = norm(self.X[: self.k + 1] - self.X[0]).max(0) / self.E0
            value = np.quantile(finite(far), 0.95, method="inverted_cdf")
            yield from number(n, "value", value, 0.01 + 0.01 * value, soft)
            return
        if kind == "decoded":
            yield from self.check_decoded(n)
            return
        if kind == "moved":
            value = np.quantile(self.moved, 0.95, method="inverted_cdf")
            yield from number(n, "value", value, 0.01 + 1e-3 * value, soft)
        elif kind == "passes":
            yield self.fixed(n["state"], "unstable point")
            p = np.array(n["state"], float)
            beside = np.array([max(depth, near(p)) for depth, near, *_ in self.slows])
            share = [np.mean(beside <= k) for k in (0.9, 1.0, 1.1)]
            yield agree([share[0] >= 0.955, share[2] >= 0.945]), f"share beside {share[1]:.3f}"
        elif kind == "no fixed point":  # nothing is proved here
            starts = self.X[some(len(self.X), 5)][:, some(len(self.rows), 8)]
            found = [self.newton(x) for x in starts.reshape(-1, self.A.shape[1])]
            yield all(x is None for x in found), "fixed points are there"
        else:
            yield from self.check_along(kind, n, soft)

    def check_decoded(self, n):
        """Decode a label from states at first and at T, by least squares on held-out conditions."""
        if n["label"] not in self.labels:
            yield None, "labels are not given"
            return
        table = {k: np.unique(np.asarray(v)[self.rows], return_inverse=True)
                 for k, v in self.labels.items()}  # fmt: skip
        values, y = table[n["label"]]
        group = y
        if n["as"] == "accuracy":
            others = [c for k, (_, c) in table.items() if k != n["label"]]
            group = np.unique(np.stack([y, *others], 1), axis=0, return_inverse=True)[1]
            if min(len(set(group[y == v])) for v in set(y)) < 5:
                group = np.arange(len(y))
        held_out = np.zeros(len(y), int)
        for v in set(y):  # conditions of every class in every fold
            of = sorted(set(group[y == v])) if n["as"] == "accuracy" else [v]
            for k, g in enumerate(of):
                held_out[group == g] = (k if n["as"] == "accuracy" else v) % 5
        noise = (
            0.05
            * np.sqrt(self.X[0].var(0).mean())
            * np.random.default_rng(1).normal(size=self.A.shape)
        )
        for key, x in (("first", self.X[0]), ("value", self.A)):
            x = x + noise - x.mean(0)
            u, s, _ = np.linalg.svd(x, full_matrices=False)
            x, told = (u * s / s[0] * len(x) ** 0.5)[:, :20], np.zeros(len(x))
            wide = x / np.sqrt(x.var(0) + 0.01)
            for fold in set(held_out):
                a, b = np.c_[x, np.ones(len(x))], held_out == fold
                if n["as"] == "order":
                    told[b] = a[b] @ np.linalg.lstsq(a[~b], values[y][~b], rcond=1e-3)[0]
                else:
                    means = np.array([wide[~b & (y == v)].mean(0) for v in range(len(values))])
                    told[b] = cdist(wide[b], means).argmin(1)
            if n["as"] == "order":
                score = np.corrcoef(rankdata(values[y]), rankdata(told))[0, 1]
            else:
                score = np.mean([(told == y)[y == v].mean() for v in set(y)])
            yield from number(n, key, score, 0.1, 0.3)

    def check_along(self, kind, n, soft):
        """Compare order and spread along the axis."""
        P = self.X[:, self.fine] @ np.asarray(self.axis, float)
        rank = lambda x: rankdata(x, axis=1) - (x.shape[1] + 1) / 2
        cosine = lambda r: r @ r[0] / norm(r) / norm(r[0])
        y, coarse = cosine(rank(P)), cosine(rank(np.round(P / (1e-7 * self.E0))))
        spread, late, k = P.std(1) / P.std(1)[0], self.t >= self.T / 2, self.k
        if kind == "kept":
            whats = [e.what for e in self.ends]
            most = np.mean([w in ("curve", "slow curve", "bounded") for w in whats]) + 1e-9
            turns = [most >= 0.05, most + np.mean([w == "unknown" for w in whats]) >= 0.05]
            signed = np.minimum(y * np.sign(y[k]), spread)  # with the sign that it has at T
            least = [signed[late if turn else [k]].min() for turn in turns]
            kept = agree([None if abs(x - 0.5) < 0.05 else (x >= 0.5) == n["value"] for x in least])
            yield kept, f"least {least[0]:.3f}"
            yield not n["value"] or n["reversed"] == (y[k] < 0), f"order {y[k]:.3f}"
        elif kind == "spread time":
            s = np.linspace(0, self.T, 500)
            log = np.log(np.interp(s, self.t, spread))
            time, r2 = -self.unit / np.polyfit(s, log, 1)[0], np.corrcoef(s, log)[0, 1] ** 2
            yield from number(n, "value", time, 0.05 * abs(time))
            yield r2 > 0.978 and abs(log[-1]) > 0.009, f"R2 {r2:.4f}, change {log[-1]:.3f}"
        else:
            soft = np.inf if kind == "order" and abs(y - coarse)[late].max() > 0.02 else soft
            y = y if kind == "order" else spread
            for key, value in ("value", y[k]), ("low", y[late].min()), ("high", y[late].max()):
                yield from number(n, key, value, 0.02, soft)

    def judge(self, claim):
        """Return the worst answer about a claim, and what was found."""
        given = lambda v: v is not None and not (isinstance(v, float) and np.isnan(v))
        n, kind = {k: v for k, v in claim["numbers"].items() if given(v)}, claim["kind"]
        ask, answers = {"end": self.check_end, "held": self.check_held}, {}
        for answer, text in ask[kind](n) if kind in ask else self.check_number(kind, n):
            answer = {True: "true", False: "false", None: "cannot tell"}.get(answer, answer)
            answers.setdefault(answer, []).append(text)
        worst = next(a for a in ("false", "missed", "cannot tell", "true") if a in answers)
        return worst, "; ".join(answers[worst])


def say(told):
    """Return the words that are not false, in the order in which they are asked."""
    return [w + "?" * (true is None) for w, true in told.items() if true is not False]


def word(kind, function, states, duration, *, time_unit=1.0, max_steps=None):
    """Return the words that are true, the first one first, with "?" where it cannot be told."""
    with np.errstate(all="ignore"):
        return say(Run(kind, function, states, duration, None, time_unit, max_steps).told())


def check(
    kind,
    function,
    states,
    duration,
    claims,
    *,
    axis=None,
    time_unit=1.0,
    max_steps=None,
    labels=None,
):
    """Return "true", "false", "cannot tell" or "missed", and a reason, for each claim."""
    with np.errstate(all="ignore"):
        run = Run(kind, function, states, duration, axis, time_unit, max_steps, labels)
        ends = [claim["numbers"] for claim in claims if claim["kind"] == "end"]
        run.unknown = sum(len(n["rows"]) for n in ends if n["what"] == "unknown")
        for claim in claims:  # where two ends are near each other, a path may seem to reach either
            n = claim["numbers"]
            if n.get("what") == "point" and run.fixed(n["state"], "point")[0]:
                run.point(np.array(n["state"], float))
            if n.get("what") == "curve" and not n.get("family") and (n["steps"] or not run.map):
                run.curve(n)
        answers = [run.judge(claim) for claim in claims]
        if any(
            a[0] == "false" and c["kind"] == "held" for a, c in zip(answers, claims, strict=True)
        ):
            again = run.otherwise()
            answers = [again.judge(c) if c["kind"] == "held" and a[0] == "false" else a
                       for a, c in zip(answers, claims, strict=True)]  # fmt: skip
        return answers


if __name__ == "__main__":
    case, module = json.loads(Path(sys.argv[1]).read_text()), runpy.run_path(sys.argv[3])
    options = {
        key: case[key] for key in ("axis", "time_unit", "max_steps", "labels") if key in case
    }
    system = case["kind"], module["function"], np.array(case["states"], float), case["duration"]
    answers = check(*system, case["claims"], **options)
    for claim, (verdict, reason) in zip(case["claims"], answers, strict=True):
        print(f"{verdict}: {claim['kind']} {claim['numbers'].get('word', '')}: {reason}")
    if not answers:
        sys.exit("the file holds no claims: nothing was checked")
    sys.exit(any(verdict == "false" for verdict, _ in answers))
