# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # PyTorch from A to Z
#
# From a module of your own, in PyTorch, to its fixed points with their proofs, and to a bifurcation
# in one of its inputs. Nothing is rewritten in JAX. `make notebook` makes
# `pytorch_from_a_to_z.ipynb` of this script; docs/how-to/pytorch-from-a-to-z.md says more.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import separatrix as sx

torch.manual_seed(0)
torch.set_num_threads(1)  # the faster for matrices as small as these

# %% [markdown]
# ## A module
# Leaky units, which no layer of PyTorch computes. They hold the sign of the last pulse in each of
# two channels.


# %%
class Memory(nn.Module):
    def __init__(self, channels=2, units=24, alpha=0.2):
        super().__init__()
        self.alpha = alpha
        self.from_input = nn.Linear(channels, units)
        self.recurrent = nn.Linear(units, units, bias=False)
        self.readout = nn.Linear(units, channels)

    def step(self, h, x):
        return torch.lerp(h, torch.tanh(self.recurrent(h) + self.from_input(x)), self.alpha)

    def forward(self, pulses):
        h = pulses.new_zeros(len(pulses), self.readout.in_features)
        states = []
        for x in pulses.unbind(1):
            h = self.step(h, x)
            states.append(h)
        states = torch.stack(states, 1)
        return self.readout(states), states


def trials(count, time=40):
    """Return rare pulses of ±1, and in each channel the sign of the last one."""
    pulses = torch.sign(torch.randn(count, time, 2)) * (torch.rand(count, time, 2) < 0.08)
    pulses[:, 0] = torch.sign(torch.randn(count, 2))
    held = pulses.clone()
    for t in range(1, time):
        held[:, t] = torch.where(pulses[:, t] == 0, held[:, t - 1], pulses[:, t])
    return pulses, held


model = Memory()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for k in range(401):
    pulses, held = trials(64)
    loss = ((model(pulses)[0] - held)[:, 1:] ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if k % 100 == 0:
        print(f"step {k}: loss {loss.item():.3f}")
with torch.no_grad():
    hidden = model(trials(64)[0])[1].numpy()  # (trial, time, unit)

# %% [markdown]
# ## Its step, translated
# The translation computes in float64. It is compared with the original, in the original's
# precision.

# %%
system = sx.torch_map(model.step, 24, dt=20.0, input=np.zeros(2))
print(system.translation)

# %% [markdown]
# ## What the network does at a constant input

# %%
states = np.random.default_rng(0).permutation(hidden.reshape(-1, 24))[:400]
verdict = sx.verdict(system, states[:100], duration=1000.0)
print(*verdict.sentences, sep="\n")

# %% [markdown]
# ## The fixed points, proved

# %%
points = sx.find_fixed_points(system, states)
print(points)

# %% [markdown]
# ## How much input erases a memory?
# The first channel is held at other values. At a fold two points meet and vanish.

# %%
branches = sx.continue_fixed_points(
    lambda value: system.at_input([value, 0.0]), points, (-0.1, 0.1), at=0.0, name="input 1"
)
folds = branches.special_parameters[branches.special_type == "fold"]
print("folds at", np.unique(folds.round(4)))

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(7.1, 3.4), layout="constrained")
sx.figures.fixed_points(points, states, ax=left)
sx.figures.bifurcation_diagram(branches, ax=right)
plt.show()
