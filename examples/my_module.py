"""A lab's module, with nothing of Separatrix in it: see docs/how-to/pytorch-from-a-to-z.md.

`python my_module.py` trains it to hold the sign of the last pulse in each of two channels, and
writes `my_module.pt` and `states.npy`, the hidden states of 64 trials, (trial, time, unit).
"""

import numpy as np
import torch
from torch import nn


class LeakyCell(nn.Module):
    """Leaky units; no layer of PyTorch computes this."""

    def __init__(self, channels, units, alpha=0.2):
        super().__init__()
        self.alpha = alpha
        self.from_input = nn.Linear(channels, units)
        self.recurrent = nn.Linear(units, units, bias=False)

    def forward(self, x, h):
        drive = torch.tanh(self.recurrent(h) + self.from_input(x))
        return torch.lerp(h, drive, self.alpha)


class Memory(nn.Module):
    def __init__(self, channels=2, units=48):
        super().__init__()
        self.cell = LeakyCell(channels, units)
        self.readout = nn.Linear(units, channels)

    def forward(self, pulses):
        h = pulses.new_zeros(len(pulses), self.readout.in_features)
        states = []
        for x in pulses.unbind(1):
            h = self.cell(x, h)
            states.append(h)
        states = torch.stack(states, 1)
        return self.readout(states), states


def trials(count, time=60):
    """Return rare pulses of ±1, and in each channel the sign of the last one."""
    pulses = torch.sign(torch.randn(count, time, 2)) * (torch.rand(count, time, 2) < 0.08)
    pulses[:, 0] = torch.sign(torch.randn(count, 2))
    held = pulses.clone()
    for t in range(1, time):
        held[:, t] = torch.where(pulses[:, t] == 0, held[:, t - 1], pulses[:, t])
    return pulses, held


def train(steps=600):
    torch.manual_seed(0)
    torch.set_num_threads(1)  # the faster for matrices as small as these
    model = Memory()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for k in range(steps):
        pulses, held = trials(64)
        loss = ((model(pulses)[0] - held)[:, 1:] ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if k % 100 == 0:
            print(f"step {k}: loss {loss.item():.3f}", flush=True)
    return model


model = Memory()
if __name__ == "__main__":
    model = train()
    torch.save(model.state_dict(), "my_module.pt")
    with torch.no_grad():
        np.save("states.npy", model(trials(64)[0])[1].numpy())
else:
    model.load_state_dict(torch.load("my_module.pt"))
    model.eval()


# What the analysis is given: one step of the state under an input, and what goes with it.
size = 48  # units; for an LSTM (64, 64), and a step of (h, c)
input = np.zeros(2)  # what is held while the network runs on
dt = 20.0  # ms; 1.0 where only steps are counted
duration = 1000.0  # for how long states have to be held, in ms
change = 0.05  # how far the first channel of the input is varied


def step(state, input):
    return model.cell(input, state)
