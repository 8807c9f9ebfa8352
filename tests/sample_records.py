"""Small records of every kind with what is hard to write: empty axes, NaN, complex, texts."""

import functools
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix.analysis import Analyses, FixedPoints, FrozenInputs, linearize

TASK = sx.tasks.PerceptualDecisionMaking()
NAMES = (
    "history",
    "activity",
    "components",
    "dimensionality",
    "psychometric",
    "performance",
    "fixed_points",
    "tolerance_curve",
    "linearization",
    "non_normality",
    "selection_vectors",
    "input_gating",
    "targeted_averages",
    "graded_memory",
    "cycles",
    "emerging_cycle",
    "cycle_branch",
    "lyapunov_spectrum",
    "trials",
    "basins",
    "commitment",
    "continuous_attractor",
    "verdict",
    "fixed_point_graph",
    "fixed_point_topology",
    "separatrix",
    "slow_curve",
    "rule_performance",
    "selectivity",
    "selective_connections",
    "task_variance",
    "branches",
    "analyses",
    "frozen_inputs",
)


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


def geometry():
    """Boundaries, slow curves and an attractor of small systems, with what does not settle."""
    bistable = sx.Flow(lambda x: x - x**3, 6, tau=20.0)
    saddle = np.eye(6)[:1] * 0
    states = np.concatenate([saddle, np.ones((1, 6)), -np.ones((1, 6))])
    states[0, 1:] = 1.0
    starts = np.concatenate([states[1:], 0.5 * np.array([[-1.0, 1, 1, 1, 1, 1]]), states[:1]])
    points = np.concatenate([states, np.array([[-1.0, 1, 1, 1, 1, 1]])])
    walks = np.stack([np.linspace(0.1, 1, 5), np.linspace(-0.4, 0.6, 5), np.linspace(0.5, 0, 5)])
    trajectories = np.ones((3, 5, 6))
    trajectories[:, :, 0] = walks
    relaxing = sx.DiscreteMap(lambda x: 0.5 * x, 6, dt=10.0)
    return {
        "basins": sx.basins(bistable, points, starts),
        "commitment": sx.commitment(bistable, trajectories, points, dt=10.0),
        "continuous_attractor": sx.continuous_attractor(relaxing, starts),
        "verdict": sx.verdict(relaxing, starts, duration=50.0, axis=np.ones(starts.shape[1])),
        "fixed_point_graph": sx.fixed_point_graph(bistable, points),
        "fixed_point_topology": sx.fixed_point_topology(bistable, points, points[:, :2]),
        "separatrix": sx.separatrix(bistable, points),
        "slow_curve": sx.slow_curve(bistable, np.eye(6)[0], np.linspace(-1.2, 1.2, 5), points),
    }


def branches():
    """A pitchfork of the origin of a map of two units, and the branch that is born there."""
    return sx.continue_fixed_points(
        lambda w: sx.DiscreteMap(lambda x: jnp.tanh(jnp.stack([w, 0.5]) * x), 2, 10.0),
        np.zeros(2),
        parameter=(0.5, 1.5),
        name="w",
    )


def populations():
    """Selectivity, connections and task variance of a few units, one of which never responds."""
    generator = np.random.default_rng(2)
    responses = generator.random((12, 6))
    responses[:, 5] = 0.0
    selective = sx.selectivity(responses, np.arange(12) % 2)
    return {
        "rule_performance": sx.RulePerformance(
            score=np.array([0.9, 0.4]),
            ideal_score=np.array([1.0, 0.8]),
            chance=np.array([0.2, 0.5]),
            num_trials=np.array([40, 50]),
            rules=("fdgo", "dmsgo"),
        ),
        "selectivity": selective,
        "selective_connections": sx.selective_connections(
            generator.random((6, 6)), selective.dprime, np.arange(6) < 5, num_shuffles=9
        ),
        "task_variance": sx.task_variance(
            {name: responses[0] * k for k, name in enumerate(["go", "anti", "dm"], 1)},
            restarts=1,
        ),
    }


@functools.cache
def all_records():
    """One record of every class, by name, of one small network."""
    net = network()
    keys = jax.random.split(jax.random.key(1), 3)
    trials = TASK.trials(24, key=keys[0])
    activity = sx.simulate(net, trials)
    history = sx.train(net, TASK, steps=5, epoch_steps=2, key=keys[1], progress=False).history
    states = activity.flat_states[[0, 40, 80, 200]]
    points = fixed_points(states, ["fixed", "fixed", "slow", "slow"])
    linear = linearize(net.at_input([1, 0.5, 0.5]), points.states)
    records = {
        "history": history,
        "activity": activity,
        "components": activity.pca(3),
        "dimensionality": activity.dimensionality(),
        "psychometric": sx.psychometric(net, TASK, num_trials=256, key=keys[2]),
        "performance": sx.performance(net, TASK, num_trials=256, key=keys[2]),
        "fixed_points": points,
        "tolerance_curve": points.tolerance_curve(),
        "linearization": linear,
        "non_normality": linear.non_normality(),
        "selection_vectors": linear.selection_vectors(2),
        "input_gating": sx.input_gating(linear, np.eye(3), axis=np.ones(6), sources="abc"),
        "targeted_averages": sx.targeted_averages(
            activity.states,
            np.eye(6)[:4],
            dict.fromkeys("abc", activity.condition("choice")),
            names=("choice", *"abc"),
            dt=TASK.dt,
        ),
        "graded_memory": sx.graded_memory(
            points.states, activity.states, activity.condition("choice"), dt=TASK.dt
        ),
        "cycles": sx.find_cycles(
            sx.DiscreteMap(lambda x: 1 - 1.5 * abs(x), 1), np.array([[0.2], [0.6]]), length=[1, 2]
        ),
        "emerging_cycle": sx.EmergingCycle(
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
        "cycle_branch": sx.CycleBranch(
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
        "lyapunov_spectrum": sx.lyapunov_exponents(
            net.at_input([1, 0.5, 0.5]),
            states[:2],
            method=sx.solvers.TangentQR(steps=20, transient=5),
        ),
        "trials": trials,
        **geometry(),
        **populations(),
        "branches": branches(),
        "analyses": Analyses(
            analysis=np.array(["slow_curve", "branches", "fixed_point_graph"]),
            outcome=np.array(["done", "skipped", "failed"]),
            reason=np.array(["", "no fixed point was found.", "ValueError: <odd> & sudden"]),
        ),
        "frozen_inputs": FrozenInputs(
            names=np.array(["stimulus"]),
            values=np.array([[1.0, 0.5, 0.5]]),
            words=np.array(["fixation 1, both stimuli 0.5"]),
        ),
    }
    assert tuple(records) == NAMES  # whoever adds a record adds its name
    return records


class Records(Mapping):
    """All records by name, made when the first is asked for: collecting tests needs the names."""

    def __getitem__(self, name):
        return all_records()[name]

    def __iter__(self):
        return iter(NAMES)

    def __len__(self):
        return len(NAMES)


RECORDS = Records()
