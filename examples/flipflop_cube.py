# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The cube of a 3-bit flip-flop
#
# *Sussillo & Barak (2013), Opening the black box* (Neural Comput. 25:626): a network that holds
# three bits has a stable fixed point for each of the eight memories, and saddles on the edges and
# faces of the cube between them. This notebook trains a GRU and finds them. `make notebook` makes
# `flipflop_cube.ipynb` of this script.

# %%
import jax
import numpy as np
import optax

import separatrix as sx

key_network, key_training, key_trials = jax.random.split(jax.random.key(0), 3)

# %% [markdown]
# ## The task
# Rare pulses of ±1 come in on three channels. Each output has to hold the sign of the last one.

# %%
task = sx.tasks.FlipFlop(bits=3, duration=6400.0, probability=0.2)
sx.figures.trials(task, num_trials=1)

# %% [markdown]
# ## The network

# %%
network = sx.networks.GRU(task.num_inputs, 32, task.num_outputs, dt=task.dt, key=key_network)
fit = sx.train(
    network,
    task,
    steps=800,
    batch_size=64,
    optimizer=optax.adam(5e-3),
    key=key_training,
    progress=False,
)
print(fit)

# %% [markdown]
# ## Fixed points without an input
# A point that is certified is proved: a ball around its state holds exactly one fixed point.

# %%
activity = sx.simulate(fit.network, task.trials(64, key=key_trials))
system = fit.network.at_input(np.zeros(3))
points = sx.find_fixed_points(system, np.random.default_rng(0).uniform(-1, 1, (1024, 32)))
print(points.summary())
print("proved:", points.certified.sum())

# %% [markdown]
# ## What links them
# From each saddle the state is followed to the memories, which are named by the signs of the
# outputs.

# %%
outputs = np.asarray(jax.vmap(fit.network.readout)(points.states))
topology = sx.fixed_point_topology(system, points, outputs)
print("points with 0, 1, 2, 3 unstable directions:", topology.counts)
print("a cube:", topology.is_cube)
sx.figures.fixed_point_topology(topology, activity.pca(3))
