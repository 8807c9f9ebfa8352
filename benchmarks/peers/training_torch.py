"""The loop of the primer's PyTorch notebook: 1000 steps on windows of 100 steps, 16 at a time.

`nn.Linear` layers called once for each time step, Adam with 0.01, cross-entropy over all steps.
The notebook's trials come from NeuroGym, one by one; here NumPy draws them all at once, which is
faster and needs no further package, so the time is a lower bound of the notebook's.
"""

import time

import numpy as np
import torch
from torch import nn
from turns import take_turns

UNITS, BATCH, WINDOW, STEPS, TRIAL = 64, 16, 100, 1000, 22
COHERENCES = np.array([0.0, 6.4, 12.8, 25.6, 51.2])


class Network(nn.Module):
    """A leaky rectified network in Euler's steps, tau = dt = 100 ms, with a linear readout."""

    def __init__(self):
        super().__init__()
        self.into, self.recurrent = nn.Linear(3, UNITS), nn.Linear(UNITS, UNITS)
        self.readout = nn.Linear(UNITS, 3)
        self.alpha = 1.0

    def forward(self, inputs):
        rates, states = torch.zeros(inputs.shape[1], UNITS), []
        for step in range(inputs.shape[0]):
            current = self.into(inputs[step]) + self.recurrent(rates)
            rates = torch.relu((1 - self.alpha) * rates + self.alpha * current)
            states.append(rates)
        return self.readout(torch.stack(states))


def windows(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw trials end to end for each row and cut a window out at a random phase."""
    count = WINDOW // TRIAL + 2
    coherence = COHERENCES[rng.integers(5, size=(BATCH, count))]
    choice = rng.integers(2, size=(BATCH, count))
    inputs = np.zeros((BATCH, count, TRIAL, 3))
    inputs[:, :, :21, 0] = 1.0
    sign = 1.0 - 2.0 * choice
    inputs[:, :, 1:21, 1] = (0.5 + coherence / 200 * sign)[..., None]
    inputs[:, :, 1:21, 2] = (0.5 - coherence / 200 * sign)[..., None]
    inputs += 0.1 * rng.standard_normal(inputs.shape)
    targets = np.zeros((BATCH, count, TRIAL), int)
    targets[:, :, 21] = choice + 1
    first = rng.integers(TRIAL)
    cut = slice(first, first + WINDOW)
    inputs = inputs.reshape(BATCH, -1, 3)[:, cut].astype(np.float32)
    return (
        torch.from_numpy(inputs.swapaxes(0, 1).copy()),
        torch.from_numpy(targets.reshape(BATCH, -1)[:, cut].T.copy()),
    )


def train() -> dict[str, float]:
    """Train a new network."""
    torch.manual_seed(0)
    rng, network = np.random.default_rng(0), Network()
    optimizer, criterion = torch.optim.Adam(network.parameters(), lr=0.01), nn.CrossEntropyLoss()
    start, losses = time.perf_counter(), []
    for _ in range(STEPS):
        inputs, targets = windows(rng)
        optimizer.zero_grad()
        loss = criterion(network(inputs).reshape(-1, 3), targets.reshape(-1))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"seconds": time.perf_counter() - start, "loss": float(np.mean(losses[-100:]))}


if __name__ == "__main__":
    take_turns(train)
