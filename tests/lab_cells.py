"""Recurrent cells in the manner of public neuroscience and machine-learning code.

``CELLS`` lists ``Cell(name, make)``; ``make()`` is seeded and returns
``(step, size, input, dt)``, what a user would hand to ``sx.torch_map``.
They were written from memory by a hand that knew neither the package's code nor its tests.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class Cell:
    """A named test case, of single precision."""

    name: str
    make: Callable


def add_memory_(weight, rank, gain):
    """Add symmetric self-excitation of low rank, as training on a memory task leaves."""
    with torch.no_grad():
        q, _ = torch.linalg.qr(torch.randn(weight.shape[0], rank))
        weight += gain * q @ q.T


class LayerNormLSTMCell(nn.Module):
    """LSTM with layer norm on the gates and on the cell state."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.randn(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.randn(4 * hidden_size, hidden_size))
        self.layernorm_i = nn.LayerNorm(4 * hidden_size)
        self.layernorm_h = nn.LayerNorm(4 * hidden_size)
        self.layernorm_c = nn.LayerNorm(hidden_size)
        nn.init.constant_(self.layernorm_h.weight, 2.0)
        nn.init.constant_(self.layernorm_h.bias[hidden_size : 2 * hidden_size], 1.0)

    def forward(self, input, state):
        hx, cx = state
        igates = self.layernorm_i(torch.mm(input, self.weight_ih.t()))
        hgates = self.layernorm_h(torch.mm(hx, self.weight_hh.t()))
        ingate, forgetgate, cellgate, outgate = (igates + hgates).chunk(4, 1)
        cy = torch.sigmoid(forgetgate) * cx + torch.sigmoid(ingate) * torch.tanh(cellgate)
        cy = self.layernorm_c(cy)
        hy = torch.sigmoid(outgate) * torch.tanh(cy)
        return hy, (hy, cy)


def make_layernorm_lstm():
    torch.manual_seed(3)
    cell = LayerNormLSTMCell(4, 10).requires_grad_(False)

    def step(state, x):
        _, (h, c) = cell(x.view(1, -1), (state[0].view(1, -1), state[1].view(1, -1)))
        return h.view(-1), c.view(-1)

    return step, (10, 10), np.array([0.3, -1.0, 0.5, 0.1], dtype=np.float32), 1.0


class RIMCell(nn.Module):
    """Independent recurrent modules which communicate by multi-head attention."""

    def __init__(self, num_units, unit_size, num_heads=2):
        super().__init__()
        self.num_units, self.unit_size, self.num_heads = num_units, unit_size, num_heads
        self.weight = nn.Parameter(1.8 * torch.randn(num_units, unit_size, unit_size))
        self.weight.data /= math.sqrt(unit_size)
        self.bias = nn.Parameter(0.1 * torch.randn(num_units, 1, unit_size))
        self.qkv = nn.Linear(unit_size, 3 * unit_size, bias=False)
        self.out = nn.Linear(unit_size, unit_size)
        self.norm = nn.LayerNorm(unit_size)

    def transpose_for_scores(self, x):
        x = x.view(x.size(0), self.num_units, self.num_heads, -1)
        return x.permute(0, 2, 1, 3)

    def communicate(self, h):
        q, k, v = [self.transpose_for_scores(t) for t in self.qkv(h).chunk(3, dim=-1)]
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1))
        context = torch.matmul(torch.softmax(scores, dim=-1), v)
        context = context.permute(0, 2, 1, 3).contiguous().view(h.size(0), self.num_units, -1)
        return self.norm(self.out(context) + h)

    def forward(self, hs):
        h = hs.view(-1, self.num_units, self.unit_size)
        update = torch.baddbmm(self.bias, h.transpose(0, 1), self.weight).transpose(0, 1)
        h = 0.7 * h + 0.3 * torch.tanh(update + 0.5 * self.communicate(h))
        return h.reshape(hs.shape)


def make_rim_attention():
    torch.manual_seed(15)
    return RIMCell(4, 8), 32, None, 1.0


class FeedbackRNN(nn.Module):
    """Vanilla RNN whose readout is fed back; never switched out of train mode."""

    def __init__(self, input_size, hidden_size, output_size, dropout=0.0):
        super().__init__()
        self.rnn = nn.RNN(input_size + output_size, hidden_size, nonlinearity="tanh")
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(hidden_size, output_size)
        nn.init.normal_(self.rnn.weight_hh_l0, std=0.6 / math.sqrt(hidden_size))
        add_memory_(self.rnn.weight_hh_l0, 2, 1.7)

    def forward(self, x, h):
        y = F.leaky_relu(self.fc(self.dropout(h)), negative_slope=0.2)
        inp = torch.cat((x, y), dim=-1)
        out, h = self.rnn(inp.unsqueeze(0), h.unsqueeze(0))
        return out.squeeze(0), h.squeeze(0)


def make_feedback_rnn(dropout=0.0):
    torch.manual_seed(19)
    net = FeedbackRNN(2, 32, 3, dropout)
    step = lambda h, x: net(x[None], h[None])[1][0]  # noqa: E731
    return step, 32, np.array([0.2, 0.0], dtype=np.float32), 1.0


CELLS = [
    Cell("layernorm_lstm", make_layernorm_lstm),
    Cell("rim_attention", make_rim_attention),
    Cell("feedback_rnn", make_feedback_rnn),
]

# The same network with dropout active in train mode, so the step is random.
STOCHASTIC = Cell("feedback_rnn_dropout", partial(make_feedback_rnn, dropout=0.1))
