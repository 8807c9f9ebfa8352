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
# apart as a dynamical system. Run `plot_yang2020.py` as a script, which writes its pictures into
# `figures/`, or open `yang2020.ipynb`, which is the same.

# %%
import os
from pathlib import Path

import jax
import matplotlib.pyplot as plt
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
# ## Behavior, beside the ideal observer's

# %%
behavior = sx.psychometric(fit.network, task, key=key_test)
print(behavior.summary())
figures["psychometric"] = sx.figures.psychometric(behavior)

# %% [markdown]
# ## Activity of 100 trials, in its first principal components
# Colored by time and by the network's choice, and at the end of the stimulus by what would have
# been right.

# %%
activity = sx.simulate(fit.network, trials)
print("states:", activity.flat_states.shape)
components = activity.pca(2)
figures["activity"] = sx.figures.activity(activity, components)

# %%
end = task.period_steps()["stimulus"][1] - 1
plane = components.project(np.asarray(activity.states)[:, end])
truth = np.asarray(activity.conditions["choice"])
figure, axes = plt.subplots(figsize=(4.5, 4), layout="constrained")
for choice in np.unique(truth):
    axes.plot(*plane[truth == choice].T, "o", label=f"stimulus {choice + 1} was the stronger")
axes.set(xlabel="PC 1", ylabel="PC 2", title="end of the stimulus")
axes.legend()
figures["ground_truth"] = figure

# %%
coherence = sx.tasks.signed_coherence(activity.conditions)
figures["condition_averages"] = sx.figures.condition_averages(activity, components, coherence)

# %% [markdown]
# ## Fixed and slow points at a constant input without evidence
# ReLU networks are piecewise linear, and so are solved exactly. A point is called fixed only where
# it is one; at a slow point the state still moves, by its speed in every step.

# %%
system = fit.network.at_input(task.period_input("stimulus"))
points = sx.find_fixed_points(system, activity.states)
print(points.summary())
figures["fixed_points"] = sx.figures.fixed_points(points, activity, components)

# %% [markdown]
# ## Jacobian and eigenvalues
# At the first point: fixed ones come first, then slow ones, the slowest first. An eigenvalue of the
# map near 1 belongs to a mode along which displacements last; the primer draws its eigenvector into
# the plane as the line attractor. How much of that vector lies in the plane says whether the
# picture shows it.

# %%
if len(points):
    linearization = sx.linearize(system, points)
    shown = 0
    mode = int(np.abs(linearization.eigenvalues[shown] - 1).argmin())
    time = linearization.time_constants[shown, mode] / 1000
    direction = np.real(linearization.right[shown][:, mode])
    share = np.linalg.norm(components.project_direction(direction / np.linalg.norm(direction)))
    print(
        f"at point {shown} ({points.kind[shown]}, speed {points.speed[shown]:.2g} per step) the "
        f"integrating mode {'decays' if time > 0 else 'grows'} with a time constant of "
        f"{abs(time):.3g} s; {100 * share:.0f} % of its length lies in the plane"
    )
    figures["spectrum"] = sx.figures.spectrum(linearization, shown)
    figures["line_attractor"] = sx.figures.line_attractor(
        points, linearization, shown, activity, components
    )

# %% [markdown]
# ## Conclusion: is it a line attractor?
# The notebook ends with the claim of an approximate line attractor along PC 1. Here the states at
# the end of the stimulus run on at the same input, without noise. The verdict says what is kept of
# them for as long as a stimulus lasts, what holds them, and where they end.

# %%
held = sx.verdict(
    system,
    np.asarray(sx.simulate(fit.network, task.trials(512, key=key_test)).states)[:, end],
    duration=task.stimulus,
    axis=np.asarray(components.components)[0],
    axis_name="PC 1",
    points=points,
)
print(held)
print("Is it a line attractor?", held.is_held_by("line"), held.why("line"))
if held.held == "line":
    settled = held.settled[np.isfinite(held.settled).all(1)]
    along = np.linalg.svd(settled - settled.mean(0), full_matrices=False)[2][0]
    cosine = abs(along @ np.asarray(components.components)[0])
    print(f"|cos| of the line and PC 1: {cosine:.2f}")
figures["verdict"] = sx.figures.verdict(held)

# %%
FIGURES.mkdir(parents=True, exist_ok=True)
for name, figure in figures.items():
    figure.savefig(FIGURES / f"{name}.png", dpi=150)
print("figures:", ", ".join(figures))
