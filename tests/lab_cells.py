"""Ten recurrent cells in the manner of public neuroscience and machine-learning code.

``CELLS`` lists ``Cell(name, make, dtype)``; ``make()`` is seeded and returns
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
from torch.nn.utils import parametrizations


@dataclass(frozen=True)
class Cell:
    """A named test case; ``dtype`` is the dtype of the module and of its state."""

    name: str
    make: Callable
    dtype: torch.dtype = torch.float32


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


class ClippedGRUCell(nn.GRUCell):
    """GRU cell of the LFADS generator, which clips its state."""

    def __init__(self, input_size, hidden_size, clip_value=float("inf")):
        super().__init__(input_size, hidden_size, bias=True)
        self.bias_hh.requires_grad = False
        self.clip_value = clip_value
        nn.init.normal_(self.weight_ih, std=1 / math.sqrt(input_size + hidden_size))
        nn.init.normal_(self.weight_hh, std=1.6 / math.sqrt(hidden_size))
        nn.init.zeros_(self.bias_hh)
        self.bias_ih.data[:hidden_size] = 1.0

    def forward(self, input, hidden):
        x_all = input @ self.weight_ih.T + self.bias_ih
        x_z, x_r, x_n = torch.chunk(x_all, chunks=3, dim=1)
        split_dims = [2 * self.hidden_size, self.hidden_size]
        weight_hh_zr, weight_hh_n = torch.split(self.weight_hh, split_dims)
        bias_hh_zr, bias_hh_n = torch.split(self.bias_hh, split_dims)
        h_all = hidden @ weight_hh_zr.T + bias_hh_zr
        h_z, h_r = torch.chunk(h_all, chunks=2, dim=1)
        z = torch.sigmoid(x_z + h_z)
        r = torch.sigmoid(x_r + h_r)
        h_n = (r * hidden) @ weight_hh_n.T + bias_hh_n
        n = torch.tanh(x_n + h_n)
        return torch.clamp(z * hidden + (1 - z) * n, -self.clip_value, self.clip_value)


def make_lfads_generator():
    torch.manual_seed(4)
    cell = ClippedGRUCell(2, 24, clip_value=5.0)
    add_memory_(cell.weight_hh[48:], 2, 3.0)
    controller = torch.zeros(1, 2)
    return lambda h: cell(controller, h.unsqueeze(0)).squeeze(0), 24, None, 0.01


class LatentODE(nn.Module):
    """Latent ODE function with a fixed-step fourth-order Runge-Kutta solver."""

    def __init__(self, latent_dim, nhidden, dt):
        super().__init__()
        self.dt = dt
        self.net = nn.Sequential(
            nn.Linear(latent_dim, nhidden),
            nn.Mish(),
            nn.Linear(nhidden, nhidden),
            nn.ELU(inplace=True),
            nn.Linear(nhidden, latent_dim),
            nn.Tanh(),
        )
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight, gain=1.9)
                nn.init.normal_(m.bias, std=0.3)

    def f(self, z):
        return self.net(z) - z

    def forward(self, z):
        k1 = self.f(z)
        k2 = self.f(z + 0.5 * self.dt * k1)
        k3 = self.f(z + 0.5 * self.dt * k2)
        k4 = self.f(z + self.dt * k3)
        return z + self.dt / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)


def make_latent_ode():
    torch.manual_seed(8)
    return LatentODE(8, 24, dt=0.1).double().eval(), 8, None, 0.1


class LTCCell(nn.Module):
    """Liquid time-constant cell with a semi-implicit solver."""

    def __init__(self, sensory_size, state_size, ode_unfolds=6, epsilon=1e-8):
        super().__init__()
        self._ode_unfolds, self._epsilon = ode_unfolds, epsilon
        self.make_positive_fn = nn.Softplus()
        sizes = {"": (state_size, state_size), "sensory_": (sensory_size, state_size)}
        for prefix, shape in sizes.items():
            erev = 2.0 * torch.randint(0, 2, shape).float() - 1.0
            self.register_parameter(prefix + "erev", nn.Parameter(erev))
            self.register_buffer(prefix + "sparsity_mask", (torch.rand(shape) < 0.7).float())
            for name, low, high in (("w", 0.5, 2.0), ("mu", -0.2, 0.2), ("sigma", 3, 8)):
                value = torch.rand(shape) * (high - low) + low
                self.register_parameter(prefix + name, nn.Parameter(value))
        self.gleak = nn.Parameter(torch.rand(state_size) * 0.5 - 1.0)
        self.vleak = nn.Parameter(torch.rand(state_size) * 0.4 - 0.2)
        self.cm = nn.Parameter(torch.rand(state_size) * 0.2 + 0.4)

    def _sigmoid(self, v_pre, mu, sigma):
        return torch.sigmoid(sigma * (torch.unsqueeze(v_pre, -1) - mu))

    def forward(self, v_pre, inputs, elapsed_time=1.0):
        pos = self.make_positive_fn
        sensory = pos(self.sensory_w) * self._sigmoid(inputs, self.sensory_mu, self.sensory_sigma)
        sensory = sensory * self.sensory_sparsity_mask
        w_numerator_sensory = torch.sum(sensory * self.sensory_erev, dim=1)
        w_denominator_sensory = torch.sum(sensory, dim=1)
        cm_t = pos(self.cm) / (elapsed_time / self._ode_unfolds)
        w_param, gleak = pos(self.w), pos(self.gleak)
        for _ in range(self._ode_unfolds):
            w_activation = w_param * self._sigmoid(v_pre, self.mu, self.sigma)
            w_activation = w_activation * self.sparsity_mask
            w_numerator = torch.sum(w_activation * self.erev, dim=1) + w_numerator_sensory
            w_denominator = torch.sum(w_activation, dim=1) + w_denominator_sensory
            numerator = cm_t * v_pre + gleak * self.vleak + w_numerator
            denominator = cm_t + gleak + w_denominator
            v_pre = numerator / (denominator + self._epsilon)
        return v_pre


def make_ltc():
    torch.manual_seed(9)
    cell = LTCCell(2, 10)
    step = lambda h, x: cell(h.unsqueeze(0), x.unsqueeze(0)).squeeze(0)  # noqa: E731
    return step, 10, np.array([0.2, -0.1], dtype=np.float32), 1.0


class modrelu(nn.Module):
    """Shrink the magnitude, keep the phase."""

    def __init__(self, features):
        super().__init__()
        self.b = nn.Parameter(torch.empty(features).uniform_(-0.5, -0.1))

    def forward(self, inputs):
        magnitude = F.relu(torch.abs(inputs) + self.b)
        return torch.sign(inputs) * magnitude


class ExpRNNCell(nn.Module):
    """RNN with an orthogonal recurrent kernel, parametrized by the matrix exponential."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.recurrent_kernel = nn.Linear(hidden_size, hidden_size, bias=False)
        parametrizations.orthogonal(self.recurrent_kernel, "weight")
        self.input_kernel = nn.Linear(input_size, hidden_size, bias=False)
        self.nonlinearity = modrelu(hidden_size)
        nn.init.kaiming_normal_(self.input_kernel.weight, nonlinearity="relu")

    def forward(self, input, hidden):
        return self.nonlinearity(self.input_kernel(input) + self.recurrent_kernel(hidden))


def make_exprnn():
    torch.manual_seed(11)
    cell = ExpRNNCell(2, 16)
    return lambda h, x: cell(x, h), 16, np.array([0.5, 0.3], dtype=np.float32), 1.0


class FastGRNNCell(nn.Module):
    """FastGRNN with low-rank kernels and the piecewise-linear nonlinearities for devices."""

    def __init__(self, input_size, hidden_size, u_rank=6):
        super().__init__()
        self.W = nn.Parameter(0.4 * torch.randn(input_size, hidden_size))
        self.U1 = nn.Parameter(torch.randn(hidden_size, u_rank) / math.sqrt(hidden_size))
        self.U2 = nn.Parameter(1.4 * torch.randn(u_rank, hidden_size) / math.sqrt(u_rank))
        self.U2.data += 3.0 * self.U1.data.t()
        self.bias_gate = nn.Parameter(torch.ones(1, hidden_size))
        self.bias_update = nn.Parameter(torch.zeros(1, hidden_size))
        self.zeta = nn.Parameter(torch.tensor([[1.0]]))
        self.nu = nn.Parameter(torch.tensor([[-4.0]]))

    def forward(self, input, state):
        pre = torch.matmul(input, self.W) + torch.matmul(torch.matmul(state, self.U1), self.U2)
        z = F.hardsigmoid(pre + self.bias_gate)
        c = F.hardtanh(pre + self.bias_update)
        scale = torch.sigmoid(self.zeta) * (1.0 - z) + torch.sigmoid(self.nu)
        return z * state + scale * c


def make_fastgrnn():
    torch.manual_seed(13)
    cell = FastGRNNCell(4, 32)
    step = lambda h, x: cell(x.unsqueeze(0), h.unsqueeze(0)).squeeze()  # noqa: E731
    return step, 32, np.array([0.2, 0.1, -0.3, 0.0], dtype=np.float32), 1.0


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


class SSN(nn.Module):
    """Stabilized supralinear network: E and I populations, ring connectivity by distance."""

    def __init__(self, n, k=0.04, dt=1.0):
        super().__init__()
        self.n, self.k = n, k
        i = torch.arange(n)
        distance = (i[:, None] - i[None, :]).abs()
        self.register_buffer("distance", torch.where(distance > n // 2, n - distance, distance))
        tau = torch.cat([torch.full((n,), 20.0), torch.full((n,), 10.0)])
        self.register_buffer("rate", dt / tau)
        self.J = nn.Parameter(torch.tensor([[1.25, 0.65], [1.2, 0.5]]))
        self.log_sigma = nn.Parameter(torch.log(torch.tensor([1.5, 2.5])))

    def connectivity(self):
        d = torch.arange(self.n // 2 + 1, dtype=self.J.dtype)
        kernels = torch.exp(-(d**2) / (2 * torch.exp(self.log_sigma)[:, None] ** 2))
        e, i = (g[self.distance] / g[self.distance].sum(1, keepdim=True) for g in kernels)
        top = torch.cat([self.J[0, 0] * e, -self.J[0, 1] * i], dim=1)
        bottom = torch.cat([self.J[1, 0] * e, -self.J[1, 1] * i], dim=1)
        return torch.cat([top, bottom], dim=0)

    def forward(self, r, stimulus):
        drive = torch.mv(self.connectivity(), r)
        drive[: self.n] += stimulus
        drive[self.n :] += stimulus
        r = r.clone()
        r += self.rate * (self.k * drive.clamp(min=0).pow(2) - r)
        return r


def make_ssn():
    torch.manual_seed(16)
    net = SSN(12).double()
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    stimulus = 8.0 * np.exp(2.0 * (np.cos(angle - 2.0) - 1)) + 3.0
    return net, 24, stimulus, 1.0


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


class MLPDynamics(nn.Module):
    """Leaky residual MLP dynamics with weight norm and frozen batch norm; units are maskable."""

    def __init__(self, dim, width):
        super().__init__()
        self.net = nn.Sequential(
            parametrizations.weight_norm(nn.Linear(dim, width)),
            nn.BatchNorm1d(width),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(width, dim),
        )
        self.register_buffer("lesion", torch.rand(dim) < 0.15)
        nn.init.orthogonal_(self.net[3].weight, gain=2.0)

    def forward(self, h):
        new = torch.tanh(self.net(h)).masked_fill(self.lesion, 0.0)
        return torch.lerp(h, new, 0.25)


def make_mlp_dynamics():
    torch.manual_seed(20)
    net = MLPDynamics(20, 40)
    for _ in range(50):
        net(torch.randn(64, 20))
    net.eval()
    return lambda h: net(h.unsqueeze(0)).squeeze(0), 20, None, 0.05


CELLS = [
    Cell("layernorm_lstm", make_layernorm_lstm),
    Cell("lfads_generator", make_lfads_generator),
    Cell("latent_ode_rk4", make_latent_ode, torch.float64),
    Cell("ltc", make_ltc),
    Cell("exprnn_modrelu", make_exprnn),
    Cell("fastgrnn", make_fastgrnn),
    Cell("rim_attention", make_rim_attention),
    Cell("ssn_ring", make_ssn, torch.float64),
    Cell("feedback_rnn", make_feedback_rnn),
    Cell("mlp_dynamics", make_mlp_dynamics),
]

# Not one of the ten: the same network with dropout active in train mode, so the step is random.
STOCHASTIC = Cell("feedback_rnn_dropout", partial(make_feedback_rnn, dropout=0.1))
