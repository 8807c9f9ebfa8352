"""Small records of every kind with what is hard to write: empty axes, NaN, complex, texts."""

import functools
from collections.abc import Mapping
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix.analysis import Analyses, FixedPoints, FrozenInputs, linearize

TASK = sx.tasks.PerceptualDecisionMaking()
KEYS = jax.random.split(jax.random.key(1), 3)


def network(activation="tanh", units=6, seed=0):
    return sx.networks.CTRNN(3, units, 3, activation=activation, key=jax.random.key(seed))


def fixed_points(states, kinds):
    """Points at the given states, as a search would describe them."""
    n = len(states)
    fixed = np.array(kinds) == "fixed"
    return FixedPoints(
        states=np.asarray(states, float),
        kind=np.array(kinds, dtype="<U5"),
        speed=np.where(fixed, 0.0, 0.01 * (1 + np.arange(n))),
        residual=np.where(fixed, 0.0, 0.01),
        rounding_level=np.full(n, 1e-15),
        error_bound=np.where(fixed, 1e-15, np.nan),
        certified=fixed,
        radius=np.where(fixed, 0.1, np.nan),
        certificate=np.where(fixed, "Krawczyk's test", ""),
        n_unstable=np.arange(n) % 3,
        n_unstable_certified=fixed,
        stability=np.array(["stable", "saddle", "marginal", "unstable"])[np.arange(n) % 4],
        largest_eigenvalue=np.linspace(0.9, 1.1, n),
        hits=np.arange(n) + 1,
        label=np.arange(n),
        outcomes=np.array(["fixed", "slow", "rejected"]),
        reached=np.array([0, 1, -1]),
        outcome_reasons=np.array(["at rounding level", "a minimum", "left for <infinity> & more"]),
        system="map",
        time_unit=100.0,
        marginal_band=1e-6,
        index_sum=None,
        coverage=0.75,
        chao1=4.5,
        completeness="Σ sign det(I − J) was not computed",
    )


@functools.cache
def parts():
    """The trials, activity, points and linearization of the network that most records are of."""
    net = network()
    trials = TASK.trials(24, key=KEYS[0])
    activity = sx.simulate(net, trials)
    states = activity.flat_states[[0, 40, 80, 200]]
    points = fixed_points(states, ["fixed", "fixed", "slow", "slow"])
    linear = linearize(net.at_input([1, 0.5, 0.5]), points.states)
    return SimpleNamespace(net=net, trials=trials, activity=activity, points=points, linear=linear)


@functools.cache
def recovery():
    """A recovery of one mechanism, from a recording of random walks."""
    walks = np.random.default_rng(3).normal(size=(4, 60, 4)).cumsum(1)
    asked = {"fraction": 0.5, "mechanisms": ["line"], "seeds": 2, "progress": False}
    return sx.mechanism_recovery(sx.fits.least_squares(), walks, **asked)


BISTABLE = sx.Flow(lambda x: x - x**3, 6, tau=20.0)
RELAXING = sx.DiscreteMap(lambda x: 0.5 * x, 6, dt=10.0)
PLACES = np.ones((4, 6)) * np.array([[0.0], [1.0], [-1.0], [1.0]])
PLACES[0, 1:], PLACES[3, 0] = 1.0, -1.0
STARTS = np.concatenate([PLACES[1:3], 0.5 * PLACES[3:], PLACES[:1]])  # the last one stays
WALKS = np.ones((3, 5, 6))
WALKS[:, :, 0] = np.linspace([0.1, -0.4, 0.5], [1, 0.6, 0], 5).T
GENERATOR = np.random.default_rng(2)
RESPONSES, WEIGHTS = GENERATOR.random((12, 6)), GENERATOR.random((6, 6))
RESPONSES[:, 5] = 0.0  # a unit that never responds

MAKE = {
    "history": lambda: (
        sx.train(parts().net, TASK, steps=5, epoch_steps=2, key=KEYS[1], progress=False).history
    ),
    "activity": lambda: parts().activity,
    "principal_components": lambda: parts().activity.pca(3),
    "dimensionality": lambda: parts().activity.dimensionality(),
    "psychometric": lambda: sx.psychometric(parts().net, TASK, num_trials=256, key=KEYS[2]),
    "trial_periods": lambda: sx.trial_periods(parts().net, TASK, num_trials=12),
    "performance": lambda: sx.performance(parts().net, TASK, num_trials=256, key=KEYS[2]),
    "fixed_points": lambda: parts().points,
    "tolerance_curve": lambda: parts().points.tolerance_curve(),
    "linearization": lambda: parts().linear,
    "non_normality": lambda: parts().linear.non_normality(),
    "selection_vectors": lambda: parts().linear.selection_vectors(2),
    "input_gating": lambda: sx.classics.input_gating(
        parts().linear, np.eye(3), axis=np.ones(6), sources="abc"
    ),
    "context_averages": lambda: sx.classics.targeted_averages(
        parts().activity.states,
        np.eye(6)[:4],
        dict.fromkeys("abc", parts().activity.condition("choice")),
        names=("choice", *"abc"),
        dt=TASK.dt,
    ),
    "frequency_memory": lambda: sx.classics.graded_memory(
        parts().points.states,
        parts().activity.states,
        parts().activity.condition("choice"),
        dt=TASK.dt,
    ),
    "cycles": lambda: sx.find_cycles(
        sx.DiscreteMap(lambda x: 1 - 1.5 * abs(x), 1), np.array([[0.2], [0.6]]), length=[1, 2]
    ),
    "emerging_cycle": lambda: sx.records.EmergingCycle(
        center=np.zeros(2),
        mode=np.array([0.1, 0.1j]),
        born_at="Hopf",
        criticality="supercritical",
        parameter=1.01,
        name="w",
        period=62.8,
        steps=0,
        rotation=0.16,
        system="flow",
        time_unit=10.0,
    ),
    "cycle_branch": lambda: sx.records.CycleBranch(
        states=np.zeros((2, 4, 2)),
        parameters=np.array([0.5, 0.75]),
        period=np.array([62.8, 63.0]),
        arclength=np.array([0.0, 0.25]),
        multipliers=np.array([[1.0, -0.5j], [1.0, 0.5j]]),
        n_unstable=np.zeros(2, int),
        stability=np.array(["stable", "stable"]),
        special_type=np.zeros(0, "<U14"),
        special_parameters=np.zeros(0),
        special_period=np.zeros(0),
        special_states=np.zeros((0, 4, 2)),
        special_angle=np.zeros(0),
        special_error=np.zeros(0),
        endings=np.array(["the cycle shrank to a fixed point", "closed on itself"]),
        time_unit=10.0,
        name="w",
        parameter_from=0.0,
        parameter_to=1.0,
    ),
    "lyapunov_spectrum": lambda: sx.lyapunov_exponents(
        parts().net.at_input([1, 0.5, 0.5]),
        parts().points.states[:2],
        method=sx.solvers.TangentQR(steps=20, transient=5),
    ),
    "trials": lambda: parts().trials,
    "basins": lambda: sx.basins(BISTABLE, PLACES, STARTS),
    "commitment": lambda: sx.commitment(BISTABLE, WALKS, PLACES, dt=10.0),
    "verdict": lambda: sx.verdict(RELAXING, STARTS, duration=50.0, axis=np.ones(6)),
    "fixed_point_graph": lambda: sx.fixed_point_graph(BISTABLE, PLACES),
    "topology": lambda: sx.fixed_point_topology(BISTABLE, PLACES, PLACES[:, :2]),
    "separatrix": lambda: sx.separatrix(BISTABLE, PLACES),
    "slow_curve": lambda: sx.slow_curve(BISTABLE, np.eye(6)[0], np.linspace(-1.2, 1.2, 5), PLACES),
    "rule_performance": lambda: sx.records.RulePerformance(
        score=np.array([0.9, 0.4]),
        ideal_score=np.array([1.0, 0.8]),
        chance=np.array([0.2, 0.5]),
        num_trials=np.array([40, 50]),
        rules=("fdgo", "dmsgo"),
    ),
    "selectivity": lambda: sx.classics.selectivity(RESPONSES, np.arange(12) % 2),
    "selective_connections": lambda: sx.classics.selective_connections(
        WEIGHTS, RECORDS["selectivity"].dprime, np.arange(6) < 5, num_shuffles=9
    ),
    "task_variance": lambda: sx.classics.task_variance(
        {name: RESPONSES[0] * k for k, name in enumerate(["go", "anti", "dm"], 1)}, restarts=1
    ),
    "branches": lambda: sx.continue_fixed_points(
        lambda w: sx.DiscreteMap(lambda x: jnp.tanh(jnp.stack([w, 0.5]) * x), 2, 10.0),
        np.zeros(2),
        parameter=(0.5, 1.5),
        name="w",
    ),
    "comparison": lambda: sx.compare(
        {
            f"net {k}": sx.measures.Dynamics(states=np.array(parts().activity.states)[..., :k])
            for k in (4, 5, 6)
        },
        "procrustes",
        by={"net 4": "small", "net 5": "small", "net 6": "large"},
    ),
    "mechanism_recovery": lambda: recovery(),
    "confusion": lambda: recovery().confusion,
    "judgment": lambda: recovery().judge(),
    "analyses": lambda: Analyses(
        analysis=np.array(["slow_curve", "branches", "fixed_point_graph"]),
        outcome=np.array(["done", "skipped", "failed"]),
        reason=np.array(["", "no fixed point was found.", "ValueError: <odd> & sudden"]),
    ),
    "frozen_inputs": lambda: FrozenInputs(
        names=np.array(["stimulus"]),
        values=np.array([[1.0, 0.5, 0.5]]),
        words=np.array(["fixation 1, both stimuli 0.5"]),
    ),
}
NAMES = tuple(MAKE)


@functools.cache
def made(name):
    return MAKE[name]()


class Records(Mapping):
    """One record of every class, by name, each made when it is first asked for."""

    def __getitem__(self, name):
        return made(name)

    def __iter__(self):
        return iter(NAMES)

    def __len__(self):
        return len(NAMES)


RECORDS = Records()
