"""Check the claims of a verdict by the page's definitions, with NumPy and SciPy alone.

    python check_verdict.py FILE.json --module mymodule.py

FILE holds kind, states, duration, axis, time_unit, claims; mymodule.py has `function`. Words are
asked with the page's thresholds and 10 % to either side: None ("cannot tell") where they differ.
"95 %" moves by a tenth of the other 5 %. A map is followed as long as the page says. A flow is
followed for 20 T, or 2,000 of the checker's own steps where that is longer (100 T at most), by
DOP853 (LSODA where stiff) at 1e-11.
"""

import json
import runpy
import sys
from collections import Counter, namedtuple
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicHermiteSpline
from scipy.ndimage import maximum
from scipy.optimize import least_squares, root
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist
from scipy.stats import binomtest, linregress, rankdata, spearmanr

End = namedtuple(
    "End", "what state period steps turn diameter loop gap rate", defaults=[np.nan] * 8
)
KINDS = ["point", "unstable point", "curve", "continuum", "bounded", "infinity"]
CAP = 50_000  # steps of a map
SETS = ["line", "ring", "surface"]
EXACT = {"xtol": 1e-14, "ftol": 1e-14}
norm = lambda x: np.linalg.norm(x, axis=-1)
large = lambda x: abs(x).max(-1)
some = lambda count, most: np.linspace(0, count - 1, int(min(count, most))).round().astype(int)
width = lambda x: cdist(*[x[some(len(x), 150)]] * 2).max()  # the largest distance, nearly
finite = lambda x: np.nan_to_num(x, nan=np.inf)
vaguely = lambda e: e._replace(what="unknown") if e.what[:5] in ("slow ", "late ") else e
agree = lambda answers: answers[0] if len(set(answers)) == 1 else None
matrix = lambda pairs, n: coo_array((np.ones(len(pairs)), pairs.T), (n, n)).toarray()
# the two directions along which states about 0 differ most, as columns
axes = lambda y: np.linalg.svd(y[some(len(y), 500)], full_matrices=False)[2][:2].T


def neighbors(x):
    """Return the pairs of the relative neighborhood graph."""
    d = cdist(x, x)
    free = [np.maximum(row, d).min(1) >= row * (1 - 1e-12) for row in d]
    return np.argwhere(np.tril(free, -1))


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


def loops(pairs, n):
    """Return the size of the loop in which each of n states lies."""
    M = matrix(pairs, n) + matrix(pairs, n).T
    while (leaf := M.sum(0) == 1).any():
        M[leaf], M[:, leaf] = 0, 0
    label = connected_components(M)[1]
    return np.bincount(label)[label]


class Run:
    """A system and where its states go. Times are in steps, or in units of tau."""

    def __init__(self, kind, function, states, duration, axis=None, time_unit=1.0, labels=None):
        x = np.asarray(states, float)
        x, self.map, self.f = x[np.isfinite(x).all(1)], kind == "map", function
        self.N, self.axis, self.unit, self.labels = len(x), axis, time_unit, labels or {}
        self.points, self.unknown = [], 0  # states of which the claims give no end
        go = self.go(x)
        move = abs(go).max(1, initial=0.0)
        if not self.map:  # less far where the velocity changes before
            move /= np.fmax(abs(self.go(x + 1e-6 * go) - go).max(1) / (1e-6 * move), 1.0)
        move = move[np.isfinite(move)].max(initial=0.0)
        size, d = max(abs(x).max(), move), cdist(x, x).max()
        self.E0 = d if d > (1e-7 if self.map else 1e-3) * size else size or 1e-8
        self.far = 1e8 * max(self.E0, abs(x).max(), move, 1e-4)
        T = duration / time_unit if duration else 250 if self.map else 5.0
        self.T = T = round(T) if self.map else T
        self.timed = bool(duration) and len(x) > 2
        longer = 2 ** np.ceil(np.log2(max(100 / T, 1.0))) if self.map else 1
        blocks = np.ceil(20 * T * longer / 256)  # of steps of a map
        self.limit = min(256 * blocks, CAP) if self.map else 20 * T
        self.surely = min(20 * T * longer, CAP) if self.map else np.inf  # so far, at least
        fast = max(norm(self.jacobian(p)).max() for p in x[some(len(x), 5)])
        self.by = "DOP853" if fast * T < 5e4 else "LSODA"  # stiff
        size = 2 * x.shape[1] * len(self.follow(x[:4], T)[0])  # numbers of a state over 2 T
        self.rows = some(len(x), max(48, 8e7 / size))
        # Those of which the ends are looked for:
        self.few = some(len(self.rows), max(8, min(64, 6400 / x.shape[1])))
        self.t, self.X = self.follow(x[self.rows], 2 * T)
        self.k = np.searchsorted(self.t, T)
        self.A, self.B = self.X[self.k], self.X[-1]
        self.fine = np.isfinite(self.A).all(1)
        self.E = cdist(self.A[self.fine], self.A[self.fine]).max() if self.fine.any() else 0.0
        self.drifted = finite(norm(self.X[: self.k + 1] - self.X[0]).max(0) / self.E0)
        self.moved = finite(norm(self.X[self.k :] - self.A).max(0) / self.E)
        self.set = Set(self, False)

    # Where states go

    def follow(self, x, span):
        """Return times and states (step, state, unit); what passes `far` becomes infinite."""
        x, t = np.where(np.isfinite(x), x, 2 * self.far), np.arange(span + 1.0)
        if self.map:
            X = np.array(list(accumulate(t[1:], lambda y, _: self.f(y), initial=x)))
        else:
            s = solve_ivp(self.field, (0, span), x.ravel(), self.by, args=(x.shape[1],),
                          rtol=1e-11, atol=1e-13 * self.E0, dense_output=True)  # fmt: skip
            t = np.interp(np.arange(4 * len(s.t) - 3) / 4, np.arange(len(s.t)), s.t)
            t = np.r_[0, t[1:][np.diff(t) > 1e-5 * span], span / 2, span]
            X = s.sol(t := np.unique(t)).T.reshape(len(t), *x.shape)
        X[np.logical_or.accumulate(~(large(X) < self.far))] = np.inf
        return t, X

    def field(self, _, y, units):
        """Return velocities: finite, and none of a state that has passed `far`."""
        x = y.reshape(-1, units)
        v = np.nan_to_num(self.f(x)) * (large(x) < self.far)[:, None]
        return (v / np.hypot(1, v / (10 * self.far))).ravel()

    def over(self, x, span, look):
        """Return what `look` says of paths, given them and their rows; a few at a time."""
        parts = np.array_split(np.arange(len(x)), len(x) // 200 + 1)
        return np.concatenate([look(self.follow(x[p], span)[1], p) for p in parts])

    def go(self, x):
        """Return how states move, in a step or a unit of time."""
        return self.f(x) - self.map * x

    def jacobian(self, p):
        """Return the Jacobian of `go`, by differences."""
        h = 1e-6 * (self.E0 + norm(p)) * np.eye(len(p))
        return (self.go(p + h) - self.go(p - h)).T / (2 * h[0, 0])

    def newton(self, x):
        """Return the fixed point near a state, or None."""
        field = lambda y: self.go(y[None])[0]
        p = root(field, x, method="lm", jac=self.jacobian, options=EXACT | {"maxiter": 200}).x
        return p if norm(field(p)) <= 1e-10 * (self.E0 + norm(p)) else None

    def growth(self, x, h, d, times):
        """Return at which rates a small distance d to states grows, in steps of time h."""
        y, rates = x + d * np.random.default_rng(0).normal(size=x.shape), []
        for _ in range(times):
            y = x + (y - x) * (d / norm(y - x))[:, None]
            x, y = np.split(self.follow(np.r_[x, y], h)[1][-1], 2)
            rates.append(np.log(norm(y - x) / d) / h)
        return rates

    def exponent(self, x):
        """Return the largest exponent of states that roam, and its error."""
        X = self.follow(x, min(self.T, 50.0))[1]
        speed, times = norm(self.go(X.reshape(-1, x.shape[1]))).mean(), 3000 if self.map else 300
        h = 1 if self.map else min(norm(X - X.mean(0)).max() / speed, self.T) / 2
        rates = self.growth(x, h, 1e-8 * self.E0, times)
        blocks = np.mean(np.array_split(rates[times // 5 :], 16), axis=1)
        return blocks.mean(0), blocks.std(0) / 4

    # Where they end

    def point(self, p):
        """Return what a fixed point is."""
        for q in self.points:
            if norm(q.state - p) <= 1e-6 * (self.E0 + norm(p)):
                return q
        w, V = np.linalg.eig(J := self.jacobian(p))
        rate = np.min(-np.log(abs(1 + w)) if self.map else -w.real)
        what = "point" if rate > 1e-7 else "unstable point" if rate < -1e-7 else "marginal"
        if what == "marginal" and abs(w).min() < 1e-6:
            v = 0.01 * self.E0 * V[:, abs(w).argmin()].real
            beside = [(self.newton(y), y) for y in (p + v, p - v)]
            near = [q is not None and norm(q - y) < 0.5 * norm(v) for q, y in beside]
            what = "continuum" if any(near) else what
        self.points.append(End(what, p, rate=rate, loop=J))
        return self.points[-1]

    def fixed(self, state, what):
        """Compare a fixed point."""
        p = np.array(state, float)
        if not norm(self.go(p[None])[0]) <= 1e-8 * (self.E0 + norm(p)):
            return False, "no fixed point there"
        return self.point(p).what == what, self.point(p).what

    def closes(self, n):
        """Say whether a state lies on a cycle of a map, to which others beside it come."""
        x = np.array(n.get("state", []), float)
        if not self.map or not n.get("steps") or not len(x):
            return False
        beside = 1e-6 * self.E0 * np.random.default_rng(0).normal(size=(4, len(x)))
        X = self.follow(np.r_[x[None], x + beside], 10 * n["steps"])[1]
        misses = norm(X[[n["steps"], -1]] - x)
        comes = misses[1, 1:] < 0.5 * misses[0, 1:]
        return comes.all() and misses[:, 0].max() <= 1e-9 * (self.E0 + norm(x))

    def end(self, t, X):
        """Return the end of one path, or None."""
        if not (is_finite := np.isfinite(X).all(1))[-1]:
            return End("late infinity" if t[is_finite.argmin()] > self.surely else "infinity")
        rest = norm(self.go(X[-1:])[0]) <= 1e-9 * self.E0
        near = sorted(self.points, key=lambda p: -norm(X[-1] - p.state))
        near = {p.what: p for p in near if "point" in p.what}.values()  # the nearest of each kind
        found = [p for p in near if self.arrives(p, t, X, rest)]
        x = None if found else self.newton(X[-1])
        if x is not None and self.arrives(self.point(x), t, X, rest):
            found = [self.point(x)]
        if found or rest:
            return found[0] if found else None
        return self.closed(t, X) or self.circle(X)

    def arrives(self, p, t, X, rest):
        """Say whether a path ends at a fixed point: at rounding, or as its slowest mode says."""
        d, left = norm(X - p.state), (t[-1] - t) * p.rate
        there = d <= 1e-9 * (self.E0 + norm(X[-1]))
        if p.what != "point":
            stays = "unstable" in p.what and there[t > t[-1] / 2].all()
            return rest if p.what == "continuum" else stays
        part = (left >= 1) & (left <= 3) if left[0] > 2 else abs(t / t[-1] - 0.5) < 0.1
        falls = abs(np.log(d / d[-1])[part] / left[part] - 1) <= 0.2
        slow = norm(p.loop @ (X[-1] - p.state)) < 3 * norm(self.go(X[-1:])[0])
        # far away, other modes are faster
        return there[-1] or ((left[0] > 2 or slow) and falls.sum() > 0.5 * part.sum())

    def closed(self, t, X, loose=False):
        """Return the closed curve of a path: its returns come together (loose: however slowly).

        The miss does not show a coordinate of small units that is still on its way, and with it the
        time of a turn. So the last turns must take the same time, too.
        """
        R, at, index = X, t, np.arange(len(X))
        if not self.map:
            F = self.f(X)
            y = (X - X[-1]) @ F[-1]
            index = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
            at, g = t[index + 1], CubicHermiteSpline(t, y, F @ F[-1])
            for _ in range(9):
                at = np.clip(at - g(at) / g(at, 1), t[index], t[index + 1])
            R = CubicHermiteSpline(t, X, F)(at)
        whole, floor, least = width(X[len(X) // 2 :]), *((1e-9, 3) if self.map else (1e-5, 0.7))
        near = norm(R[-1:] - R[:-1])[::-1] < 0.01 * whole
        near[: self.map] = False  # a step alone is no turn
        for k in np.flatnonzero(near)[:24] + 1:
            miss, taken = norm(np.diff(R[::-k], axis=0)), -np.diff(at[::-k][:6])
            turns = np.argmax(np.r_[miss > 0.01 * whole, True])
            same = turns >= (3 if self.map else 5) and np.ptp(taken) < 0.005 * taken.mean()
            if not same or norm(R[-k:] - R[-2 * k : -k]).max() > 0.01 * whole:
                continue
            j = some(turns, 12)
            widths = [width(X[index[-1 - (i + 1) * k] : index[-1 - i * k] + 1]) for i in j]
            s = np.log(np.maximum(miss[j] / widths, 1e-300))
            fall, bent = s[-1] - s[0], abs(s - s[0] - (s[-1] - s[0]) * j / j[-1]).max()
            to_come = np.exp(s[0]) * j[-1] / (fall or 1e-9)  # of all misses, falling as they did
            falls = fall > least and bent < 0.1 * fall and to_come < 0.05
            if s[0] < np.log(floor) or falls or (loose and fall > 0.02 and s[0] < np.log(0.01)):
                loop, P = X[index[-1 - k] : index[-1] + 1], taken.mean()
                laps = round(P * self.rotation(X[len(X) // 2 :])[0]) if self.map else 1
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
        for part in (X[len(X) // 10 :], X[len(X) // 2 :]) if self.map and X.shape[1] > 1 else ():
            rho, Y = self.rotation(part)
            loop, third = Y[np.argsort(rho * np.arange(len(Y)) % 1)], len(Y) // 3
            D, gaps = width(Y), norm(loop - np.roll(loop, 1, 0))
            drift = abs(np.log(norm(Y[:third]).mean() / norm(Y[-third:]).mean()))
            thin = gaps.max() < 0.1 * D and gaps.sum() < 12 * D and drift < 0.01
            if thin and rho * len(Y) > 5:
                return End("curve", X[-1], 1 / rho, 0, np.nan, D, part, gaps.max())
        return None

    def roams(self, X):
        """Return how far the end of a path goes, over the part before; 0 if it seldom returns."""
        Y = X[len(X) // 4 :] - X[len(X) // 4 :].mean(0)
        early, late = np.array_split(Y, [len(Y) // 2])
        often = np.count_nonzero(np.diff(late @ axes(Y)[:, 0] > 0)) >= 6
        return often * norm(late).max() / norm(early).max()

    @cached_property
    def ends(self):
        """Return the end of each state: those not known are followed on, twice as long."""
        t, X, rows, span, found = self.t, self.X[:, self.few], self.few, 2 * self.T, {}
        while True:
            new = [self.end(t, X[:, j]) for j in range(len(rows))]
            found |= {i: e for i, e in zip(rows, new, strict=True) if e}
            self.early = self.early if span > 2 * self.T else set(found)
            left = np.flatnonzero([e is None for e in new])
            until = self.limit if self.map or len(t) > 8000 else 100 * self.T
            if self.map and (P := [p for p in self.points if p.what == "point"]):
                away, longer = cdist(X[-1, left], [p.state for p in P]), 32 / min(p.rate for p in P)
                slow = norm(self.go(X[-1, left])) * span <= 10 * away.min(1)
                until = max(until, min(CAP, longer)) if slow.sum() > len(left) / 2 else until
            if not len(left) or span >= until or X.size > 5e7:
                break
            more = min(span, max(self.limit - span, 0) or span, CAP - span if self.map else span)
            u, Y = self.follow(X[-1, left], more)
            t, X = np.r_[t, t[-1] + u[1:]], np.r_[X[:, left], Y[1:]]
            rows, span = rows[left], span + more
        wild = {j: r for j in left if 0.8 < (r := self.roams(X[:, j])) < 1.25}
        which = list(wild)[:: len(wild) // 8 + 1]
        chaos = wild and np.median(np.divide(*self.exponent(X[-1, which]))) > 3
        kinds = {e.what for e in found.values()}
        for j in left:
            roams = j in wild and (chaos or (abs(wild[j] - 1) < 0.03 and "curve" not in kinds))
            slow = None if roams else self.closed(t, X[:, j], loose=True)
            end = End("bounded" if roams else "unknown", X[-1, j])
            found[rows[j]] = slow._replace(what="slow curve") if slow else end
        return [found[i] for i in self.few]

    # What holds them

    def passage(self, x, slow, size, took):
        """Say whether a path passes, for about pi / sqrt(mu a), a minimum of the speed."""
        m = least_squares(lambda y: self.go(y[None])[0], x, self.jacobian, gtol=1e-14, **EXACT).x
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
        for j in some(len(self.few), 64):
            P = self.X[np.isfinite(self.X[:, self.few[j]]).all(1), self.few[j]]
            v = np.maximum(norm(self.go(P)), 1e-10 * self.E0)
            behind = np.maximum.accumulate(v[::-1])[::-1]
            depth = np.minimum(np.maximum.accumulate(v), behind) / v
            i, t, size = depth.argmax(), self.t[: len(v)], 0.1 * width(P)
            slow, quick = P[depth >= min(5, depth[i])], t[v > 5 * v[i]]
            took = quick[quick > t[i]].min(initial=np.inf) - quick[quick < t[i]].max(initial=0)
            out = depth[i] <= 4 or self.ends[j].what in ("curve", "bounded")
            passed = not out and self.passage(P[i], slow, size, took)
            if depth[i] > 4 and (p := self.newton(P[i])) is not None:
                self.point(p)
            near = lambda p, slow=slow, size=size: cdist(slow, p[None]).min() / size
            slows.append((5 / depth[i], near, passed))
        return slows

    def words(self, k, gap, of):
        """Say of every word whether it is true, with thresholds times k."""
        inf, known = np.inf, self.ends if k > 1 else [*map(vaguely, self.ends)]
        ends = [e._replace(what=e.what.removeprefix("slow ").removeprefix("late ")) for e in known]
        most = lambda x, y=0.5, part=0.05: np.mean(np.array(x, float) <= k * y) >= 1 - k * part
        are = lambda *whats: most([e.what not in whats for e in ends])
        places = {id(e.state): e.state for e in ends if e.what == "point"}
        P = np.array(list(places.values()))
        away = lambda p: min([d for d in norm(P - p) if d > 0], default=self.E0)
        to_go = lambda x, e: norm(x - e.state) / away(e.state) if e.what == "point" else inf
        rests = most([*map(to_go, self.A[self.few], ends)], 0.05)
        alone = rests and any(most([id(e.state) != p for e in ends]) for p in places)
        apart = k * self.E > 1e-3 * self.E0
        still = apart and most(self.moved, gap)
        pieces, closed, line = of.pieces(gap * k) if still else (0, False, [True])
        line = most(line, part=0.1)
        good = pieces > 0 and most(of.aside) and (pieces == 1 or line) and not rests
        good = good and (of.is_tested or are("continuum"))
        beside = lambda near: any(near(p.state) < 1 for p in self.points)
        ghosts = [x if passed and not beside(near) else inf for x, near, passed in self.slows]
        both = np.r_[self.A, self.B][np.isfinite(np.r_[self.A, self.B]).all(1)]
        turns = [np.fmin(e.period, e.turn) if e.what == "curve" else inf for e in ends]
        drifts = apart and most(0.15 * self.E / norm(self.B - self.A), 1) and len(both) > 0
        words = {
            "unknown": False,
            "cycle": most(np.array(turns) / self.T, 1),
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
            "unstable point": are("unstable point"),
        }
        return {w: bool(true) for w, true in {**words, "moving": not any(words.values())}.items()}

    @cached_property
    def along(self):
        """Return order along the axis, that of rounded positions, and spread."""
        P = self.X[:, self.fine] @ np.asarray(self.axis, float)
        rank = lambda x: rankdata(x, axis=1) - (x.shape[1] + 1) / 2
        cosine = lambda r: r @ r[0] / norm(r) / norm(r[0])
        coarse = np.round(P / (1e-7 * self.E0))
        return cosine(rank(P)), cosine(rank(coarse)), P.std(1) / P.std(1)[0]

    @cached_property
    def soft(self):
        """Return how far numbers of few, chaotic states may lie apart."""
        return 0.2 * (np.mean([e.what == "bounded" for e in self.ends]) > 0.05)


class Set:
    """The settled states as a set, in the units as they are, or stretched."""

    def __init__(self, run, is_stretched):
        self.run, self.is_stretched = run, is_stretched

    @cached_property
    def graph(self):
        """Return settled states, landmarks, the share of states at each, neighbors, and gaps."""
        S = self.run.A[self.run.fine]
        square, V = np.linalg.eigh(np.atleast_2d(np.cov(S.T, bias=True)))
        part = np.sqrt(np.maximum(square, 0) / square[-1])
        factor = np.maximum(part / (part**2 + 0.01), 1) if self.is_stretched else part**0
        self.there, self.back = V * factor @ V.T, V / factor @ V.T
        S = S @ self.there
        L, self.wide = landmarks(S), cdist(S, S).max()
        weight, pairs = np.bincount(cdist(S, L).argmin(1)) / len(S), neighbors(L)
        self.bends = np.bincount(pairs.ravel(), minlength=len(L)) > 2
        return S, L, weight, pairs, self.gaps(L, pairs)

    @cached_property
    def told(self):
        """Say what words are true: None where 10 % in the thresholds matter; nothing without T."""
        if not self.run.timed:
            return {}
        asked = [[self.run.words(k, gap, self) for k in (1.0, 0.9, 1.1)] for gap in (0.15, 0.05)]
        told, self.strict = ({w: agree([x[w] for x in each]) for w in each[0]} for each in asked)
        either = {w: (told[w], self.strict[w]) for w in SETS}  # a set is one with 5 %, or with 15 %
        told |= {w: True in both or agree(both) for w, both in either.items()}
        unknown = np.mean([vaguely(e).what == "unknown" for e in self.run.ends])
        if unknown > 0.05:  # they may end at anything
            told["mixture"] = told["mixture"] or None
        return told

    def gaps(self, x, pairs):
        """Return how far states between neighbors move along the gap over T, as a part of E."""
        begin, end = x[pairs.T]
        new = begin[:, None] + (end - begin)[:, None] * np.array([[0.25], [0.5], [0.75]])
        u = np.repeat((end - begin) / norm(end - begin)[:, None], 3, 0)
        far = lambda X, p: abs(((X - X[0]) @ self.there * u[p]).sum(-1)).max(0)
        moved = self.run.over(new.reshape(-1, x.shape[1]) @ self.back, self.run.T, far)
        return finite(moved.reshape(-1, 3).max(1) / self.wide)

    def pieces(self, limit):
        """Return how many pieces the states make (0: no set), whether they close, and bends."""
        _, L, weight, pairs, gaps = self.graph
        pairs, n = pairs[gaps <= limit], len(L)
        count, label = connected_components(matrix(pairs, n), directed=False)
        sizes, many, ring = np.bincount(label, weight), np.bincount(label), loops(pairs, n)
        wide = [cdist(L[label == k], L[label == k]).max() > 0.1 * self.wide for k in range(count)]
        several = (many >= 3) & wide
        rings = maximum(ring, label, range(count)) >= np.maximum(4, many // 4)
        count = 1 if sizes.max() >= 0.95 else several.sum() * (sizes[several].sum() >= 0.95)
        closed = ring.max() >= max(4, n // 4)
        closed = closed and (count == 1 or rings[several & (sizes > 0.05)].all())
        bends = np.bincount(pairs.ravel()) > 2  # "two lines": by the gaps that are not broken
        return count, closed, bends if count > 1 else self.bends

    @cached_property
    def aside(self):
        """Return what is left across the set of differences between states on both its sides."""
        (count, n), size = self.graph[0].shape, 1 + (self.bends.mean() > 0.1)
        self.is_tested, many = n > size, min(n, 3)
        if not self.is_tested:
            return np.zeros(count)
        normal = np.random.default_rng(1).normal(size=(count, n, many))
        h, left = 0.05 * self.wide * np.linalg.qr(normal)[0].swapaxes(1, 2), []
        X = np.concatenate([self.graph[0][:, None] + h, self.graph[0][:, None] - h])
        X = X.reshape(-1, n) @ self.back
        for wait in [self.run.T, *[self.run.T / 10] * 10]:
            X = self.run.over(X, wait, lambda X, _: X[-1])
            one, other = np.split((X @ self.there).reshape(-1, many, n), 2)
            apart = np.nan_to_num((one - other) / (0.1 * self.wide), nan=1e9).clip(-1e9, 1e9)
            left.append(np.linalg.svd(apart, compute_uv=False)[:, size])
        return np.max(left, axis=0)


# The claims: each check returns answers, and what was found


def numbers(n, tol, soft=0.0, **found):
    """Compare numbers where they are given: None a little, or `soft`, outside the tolerance."""
    given = [key for key in found if isinstance(n.get(key), int | float | np.number)]
    off = {key: abs(n[key] - found[key]) for key in given}
    answer = lambda x: True if x <= tol else None if x <= max(1.1 * tol, soft) else False
    return [(answer(off[key]), f"{key} {found[key]:.5g}") for key in given]


def check_end(run, n):
    """Compare the rows, the share, and then the numbers."""
    claimed, what, share = set(n["rows"]), n["what"], len(n["rows"]) / run.N
    rows = [k for k, j in enumerate(run.few) if run.rows[j] in claimed]
    ends = {k: run.ends[k] for k in rows}
    counts = Counter(vaguely(e).what for e in ends.values())
    if what == "unknown":  # missed where known by 2 T, or where following was to go on
        turns = lambda e: run.limit / e.period if run.map and not e.steps else 50
        missed = [share > 0.05 or run.few[k] in run.early
                  for k, e in ends.items() if turns(e) >= 50 and e.what in KINDS]  # fmt: skip
        many = ends and binomtest(sum(missed), len(ends)).proportion_ci(method="wilson").low > 0.1
        return [("missed" if many else None, str(dict(counts)))]
    like, vague, found = [e for e in ends.values() if e.what == what], counts["unknown"], []
    if "point" in what:
        found = [run.fixed(n["state"], what)]
        like = [e for e in like if norm(e.state - n["state"]) <= 1e-4 * run.E0]
    if n.get("left"):  # errors decided where they went: they were at the point
        rounding = (1e-10 if run.map else 1e-6) * (run.E0 + norm(n["state"]))
        there = norm(run.X[:, run.few[rows]] - n["state"]).min(0) <= rounding
        return [run.fixed(n["state"], what), (there.all(), "away")]
    if what == "curve" and (any(e.steps == n["steps"] > 0 for e in like) or run.closes(n)):
        # there is such a cycle, and before it closes, a path fills a circle
        circles = [e.period * run.unit for e in like if not e.steps]
        vague += counts["bounded"] + len(circles)
        like = [e for e in like if e.steps]
        if circles and not like:
            found += numbers(n, 0.01 * np.median(circles), turn=np.median(circles))
    off = len(ends) - len(like) - vague > 0.02 * len(ends)
    interval = lambda count: binomtest(count, run.N).proportion_ci(method="wilson")
    most = min(len(n["rows"]) + run.unknown, run.N)  # which may end here, too
    low, high = interval(len(n["rows"])).low, interval(most).high
    found += numbers(n, 0.01, share=share, low=low, high=high)
    found += NUMBERS[what](run, n, like) if like and what in NUMBERS else []
    return [*found, (not off and (len(like) >= 0.98 * len(ends) or None), str(dict(counts)))]


def check_slowest(run, n, _):
    """Compare the time constant with the one at which a small distance from the point decays."""
    p = run.point(np.array(n["state"], float))
    h = max(round(0.25 / p.rate), 1) if run.map else 0.25 / p.rate
    if not np.isfinite(n.get("slowest", np.inf)) or h > (CAP / 100 if run.map else 20 * run.T):
        return []
    rates = run.growth(p.state[None], h, 1e-5 * run.E0, 100)
    before, rate = -np.mean(rates[50:75]), -np.mean(rates[75:])
    error = abs(rate - before)  # what other modes, or many at one rate, still change
    return numbers(n, (0.02 + 3 * error / rate) * run.unit / rate, slowest=run.unit / rate)


def check_exponent(run, n, like):
    """Compare the largest exponent of bounded motion."""
    roaming = run.exponent(np.array([e.state for e in like[:6]]))
    value, error = np.median(roaming, axis=1) / run.unit
    error = np.hypot(error, n.get("exponent_error", 0)) + 0.02 * abs(value)
    return numbers(n, 3 * error, 5 * error, exponent=value)


def closed_later(run, like):
    """Return cycles of a map as they are 5,000 steps later: at first, several may look like one."""
    if not run.map or not all(e.steps for e in like):
        return like
    _, X = run.follow(np.array([e.state for e in like]), 5000)
    later = []
    for e, x in zip(like, np.moveaxis(X, 1, 0), strict=True):
        misses = norm(x[-1 - e.steps : -1] - x[-1])[:0:-1]  # after 1 step, 2 steps, …
        k = int(np.argmax(np.r_[misses < 1e-6 * e.diameter, True])) + 1
        later.append(e._replace(steps=k, period=k))
    return later


def check_curve(run, n, like):
    """Compare times and sizes of closed curves, and whether others lie beside them."""
    family, p, found = bool(n.get("family")), n.get("state", like[0].state), []
    like = closed_later(run, like)
    for key, tol in {"period": 0.01, "turn": 0.01, "diameter": 0.05, "steps": 0}.items():
        unit = run.unit if key in ("period", "turn") else 1
        values = np.array([getattr(e, key) for e in like]) * unit
        nearest = values[abs(values - n.get(key, 0)).argmin()]
        value = nearest if family else np.median(values)
        found += numbers(n, tol * value, **{key: value})
    off = np.mean([cdist(e.loop, [p]).min() > e.gap + 0.01 * e.diameter for e in like])
    alone = len(like) == 1 or family == (off > 0.02)
    return [*found, (alone, f"share off this curve: {off:.3f}")]


def check_held(run, n):
    """Compare a word, whether it is the first, and what it rests on."""
    w, told, places = n["word"], run.set.told, {id(e) for e in run.ends if e.what == "point"}
    before = list(told.values())[: list(told).index(w) if told else 0] if n.get("first") else []
    first = False if True in before else None if None in before else True
    found = [(told.get(w), "true: " + ", ".join(say(told))), (first, "not the first")]
    if w == "points":
        found += numbers(n, 0, places=len(places))
    if w not in SETS or told.get(w) is False:
        return found
    yes = run.set.strict[w]
    answer = None if yes is None else (n.get("answer", "yes") == "yes") == yes
    pieces = [run.set.pieces(k * gap)[0] for k in (0.9, 1.1) for gap in (0.05, 0.15)]
    found += numbers(n, 0, dimension=1 + (w == "surface"))
    found += numbers(n, 0.1, attracting=np.mean(run.set.aside <= 0.5))
    return [*found, (answer, f"yes: {yes}"), (n.get("pieces", 1) in pieces, f"pieces {pieces}")]


def check_far(far, slack, run, n):
    """Compare how far 95 % of the states go."""
    value = np.quantile(far(run), 0.95, method="inverted_cdf")
    return numbers(n, 0.01 + slack * value, run.soft, value=value)


def check_passes(run, n):
    """Compare a point that states pass."""
    p = np.array(n["state"], float)
    beside = np.array([max(depth, near(p)) for depth, near, _ in run.slows])
    share = [np.mean(beside <= k) for k in (0.9, 1.0, 1.1)]
    passed = agree([share[0] >= 0.955, share[2] >= 0.945])
    return [run.fixed(p, "unstable point"), (passed, f"share beside {share[1]:.3f}")]


def check_none(run, _):
    """Look for fixed points: nothing is proved here."""
    starts = run.X[some(len(run.X), 5)][:, some(len(run.rows), 8)].reshape(-1, run.A.shape[1])
    return [(all(run.newton(x) is None for x in starts), "fixed points are there")]


def check_along(kind, run, n):
    """Compare order or spread along the axis."""
    (y, coarse, spread), late = run.along, run.t >= run.T / 2
    tied = kind == "order" and abs(y - coarse)[late].max() > 0.02
    x, soft = y if kind == "order" else spread, np.inf if tied else run.soft
    return numbers(n, 0.02, soft, value=x[run.k], low=x[late].min(), high=x[late].max())


def check_kept(run, n):
    """Compare whether the differences are kept, with the sign that the order has at T."""
    (y, _, spread), late, k = run.along, run.t >= run.T / 2, run.k
    share = lambda *whats: np.mean([e.what in whats for e in run.ends]) + 1e-9
    most = share("curve", "slow curve", "bounded")
    signed = np.minimum(y * np.sign(y[k]), spread)
    turns = [most >= 0.05, most + share("unknown") >= 0.05]
    least = [signed[late if turn else [k]].min() for turn in turns]
    kept = agree([None if abs(x - 0.5) < 0.05 else (x >= 0.5) == n["value"] for x in least])
    signs = not n["value"] or n["reversed"] == (y[k] < 0)
    return [(kept, f"least {least[0]:.3f}"), (signs, f"order {y[k]:.3f}")]


def check_spread_time(run, n):
    """Compare the time constant of the spread."""
    s = np.linspace(0, run.T, 500)
    fit = linregress(s, log := np.log(np.interp(s, run.t, run.along[2])))
    time = -run.unit / fit.slope
    straight = fit.rvalue**2 > 0.978 and abs(log[-1]) > 0.009
    found = f"R2 {fit.rvalue**2:.4f}, change {log[-1]:.3f}"
    return [*numbers(n, 0.05 * abs(time), value=time), (straight, found)]


def check_decoded(run, n):
    """Decode a label from states at first and at T, by least squares on held-out conditions."""
    if n["label"] not in run.labels:
        return [(None, "labels are not given")]
    labels = {k: np.unique(np.asarray(v)[run.rows], return_inverse=True)
              for k, v in run.labels.items()}  # fmt: skip
    (values, y), is_order = labels[n["label"]], n["as"] == "order"
    group = np.unique([x for _, x in labels.values()], axis=1, return_inverse=True)[1].ravel()
    few = min(len(set(group[y == v])) for v in set(y)) < 5
    fold = y % 5
    for v in () if is_order else set(y):  # conditions of every class in every fold
        own = np.flatnonzero(y == v) if few else group[y == v]
        fold[y == v] = np.unique(own, return_inverse=True)[1] % 5
    noise = np.random.default_rng(1).normal(size=run.A.shape)
    noise *= 0.05 * np.sqrt(run.X[0].var(0).mean())
    line = lambda x, v, new: new @ np.linalg.lstsq(x, v, rcond=1e-3)[0]
    nearest = lambda x, v, new: cdist(new, [x[v == c].mean(0) for c in set(y)]).argmin(1)
    scores = {}
    for key, x in (("first", run.X[0]), ("value", run.A)):
        u, s, _ = np.linalg.svd(x + noise - x.mean(0), full_matrices=False)
        x = (u * s / s[0] * len(x) ** 0.5)[:, :20]
        x = np.c_[x / (1 if is_order else np.sqrt(x.var(0) + 0.01)), np.ones(len(x))]
        v, decode, told = (values[y], line, 0.0 * y) if is_order else (y, nearest, 0.0 * y)
        for out in (fold == k for k in set(fold)):
            told[out] = decode(x[~out], v[~out], x[out])
        right = np.mean([(told == y)[y == v].mean() for v in set(y)])
        scores[key] = spearmanr(v, told).statistic if is_order else right
    return numbers(n, 0.1, 0.3, **scores)


NUMBERS = {"point": check_slowest, "bounded": check_exponent, "curve": check_curve}
CLAIMS = {
    "end": check_end,
    "held": check_held,
    "drift": partial(check_far, lambda run: run.drifted, 0.01),
    "moved": partial(check_far, lambda run: run.moved, 0.001),
    "passes": check_passes,
    "no fixed point": check_none,
    "decoded": check_decoded,
    "order": partial(check_along, "order"),
    "spread": partial(check_along, "spread"),
    "kept": check_kept,
    "spread time": check_spread_time,
}


def judge(run, claim):
    """Return the worst answer about a claim, and what was found."""
    given = lambda v: v is not None and not (isinstance(v, float) and np.isnan(v))
    n, answers = {k: v for k, v in claim["numbers"].items() if given(v)}, {}
    for answer, text in CLAIMS[claim["kind"]](run, n):
        answer = {True: "true", False: "false", None: "cannot tell"}.get(answer, answer)
        answers.setdefault(answer, []).append(text)
    worst = next(a for a in ("false", "missed", "cannot tell", "true") if a in answers)
    return worst, "; ".join(answers[worst])


def say(told):
    """Return the words that are not false, in the order in which they are asked."""
    return [w + "?" * (true is None) for w, true in told.items() if true is not False]


def word(*system, **options):
    """Return the words that are true, the first one first, with "?" where it cannot be told."""
    with np.errstate(all="ignore"):
        run = Run(*system, **options)
        return say(run.set.told)


def check(kind, function, states, duration, claims, **options):
    """Return "true", "false", "cannot tell" or "missed", and a reason, for each claim."""
    with np.errstate(all="ignore"):
        run = Run(kind, function, states, duration, **options)
        for n in (claim["numbers"] for claim in claims if claim["kind"] == "end"):
            run.unknown += len(n["rows"]) * (n["what"] == "unknown")
            if n["what"] == "point":  # where two ends are near, a path may seem to reach either
                run.fixed(n["state"], "point")
        answers = [judge(run, claim) for claim in claims]
        run.set = Set(run, True)  # where no set is seen in the units as they are
        return [
            judge(run, c) if c["kind"] == "held" and a[0] == "false" else a
            for a, c in zip(answers, claims, strict=True)
        ]


if __name__ == "__main__":
    case, module = json.loads(Path(sys.argv[1]).read_text()), runpy.run_path(sys.argv[3])
    options = {key: case[key] for key in ("axis", "time_unit", "labels") if key in case}
    system = case["kind"], module["function"], np.array(case["states"], float), case["duration"]
    answers = check(*system, case["claims"], **options)
    for claim, (verdict, reason) in zip(case["claims"], answers, strict=True):
        print(f"{verdict}: {claim['kind']} {claim['numbers'].get('word', '')}: {reason}")
    if not answers:
        sys.exit("the file holds no claims: nothing was checked")
    sys.exit(any(verdict == "false" for verdict, _ in answers))
