# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # From a task to a line attractor
#
# The notebook of *Yang & Wang (2020), Artificial neural networks for neuroscientists: a primer*
# (Neuron 107:1048), cell by cell. A rate network learns perceptual decisions and is then taken
# apart as a dynamical system. Run it as a script, which writes its pictures into `figures/`, or
# open it as a notebook through jupytext.

# %%
import os
from pathlib import Path

import jax
import numpy as np
import optax

import separatrix as sx

STEPS = int(os.environ.get("SEPARATRIX_EXAMPLE_STEPS", "1280"))
FIGURES = Path(os.environ.get("SEPARATRIX_EXAMPLE_FIGURES", "figures"))
key_network, key_training, key_trials, key_test = jax.random.split(jax.random.key(0), 4)

# %% [markdown]
# ## The task
# Two noisy stimuli for 2 s, then the network must say which one was the stronger.

# %%
task = sx.tasks.PerceptualDecisionMaking()
trials = task.trials(100, key=key_trials)
print(trials)

# %% [markdown]
# ## The network
# $\tau \dot r = -r + f(W r + W_x x + b)$ by Euler's method, with $\tau = dt = 100$ ms.

# %%
network = sx.networks.CTRNN(
    task.num_inputs, 64, task.num_outputs, tau=100.0, dt=task.dt, key=key_network
)

# %% [markdown]
# ## Training
# Adam on the cross-entropy of all steps; each epoch is 64 batches of 16 trials.

# %%
fit = sx.train(
    network, task, steps=STEPS, batch_size=16, optimizer=optax.adam(1e-3), key=key_training
)
print(fit)
figures = {"training": sx.figures.training(fit.history)}

# %% [markdown]
# ## Behaviour, beside the ideal observer's

# %%
behaviour = sx.psychometric(fit.network, task, key=key_test)
print(behaviour.summary())
figures["psychometric"] = sx.figures.psychometric(behaviour)

# %% [markdown]
# ## Activity of 100 trials, in its first principal components

# %%
activity = sx.simulate(fit.network, trials)
print("states:", activity.flat_states.shape)
components = activity.pca(2)
coherence = sx.tasks.signed_coherence(activity.conditions)
figures["activity"] = sx.figures.activity(activity, components)
figures["condition_averages"] = sx.figures.condition_averages(activity, components, coherence)

# %% [markdown]
# ## Fixed and slow points at a constant input without evidence
# ReLU networks are piecewise linear, and so are solved exactly.

# %%
system = fit.network.at_input([1.0, 0.5, 0.5])
points = sx.find_fixed_points(system, activity.states)
print(points.summary())
figures["fixed_points"] = sx.figures.fixed_points(points, activity, components)

# %% [markdown]
# ## Jacobian, eigenvalues and line attractor at the middle point

# %%
if len(points):
    middle = points.middle(np.asarray(components.components)[0])
    linearization = sx.linearize(system, points)
    print("time constant of the leading mode:", linearization.time_constants[middle, 0], "ms")
    figures["spectrum"] = sx.figures.spectrum(linearization, middle)
    figures["line_attractor"] = sx.figures.line_attractor(
        points, linearization, middle, activity, components
    )

# %%
FIGURES.mkdir(parents=True, exist_ok=True)
for name, figure in figures.items():
    figure.savefig(FIGURES / f"{name}.png", dpi=150)
print("figures:", ", ".join(figures))
