"""Every rule of a translation from PyTorch computes what PyTorch does."""

import warnings

import pytest

import separatrix as sx
from separatrix.torch_systems import operations, translation

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional
W = torch.randn((6, 6), generator=torch.Generator().manual_seed(0))


def on_one_row(module):
    """Return a layer that wants a batch as a function of one state."""
    return nn.Sequential(nn.Unflatten(0, (1, 6)), module, nn.Flatten(0)).eval()


LAYERS = {
    "layer norm": nn.LayerNorm(6),
    "batch norm": on_one_row(nn.BatchNorm1d(6)),
    "group norm": on_one_row(nn.GroupNorm(2, 6)),
    "dropout": nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.5)).eval(),
    "convolution": on_one_row(nn.Conv1d(1, 1, 3, padding=1)),
    "circular convolution": on_one_row(nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")),
    "prelu": nn.PReLU(),
}
ATTENTION = nn.MultiheadAttention(2, 1, batch_first=True).eval()


def in_place(h):
    h = h.clone()
    h[0] = 1
    h[2:4] *= 2
    h[torch.tensor([1, 5])] += 1
    h[h > 2] = 0
    image = h.view(2, 3).clone()
    image[:, 1] = h[:2]
    image[1, 1:] = 0.5
    return image.flatten()


def attended(h):
    x = h.view(1, 3, 2)
    mask = torch.ones(3, 3, dtype=torch.bool).tril()
    one = F.scaled_dot_product_attention(x, x, x) + ATTENTION(x, x, x)[0]
    two = F.scaled_dot_product_attention(x, x, x, attn_mask=mask)
    return (one + two + F.scaled_dot_product_attention(x, x, x, is_causal=True)).reshape(-1)


ACTIVATIONS = (
    *("relu", "relu6", "silu", "gelu", "elu", "selu", "celu", "mish", "softplus", "softsign"),
    *("tanhshrink", "softshrink", "hardshrink", "hardtanh", "hardsigmoid", "hardswish"),
    *("leaky_relu", "logsigmoid", "sigmoid"),
)
EXPRESSIONS = {
    **{name: getattr(F, name) for name in ACTIVATIONS},
    **LAYERS,
    "attention": attended,
    "in place": in_place,
    "softplus, steep": lambda h: F.softplus(h, beta=30.0),
    "gelu by tanh": lambda h: F.gelu(h, approximate="tanh"),
    "softmax": lambda h: F.softmax(W @ h, 0) * 6 + F.log_softmax(h, 0) + h.logsumexp(0),
    "rms norm": lambda h: F.rms_norm(h, (6,)),
    "products": lambda h: (
        torch.einsum("ij,j->i", W, h) + torch.addmv(h, W, h) + F.linear(h, W, h) + h @ W
        + torch.addmm(h[None], h[None], W)[0] + torch.mm(h[None], W)[0] + torch.dot(h, h)
        + torch.bmm(h[None, None], W[None])[0, 0] + torch.vdot(h, h) + torch.matmul(W, h)
        + torch.baddbmm(h[None, None], h[None, None], W[None], beta=0.5)[0, 0] + torch.mv(W, h)
    ),
    "arithmetic": lambda h: (
        h**2 + h.pow(3) + 2**h + (h.abs() + 1) ** 0.5 + (h.abs() + 1) ** 1.3 + h.square()
        + (h.abs() + 1) ** h + 1 / (3 + h) + torch.rsub(h, 1, alpha=2) + (h + 9).reciprocal()
        + torch.add(h, h, alpha=2) - torch.sub(h, h * h, alpha=3)
    ),
    "functions": lambda h: (
        torch.atan2(h, h + 2) + (h / 9).sin().cos().tan().atan() + (h / 9).asin() + (h / 9).acos()
        + h.sinh() + h.cosh() + h.asinh() + (h.abs() + 2).acosh() + (h / 9).atanh() + h.erf()
        + h.erfc() + h.exp() + h.exp2() + h.expm1() + (h.abs() + 1).log() + (h.abs() + 1).log2()
        + (h.abs() + 1).log10() + h.abs().log1p() + (h.abs() + 1).sqrt() + (h.abs() + 1).rsqrt()
    ),
    "steps": lambda h: (
        h.floor() + h.ceil() + h.round() + h.trunc() + h.sign() + h % 1 + h // 2 + torch.fmod(h, 1)
        + torch.div(h, 2, rounding_mode="trunc") + torch.heaviside(h, torch.tensor(0.0))
    ),
    "choices": lambda h: (
        torch.where((h > 0) & (h < 2) | ~(h >= -1) | (h == 0) & (h != 1), h, -h)
        + torch.where(torch.logical_xor(h <= 0, h > 1) | torch.isnan(h) | torch.isinf(h), h, 1.0)
        + torch.where(torch.logical_and(h > 0, torch.logical_or(h < 1, h > 2)), h, 0.0)
        + h.masked_fill(torch.logical_not(h > 0), 0.5) * (h > 1).float() + torch.lerp(h, -h, 0.3)
        + torch.lerp(h, -h, torch.sigmoid(h)) + h.clamp(-0.5, 0.5) + h.clamp_min(0.1).clamp(max=1)
        + torch.maximum(h, -h) + torch.minimum(h, h * h) + (h > 9).any() + (h < 9).all()
    ),
    "over axes": lambda h: (
        h - h.max() + h.max(0).values + h.amax() - h.min() + h.min(0).values + h.amin() + h.mean()
        + h.std() + h.var(unbiased=False) + h.norm() + torch.linalg.norm(h, 1) + h.cumsum(0)
        + torch.linalg.norm(h, float("inf")) + h.prod() + h.sum(0, keepdim=True) + h.argmin()
        + F.one_hot(h.argmax(), 6).float() + F.normalize(h, dim=0) + torch.max(h, -h)
    ),
    "places": lambda h: (
        h.flip(0) + h.roll(1) + h[[1, 0, 3, 2, 5, 4]] + torch.gather(h, 0, torch.arange(6))
        + h.index_select(0, torch.arange(6)) + torch.cat([c * 2 for c in h.chunk(2)])
        + torch.stack([h, -h])[0] + h.repeat(2)[:6] + F.pad(h[1:], (1, 0), value=2.0)
        + torch.outer(h, h).sum(0) + torch.diag_embed(h).mean(0) + (h[:, None] * h).tril().sum(-1)
        + h.view(2, 3).permute(1, 0).reshape(6) + h[None].expand(4, -1)[2] + h[None].squeeze(0)
        + torch.select_scatter(h, h[0], 0, 3) + torch.slice_scatter(h, h[:2], 0, 2, 4)
    ),
    "constants": lambda h: (
        h * torch.tensor(2.0) + torch.ones_like(h) + torch.zeros(6) + torch.arange(6)
        + torch.linspace(0, 1, 6) + torch.eye(6)[0] + torch.matrix_exp(W) @ h
        + torch.full_like(h, 3.0) + torch.empty_like(h).fill_(2.0)
    ),
    "casts": lambda h: h.double().sin().float() + (h > 0).float() + h.detach() * 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def used():
    """The rules that each expression used; the last test looks whether any was left out."""
    return {}


@pytest.fixture
def counted(used, monkeypatch, name):
    names = used.setdefault(name, set())

    class Counting(dict):
        def __getitem__(self, name):
            names.add(name)
            return super().__getitem__(name)

    monkeypatch.setattr(translation, "RULES", Counting(operations.RULES))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_rule_computes_what_pytorch_does(name, counted):
    """`torch_map` compares values and slopes in PyTorch's precision, and refuses what differs."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step = EXPRESSIONS[name]
        step = step.requires_grad_(False) if isinstance(step, nn.Module) else step
        system = sx.torch_map(step, 6)
    assert system.translation.reason is None


def test_no_rule_goes_untested(used):
    if used.keys() != EXPRESSIONS.keys():
        pytest.skip("not all expressions have run in this process")
    # The step of the first draws; older or newer releases of PyTorch take the others apart.
    assert set(operations.RULES) - set().union(*used.values()) <= {
        "native_dropout",
        "elu",
        "linalg_vector_norm",
    }
