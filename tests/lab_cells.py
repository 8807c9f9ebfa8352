"""Twenty recurrent cells in the manner of public neuroscience and machine-learning code.

``CELLS`` lists ``Cell(name, make, dtype)``; ``make()`` is seeded and returns
``(step, size, input, dt)``, what a user would hand to ``sx.torch_map``.
They were written from memory by a hand that knew neither the package's code nor its tests.
``zeros(cell)`` are those of ``step(x) - x`` that SciPy finds from 32 random starts.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from scipy.optimize import root
from scipy.signal import cont2discrete
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


class EIRecLinear(nn.Module):
    """Recurrent linear layer that obeys Dale's law."""

    def __init__(self, hidden_size, e_prop=0.75, gain=1.0):
        super().__init__()
        self.e_size = int(e_prop * hidden_size)
        self.i_size = hidden_size - self.e_size
        mask = np.tile([1] * self.e_size + [-1] * self.i_size, (hidden_size, 1))
        np.fill_diagonal(mask, 0)
        self.register_buffer("mask", torch.tensor(mask, dtype=torch.float32))
        self.weight = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        self.weight.data *= gain
        self.weight.data[:, : self.e_size] /= self.e_size / self.i_size

    def forward(self, input):
        return F.linear(input, torch.abs(self.weight) * self.mask, self.bias)


class EIRNN(nn.Module):
    """Continuous-time rate network; hidden is (state, rate)."""

    def __init__(self, input_size, hidden_size, dt=20, tau=100):
        super().__init__()
        self.alpha = dt / tau
        self.input2h = nn.Linear(input_size, hidden_size)
        self.h2h = EIRecLinear(hidden_size, gain=6.0)

    def forward(self, input, hidden):
        state, output = hidden
        total_input = self.input2h(input) + self.h2h(output)
        state = state * (1 - self.alpha) + total_input * self.alpha
        return state, torch.relu(state)


def make_ei_ctrnn():
    torch.manual_seed(1)
    net = EIRNN(3, 24)

    def step(hidden, x):
        hidden = net(x.unsqueeze(0), tuple(h.unsqueeze(0) for h in hidden))
        return tuple(h.squeeze(0) for h in hidden)

    return step, (24, 24), np.array([1.0, 0.4, -0.2], dtype=np.float32), 0.02


class LowRankRNN(nn.Module):
    """Rank-R network with connectivity m n^T / N."""

    def __init__(self, input_size, hidden_size, rank, alpha=0.2):
        super().__init__()
        self.hidden_size, self.alpha = hidden_size, alpha
        self.wi = nn.Parameter(torch.randn(input_size, hidden_size))
        self.si = nn.Parameter(0.05 * torch.ones(input_size))
        self.m = nn.Parameter(torch.randn(hidden_size, rank))
        self.n = nn.Parameter(torch.randn(hidden_size, rank))
        self.b = nn.Parameter(0.1 * torch.randn(hidden_size, 1))
        with torch.no_grad():
            self.n.mul_(0.3).add_(2.2 * self.m)

    def forward(self, h, input):
        wi_full = (self.wi.t() * self.si).t()
        r = torch.tanh(h + self.b.squeeze())
        rec = r.matmul(self.n).matmul(self.m.t()) / self.hidden_size
        return h + self.alpha * (-h + rec + input.matmul(wi_full))


def make_lowrank():
    torch.manual_seed(2)
    net = LowRankRNN(2, 48, rank=2)

    @torch.no_grad()
    def step(h, x):
        return net(h[None, :], x[None, :])[0]

    return step, 48, np.array([0.5, 1.0], dtype=np.float32), 0.02


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


class STPRNN(nn.Module):
    """E/I network with short-term synaptic facilitation and depression."""

    def __init__(self, n_input, n_hidden, dt=10, tau=100):
        super().__init__()
        self.dt_sec, self.alpha = dt / 1000, dt / tau
        odd = np.arange(n_hidden) % 2
        for name, values in {
            "alpha_stf": dt / np.where(odd, 200.0, 1500.0),
            "alpha_std": dt / np.where(odd, 1500.0, 200.0),
            "U": np.where(odd, 0.45, 0.15),
            "EI_matrix": np.diag([1.0] * (n_hidden * 4 // 5) + [-1.0] * (n_hidden // 5 + 1)),
            "w_rnn_mask": 1.0 - np.eye(n_hidden),
        }.items():
            self.register_buffer(name, torch.from_numpy(values).float())
        gamma = np.random.RandomState(0).gamma
        self.w_in = nn.Parameter(torch.from_numpy(gamma(0.2, 1.0, (n_input, n_hidden))).float())
        w_rnn = 2.0 * gamma(0.3, 1.0, (n_hidden, n_hidden))
        self.w_rnn = nn.Parameter(torch.from_numpy(w_rnn).float())
        self.b_rnn = nn.Parameter(torch.zeros(1, n_hidden))

    def forward(self, state, x):
        h, syn_x, syn_u = (s.unsqueeze(0) for s in state)
        syn_x = syn_x + (self.alpha_std * (1.0 - syn_x) - self.dt_sec * syn_u * syn_x * h)
        syn_u = syn_u + (self.alpha_stf * (self.U - syn_u) + self.dt_sec * self.U * (1 - syn_u) * h)
        syn_x = torch.minimum(torch.ones_like(syn_x), F.relu(syn_x))
        syn_u = torch.minimum(torch.ones_like(syn_u), F.relu(syn_u))
        h_post = syn_u * syn_x * h
        w_rnn = self.EI_matrix @ (self.w_rnn_mask * F.relu(self.w_rnn))
        drive = x @ F.relu(self.w_in) + h_post @ w_rnn + self.b_rnn
        h = F.relu((1 - self.alpha) * h + self.alpha * drive)
        return tuple(s.squeeze(0) for s in (h, syn_x, syn_u))


def make_stp_rnn():
    torch.manual_seed(5)
    return STPRNN(3, 14), (14, 14, 14), np.array([0.8, 0.3, 1.2], dtype=np.float32), 0.01


class GRUModel(nn.Module):
    """Task-trained GRU with readout, of which only the recurrence is analyzed."""

    def __init__(self, n_inputs, n_hidden, n_outputs, n_layers=2):
        super().__init__()
        self.n_layers, self.n_hidden = n_layers, n_hidden
        self.rnn = nn.GRU(n_inputs, n_hidden, num_layers=n_layers, batch_first=True)
        self.readout = nn.Linear(n_hidden, n_outputs)
        for name, p in self.rnn.named_parameters():
            if "weight_hh" in name:
                nn.init.orthogonal_(p)
                add_memory_(p[2 * n_hidden :], 2, 4.0)

    def forward(self, inputs, h0=None):
        latents, hn = self.rnn(inputs, h0)
        return self.readout(latents), hn


def make_gru_sequence():
    torch.manual_seed(6)
    model = GRUModel(3, 12, 1)
    model.eval()

    def step(h, x):
        _, hn = model(x.reshape(1, 1, -1), h.reshape(model.n_layers, 1, model.n_hidden))
        return hn.reshape(-1)

    return step, 24, np.zeros(3, dtype=np.float32), 1.0


class StackedLSTM(nn.Module):
    """Stack of LSTM cells; h and c hold the layers one after another."""

    def __init__(self, input_size, hidden_size, num_layers):
        super().__init__()
        self.num_layers = num_layers
        self.layers = nn.ModuleList()
        for i in range(num_layers):
            cell = nn.LSTMCell(input_size if i == 0 else hidden_size, hidden_size)
            nn.init.normal_(cell.weight_hh, std=2.0 / math.sqrt(hidden_size))
            cell.bias_hh.data[hidden_size : 2 * hidden_size].fill_(1.0)
            self.layers.append(cell)

    def forward(self, hidden, input):
        h_0, c_0 = hidden
        h_0, c_0 = (torch.stack(torch.chunk(s, self.num_layers)) for s in (h_0, c_0))
        h_1, c_1 = [], []
        for i, layer in enumerate(self.layers):
            input, c_1_i = layer(input, (h_0[i], c_0[i]))
            h_1 += [input]
            c_1 += [c_1_i]
        return torch.cat(h_1), torch.cat(c_1)


def make_lstm_stack():
    torch.manual_seed(7)
    return StackedLSTM(2, 8, 2), (16, 16), np.array([1.0, -1.0], dtype=np.float32), 1.0


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


class AntisymmetricCell(nn.Module):
    """Antisymmetric RNN: h + eps * tanh((W - W^T - gamma I) h + V x)."""

    def __init__(self, input_size, hidden_size, epsilon=0.1, gamma=0.1):
        super().__init__()
        self.epsilon = epsilon
        self.register_buffer("gamma_I", gamma * torch.eye(hidden_size))
        self.W = nn.Parameter(1.5 * torch.randn(hidden_size, hidden_size) / hidden_size**0.5)
        self.Vh = nn.Linear(input_size, hidden_size)

    def forward(self, h, x):
        W = self.W.triu(diagonal=1)
        W_hh = W - W.transpose(0, 1) - self.gamma_I
        return h + self.epsilon * torch.tanh(torch.addmm(self.Vh(x), h, W_hh.t()))


def make_antisymmetric():
    torch.manual_seed(10)
    cell = AntisymmetricCell(2, 20)
    step = lambda h, x: cell(h.unsqueeze(0), x.unsqueeze(0)).flatten()  # noqa: E731
    return step, 20, np.array([0.7, -0.4], dtype=np.float32), 1.0


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


class LMUCell(nn.Module):
    """Legendre memory unit with zero-order-hold matrices in buffers."""

    def __init__(self, input_size, hidden_size, memory_size, theta):
        super().__init__()
        Q = np.arange(memory_size, dtype=np.float64).reshape(-1, 1)
        R = (2 * Q + 1) / theta
        i, j = np.meshgrid(Q, Q, indexing="ij")
        A = R * np.where(i < j, -1, (-1.0) ** (i - j + 1))
        B = R * ((-1.0) ** Q)
        A, B, *_ = cont2discrete((A, B, B.T, np.zeros(1)), dt=1.0, method="zoh")
        self.register_buffer("A", torch.FloatTensor(A))
        self.register_buffer("B", torch.FloatTensor(B))
        self.e_x = nn.Parameter(torch.empty(1, input_size).uniform_(-1, 1))
        self.e_h = nn.Parameter(torch.empty(1, hidden_size).uniform_(-1, 1))
        self.e_m = nn.Parameter(torch.zeros(1, memory_size))
        for name, n in (("W_x", input_size), ("W_h", hidden_size), ("W_m", memory_size)):
            setattr(self, name, nn.Parameter(nn.init.xavier_normal_(torch.empty(hidden_size, n))))
        self.W_h.data *= 1.6

    def forward(self, x, state):
        h, m = state
        u = F.linear(x, self.e_x) + F.linear(h, self.e_h) + F.linear(m, self.e_m)
        m = F.linear(m, self.A) + F.linear(u, self.B)
        h = torch.tanh(F.linear(x, self.W_x) + F.linear(h, self.W_h) + F.linear(m, self.W_m))
        return h, m


def make_lmu():
    torch.manual_seed(12)
    cell = LMUCell(1, 20, 8, theta=16.0)

    def step(state, x):
        h, m = cell(x[None], [s[None] for s in state])
        return h[0], m[0]

    return step, (20, 8), np.array([0.1], dtype=np.float32), 1.0


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


class ConvGRUCell(nn.Module):
    """Convolutional GRU on an image-shaped hidden state."""

    def __init__(self, input_dim, hidden_dim, kernel_size, bias=True):
        super().__init__()
        self.hidden_dim = hidden_dim
        padding = kernel_size // 2, kernel_size // 2
        channels = input_dim + hidden_dim
        self.conv_gates = nn.Conv2d(channels, 2 * hidden_dim, kernel_size, 1, padding, bias=bias)
        self.conv_can = nn.Conv2d(channels, hidden_dim, kernel_size, 1, padding, bias=bias)
        self.conv_can.weight.data *= 3.0

    def forward(self, input_tensor, h_cur):
        combined = torch.cat([input_tensor, h_cur], dim=1)
        gamma, beta = torch.split(self.conv_gates(combined), self.hidden_dim, dim=1)
        reset_gate = torch.sigmoid(gamma)
        update_gate = torch.sigmoid(beta)
        combined = torch.cat([input_tensor, reset_gate * h_cur], dim=1)
        cnm = torch.tanh(self.conv_can(combined))
        return (1 - update_gate) * h_cur + update_gate * cnm


def make_convgru():
    torch.manual_seed(14)
    cell = ConvGRUCell(1, 3, 3).eval()
    step = lambda h, x: cell(x.view(1, 1, 4, 4), h.view(1, 3, 4, 4)).view(-1)  # noqa: E731
    frame = np.zeros((4, 4), dtype=np.float32)
    frame[1:3, 1:3] = 0.5
    return step, 48, frame.ravel(), 1.0


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


class PlasticCell(nn.Module):
    """Hebbian differentiable plasticity: fixed weights plus alpha times a decaying trace."""

    def __init__(self, isize, hsize):
        super().__init__()
        self.hsize = hsize
        self.i2h = nn.Linear(isize, hsize)
        self.w = nn.Parameter(1.5 * torch.randn(hsize, hsize) / math.sqrt(hsize))
        self.alpha = nn.Parameter(torch.rand(hsize, hsize))
        self.eta = nn.Parameter(0.1 * torch.ones(1))

    def forward(self, inputs, hidden, hebb):
        rec = hidden.unsqueeze(1).bmm(self.w + torch.mul(self.alpha, hebb)).squeeze(1)
        hactiv = torch.tanh(self.i2h(inputs) + rec)
        deltahebb = torch.einsum("bi,bj->bij", hidden, hactiv)
        hebb = torch.clamp((1 - self.eta) * hebb + self.eta * deltahebb, min=-1.0, max=1.0)
        return hactiv, hebb


def make_plastic():
    torch.manual_seed(17)
    net = PlasticCell(2, 6)

    def step(state, x):
        hidden, hebb = state
        hidden, hebb = net(x.unsqueeze(0), hidden.unsqueeze(0), hebb.view(1, 6, 6))
        return hidden.squeeze(0), hebb.flatten()

    return step, (6, 36), np.array([0.1, -0.2], dtype=np.float32), 1.0


class LRULayer(nn.Module):
    """Real diagonal linear recurrence with a GELU and gated readout."""

    def __init__(self, d_model, d_state, r_min=0.5, r_max=0.95):
        super().__init__()
        u = torch.rand(d_state) * (r_max**2 - r_min**2) + r_min**2
        self.nu_log = nn.Parameter(torch.log(-0.5 * torch.log(u)))
        self.gamma_log = nn.Parameter(torch.log(torch.sqrt(1 - torch.exp(-self.nu_log.exp()) ** 2)))
        self.B = nn.Parameter(torch.randn(d_state, d_model) / math.sqrt(d_model))
        self.C = nn.Parameter(1.5 * torch.randn(d_model, d_state) / math.sqrt(d_state))
        self.D = nn.Parameter(torch.randn(d_model))
        self.norm = nn.RMSNorm(d_model, eps=1e-2)
        self.glu = nn.Linear(d_model, 2 * d_model)

    def forward(self, x, u):
        v = self.norm(u)
        lam = torch.diag_embed(torch.exp(-torch.exp(self.nu_log)))
        x = x @ lam + (v @ self.B.T) * torch.exp(self.gamma_log)
        y = F.gelu(x @ self.C.T + self.D * v)
        return x, u + F.glu(self.glu(y), dim=-1)


class ClosedLoopSSM(nn.Module):
    """Two layers whose output is fed back as the next input."""

    def __init__(self, d_model, d_state, n_layers=2):
        super().__init__()
        self.layers = nn.ModuleList([LRULayer(d_model, d_state) for _ in range(n_layers)])
        self.d_state = d_state
        self.feedback = nn.Sequential(nn.Linear(n_layers * d_state, d_model), nn.SiLU())

    def forward(self, state):
        u = self.feedback(state)
        states = []
        for layer, x in zip(self.layers, state.view(-1, self.d_state).unbind(0), strict=True):
            x, u = layer(x, u)
            states.append(x)
        return torch.stack(states, dim=0).view(-1)


def make_closed_loop_ssm():
    torch.manual_seed(18)
    return ClosedLoopSSM(6, 12), 24, None, 1.0


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
    Cell("ei_ctrnn", make_ei_ctrnn),
    Cell("lowrank", make_lowrank),
    Cell("layernorm_lstm", make_layernorm_lstm),
    Cell("lfads_generator", make_lfads_generator),
    Cell("stp_rnn", make_stp_rnn),
    Cell("gru_sequence", make_gru_sequence),
    Cell("lstm_stack", make_lstm_stack),
    Cell("latent_ode_rk4", make_latent_ode, torch.float64),
    Cell("ltc", make_ltc),
    Cell("antisymmetric", make_antisymmetric),
    Cell("exprnn_modrelu", make_exprnn),
    Cell("lmu", make_lmu),
    Cell("fastgrnn", make_fastgrnn),
    Cell("convgru", make_convgru),
    Cell("rim_attention", make_rim_attention),
    Cell("ssn_ring", make_ssn, torch.float64),
    Cell("plastic_hebb", make_plastic),
    Cell("closed_loop_ssm", make_closed_loop_ssm),
    Cell("feedback_rnn", make_feedback_rnn),
    Cell("mlp_dynamics", make_mlp_dynamics),
]

# Not one of the 20: the same network with dropout active in train mode, so the step is random.
STOCHASTIC = Cell("feedback_rnn_dropout", partial(make_feedback_rnn, dropout=0.1))


def starts(size, count=32, seed=0):
    """Random candidate states, ``(count, total size)``, float64; their scales vary."""
    total = size if isinstance(size, int) else sum(size)
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, total)) * rng.choice([0.3, 1.0, 2.0], (count, 1))


def flat_map(cell):
    """``cell`` as a NumPy function of one flat float64 vector, and its size."""
    step, size, inp, _ = cell.make()
    args = () if inp is None else (torch.as_tensor(inp, dtype=cell.dtype),)

    def flat(x):
        state = torch.as_tensor(x, dtype=cell.dtype)
        if not isinstance(size, int):
            state = torch.split(state, list(size))
        with torch.no_grad():
            out = step(state, *args)
        return (out if isinstance(size, int) else torch.cat(list(out))).double().numpy()

    return flat, size


def zeros(cell):
    """Distinct zeros of ``step(x) - x`` that SciPy finds from ``starts``."""
    flat, size = flat_map(cell)
    double = cell.dtype == torch.float64
    tolerance, width, apart = (1e-8, 1e-6, 1e-4) if double else (1e-5, 2e-3, 1e-2)

    def residual(x):
        return flat(x) - x.astype(np.float64 if double else np.float32)

    def jacobian(x):
        shifts = width * np.eye(x.size)
        return np.stack([(residual(x + s) - residual(x - s)) / (2 * width) for s in shifts], 1)

    found = []
    for start in starts(size):
        x = root(residual, start, jac=jacobian, method="hybr", options={"maxfev": 400}).x
        if not np.all(np.isfinite(x)) or np.abs(residual(x)).max() > tolerance:
            continue
        if all(np.abs(x - y).max() > apart * (1 + np.abs(y).max()) for y in found):
            found.append(x)
    return size, found
