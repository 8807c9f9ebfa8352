"""Laws over the geometry of a run: every stage works for every network."""

import jax
import numpy as np
import pytest

import separatrix as sx
from separatrix.experiment.geometry import Geometry
from separatrix.experiment.settings import AnalysisSettings, GeometrySettings
from separatrix.experiment.subject import Subject
from separatrix.networks.registry import NETWORKS
from separatrix.plan import run_stages

QUICK = GeometrySettings(slices=3, lyapunov_steps=100, max_points=200)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_stage_is_done_for_every_network(network, key):
    of, u = sx.tasks.PerceptualDecisionMaking(), [1.0, 0.5, 0.5]
    net = NETWORKS[network](of.num_inputs, 5, of.num_outputs, dt=of.dt, key=key)
    activity = sx.simulate(net, of.trials(4, key=key))
    points = sx.find_fixed_points(net.at_input(u), activity.flat_states[::10], slow_points=False)
    asked = AnalysisSettings(geometry=QUICK)
    subject = Subject(
        of, net, net.at_input(u), np.asarray(u), activity, points, asked, jax.random.key(2)
    )
    told = run_stages(Geometry(subject).stages(), lambda stage: None)["analyses"]
    assert told.outcome.tolist() == ["done"] * 4, told
