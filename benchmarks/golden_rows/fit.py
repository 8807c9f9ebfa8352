"""Fit the models of `fitted.py` to simulated data: ``python benchmarks/golden_rows/fit.py [name …]``.

Everything is drawn with seeds; what comes out may differ in its last digits between processors, so
it is stored. Without a name it fits all, in five minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from golden import fitted
from golden.fitted import FIELDS, MODELS, RECTIFIED, runge_kutta
from golden.row import WEIGHTS

DT = 0.1

# Data: `(trial, time, variable)`, of mean 0 and deviation 1.


def simulate(field, starts, dt, steps, noise=0.0, every=1, seed=0):
    """Return what the stochastic Euler method gives, `every` step of it."""
    rng, x, kept = np.random.default_rng(seed), np.array(starts, float), []
    for step in range(steps * every):
        if step % every == 0:
            kept.append(x)
        x = x + dt * field(x) + noise * np.sqrt(dt) * rng.standard_normal(x.shape)
    return np.stack(kept, axis=1)


def standardized(data):
    return (data - data.mean((0, 1))) / data.std((0, 1))


def double_well(seed):
    starts = np.random.default_rng(seed).uniform(-1.5, 1.5, (100, 1))
    return simulate(lambda x: x - x**3, starts, 0.05, 200, 0.4, every=2, seed=seed)


def evidence(seed):
    """A sum of noise between two walls, as of accumulated evidence."""
    starts = np.random.default_rng(seed).uniform(-1, 1, (100, 1))
    walls = lambda x: -20 * np.sign(x) * np.maximum(np.abs(x) - 1, 0)  # noqa: E731
    return simulate(walls, starts, 0.01, 200, 0.6, every=5, seed=seed)


def oscillator(seed, mu=1.5):
    """Van der Pol's."""
    starts = np.random.default_rng(seed).uniform(-3, 3, (100, 2))
    field = lambda x: np.stack([x[:, 1], mu * (1 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]], 1)  # noqa: E731
    return standardized(simulate(field, starts, 0.02, 200, 0.1, every=5, seed=seed))


def lorenz(seed):
    def field(x):
        x, y, z = x.T
        return np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], 1)

    starts = np.random.default_rng(seed).normal((0, 0, 25), 8, (60, 3))
    return standardized(simulate(field, starts, 0.005, 300, every=4, seed=seed)[:, 50:])


def ring(seed):
    """Heading: a direction that diffuses."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-np.pi, np.pi, (100, 1)) + np.cumsum(rng.normal(0, 0.15, (100, 200)), 1)
    radius = 1 + 0.1 * rng.standard_normal((100, 200))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 2)


def decision(seed):
    """Two populations that inhibit each other, one of which wins."""
    starts = np.random.default_rng(seed).uniform(0, 1, (100, 2))
    rate = lambda x: 1 / (1 + np.exp(-8 * (x - 0.5)))  # noqa: E731
    field = lambda x: -x + rate(0.9 + 0.4 * x - 1.1 * x[:, ::-1])  # noqa: E731
    return standardized(simulate(field, starts, 0.05, 100, 0.12, every=2, seed=seed))


def counts(latents, neurons, seed):
    """Return Poisson counts in bins, of neurons whose log rates are linear in the latents."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 0.5, (latents.shape[2], neurons))
    return rng.poisson(np.exp(latents @ weights + rng.normal(0, 0.5, neurons)))


def components(spikes, number, width=3.0):
    """Return principal components of smoothed counts, as large as the first."""
    window = np.exp(-(np.arange(-9, 10) ** 2) / (2 * width**2))
    smooth = partial(np.convolve, window / window.sum(), mode="same")
    rates = np.apply_along_axis(smooth, 1, np.sqrt(spikes))[:, 9:-9]
    flat = rates.reshape(-1, rates.shape[2]) - rates.mean((0, 1))
    axes = np.linalg.svd(flat, full_matrices=False)[2][:number]
    found = (flat @ axes.T).reshape(*rates.shape[:2], number)
    return found / found[:, :, 0].std()


# Weights before the fit.


def gates(rng, size, number):
    return {
        "decay": np.array(0.9),
        "m": rng.normal(0, 1, (number, size)) / np.sqrt(size),
        "n": rng.normal(0, 0.3, (size, number)) / np.sqrt(number),
        "h": rng.uniform(-2, 2, number),
        "hz": np.zeros(size),
    }


def shallow_gates(rng, size, number):
    w = gates(rng, size, number)
    A = np.full(size, 0.9)
    return {"A": A, "W1": w["n"], "W2": w["m"], "h1": w["hz"], "h2": w["h"]}


def piecewise(rng, size, _):
    W = rng.normal(0, 0.3, (size, size)) / np.sqrt(size)
    return {"A": rng.uniform(0.5, 0.95, size), "W": W, "h": rng.normal(0, 0.1, size)}


def switching(rng, size, number):
    turned = np.eye(size) + rng.normal(0, 0.1, (number, size, size))
    R, r = rng.normal(0, 1, (number, size)), np.zeros(number)
    return {"A": turned, "b": rng.normal(0, 0.1, (number, size)), "R": R, "r": r}


def layers(rng, size, number):
    sizes = [size, number, number, size]
    w = {}
    for layer in (1, 2, 3):
        shape = sizes[layer], sizes[layer - 1]
        w[f"W{layer}"] = rng.normal(0, 1, shape) / np.sqrt(shape[1])
        w[f"b{layer}"] = np.zeros(shape[0])
    return w


# The fit: prediction of the observed variables, drawn some way to the data at every step.


def fit(step: Callable, weights, data, size, seed, steps=2000, length=15, forcing=0.3, rate=3e-3):
    """Return the weights after Adam, and states of the fitted model on its own."""
    observed = data.shape[2]
    run = jax.vmap(step, (None, 0))

    def loss(w, x):
        def forced(z, now):
            mixed = (1 - forcing) * z[:, :observed] + forcing * now[0]
            z = run(w, z.at[:, :observed].set(mixed))
            return z, ((z[:, :observed] - now[1]) ** 2).mean()

        z = jnp.zeros((len(x), size)).at[:, :observed].set(x[:, 0])
        pairs = jnp.stack([x[:, :-1], x[:, 1:]]).transpose(2, 0, 1, 3)
        errors = jax.lax.scan(forced, z, pairs)[1]
        return errors[length // 3 if size > observed else 0 :].mean()

    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(rate, steps))
    )

    @jax.jit
    def train(w, key):
        def update(carry, key):
            w, state = carry
            trial, time = jax.random.split(key)
            trial = jax.random.randint(trial, (64,), 0, data.shape[0])
            time = jax.random.randint(time, (64,), 0, data.shape[1] - length)
            x = jnp.asarray(data)[trial[:, None], time[:, None] + jnp.arange(length + 1)]
            value, slope = jax.value_and_grad(loss)(w, x)
            change, state = optimizer.update(slope, state)
            return (optax.apply_updates(w, change), state), value

        carry = w, optimizer.init(w)
        (w, _), values = jax.lax.scan(update, carry, jax.random.split(key, steps))
        return w, values

    w = jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), weights)
    w, values = train(w, jax.random.key(seed))
    print(f"  error {values[0]:.4f}, then {values[-100:].mean():.4f}")
    rng = np.random.default_rng(seed)
    z = np.zeros((64, size), np.float32)
    z[:, :observed] = data[rng.integers(len(data), size=64), rng.integers(data.shape[1], size=64)]
    states = trajectories(jax.jit(partial(run, w)), z, 80)
    return w, states


def trajectories(step, z, steps):
    kept = [np.asarray(z)]
    for _ in range(steps):
        kept.append(np.asarray(step(kept[-1])))
    states = np.concatenate(kept[1:])
    return states[np.isfinite(states).all(1) & (np.abs(states).max(1) < 1e3)]


def save(name, w, states, seed, count=512):
    """Write the weights, and some of the states to start from."""
    rng = np.random.default_rng(seed)
    starts = states[np.sort(rng.choice(len(states), min(count, len(states)), replace=False))]
    arrays = {key: np.asarray(value) for key, value in w.items()}
    arrays = {k: a.astype(np.float32) if a.dtype == np.float64 else a for k, a in arrays.items()}
    np.savez_compressed(WEIGHTS / f"{name}.npz", starts=starts.astype(np.float16), **arrays)


PLANS = {
    "lowrank1_plain_60": (gates, 60, 1, double_well),
    "lowrank1_clipped_128": (gates, 128, 1, evidence),
    "lowrank2_plain_128": (gates, 128, 2, oscillator),
    "lowrank2_clipped_256": (
        gates,
        256,
        2,
        lambda seed: components(counts(2 * ring(seed), 100, seed), 2),
    ),
    "lowrank3_plain_60": (
        gates,
        60,
        3,
        lambda seed: components(counts(decision(seed), 80, seed), 3),
    ),
    "lowrank3_clipped_128": (gates, 128, 3, lorenz),
    "lowrank4_plain_60": (
        gates,
        60,
        4,
        lambda seed: components(
            counts(np.concatenate([oscillator(seed), oscillator(seed + 100, 0.5)], 2), 100, seed), 4
        ),
    ),
    "lowrank4_clipped_512": (
        gates,
        512,
        4,
        lambda seed: components(
            counts(np.concatenate([decision(seed), 2 * ring(seed)[:, :100]], 2), 120, seed), 4
        ),
    ),
    "plrnn_lorenz": (piecewise, 0, 14, lorenz),
    "shallow_plrnn_oscillator": (shallow_gates, 50, 2, oscillator),
    "shallow_plrnn_lorenz": (shallow_gates, 60, 3, lorenz),
    "shallow_plrnn_clipped": (shallow_gates, 50, 3, lorenz),
    "al_rnn": (piecewise, RECTIFIED, 20, lorenz),
    "switching_soft": (switching, 4, 2, oscillator),
    "switching_where": (switching, 2, 2, decision),
    "switching_argmax": (switching, 5, 2, oscillator),
    "neural_ode_oscillator": (layers, 32, 2, oscillator),
    "neural_ode_decision": (
        layers,
        32,
        5,
        lambda seed: components(counts(decision(seed), 80, seed), 5),
    ),
    "neural_ode_lorenz": (layers, 48, 3, lorenz),
    "neural_ode_step": (layers, 32, 2, decision),
    "neural_ode_euler": (layers, 24, 4, lambda seed: components(counts(ring(seed), 80, seed), 4)),
}
"""What the weights are before the fit, the number of gates, of latent variables, and the data."""


def prediction(name, seed):
    before, number, size, data = PLANS[name]
    data = data(seed).astype(np.float32)
    weights = before(np.random.default_rng(seed), size, number)
    # What has to choose one state is fitted while it may mix them.
    step = fitted.switching_soft if before is switching else MODELS.get(name)
    if name in FIELDS:
        step = runge_kutta(FIELDS[name], DT)
    length = 30 if size > data.shape[2] else 15
    w, states = fit(step, weights, data, size, seed, length=length)
    if name in FIELDS or step is MODELS[name]:
        save(name, w, states, seed)
    else:
        own = jax.jit(jax.vmap(partial(MODELS[name], w)))
        save(name, w, trajectories(own, states[:64], 80), seed)


# The generator of LFADS, with a free initial state of every trial in the encoder's place.


def lfads(name, seed, units=64, bins=60, neurons=50):
    rng = np.random.default_rng(seed)
    if name == "lfads_decision":
        latents = decision(seed)[:, :bins]
        sign = np.sign(latents[:, -1:, :1] - latents[:, -1:, 1:])
        u = np.where(np.arange(bins)[None, :, None] < 15, sign, 0.0)
    else:
        latents = oscillator(seed)[:, :bins]
        u = np.zeros((len(latents), bins, 1))
    spikes = jnp.asarray(counts(latents, neurons, seed), jnp.float32)
    u = jnp.asarray(u, jnp.float32)
    w = {
        "weight_ih": rng.normal(0, 1, (3 * units, 1)),
        "weight_hh": rng.normal(0, 1, (3 * units, units)) / np.sqrt(units),
        "bias_ih": np.concatenate([np.ones(units), np.zeros(2 * units)]),
        "bias_hh": np.zeros(3 * units),
    }
    w = jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), w)
    others = {
        "start": jnp.zeros((len(u), units)),
        "factors": jnp.asarray(rng.normal(0, 1, (units, 4)) / np.sqrt(units), jnp.float32),
        "rates": jnp.asarray(rng.normal(0, 0.5, (4, neurons)), jnp.float32),
        "bias": jnp.log(spikes.mean((0, 1)) + 1e-3),
    }
    step = jax.vmap(fitted.lfads_step, (None, 0, 0))

    def run(w, h, u):
        def forward(h, u):
            h = step(w, h, u)
            return h, h

        return jax.lax.scan(forward, h, u.transpose(1, 0, 2))[1].transpose(1, 0, 2)

    def loss(both):
        w, others = both
        rates = run(w, others["start"], u) @ others["factors"] @ others["rates"] + others["bias"]
        penalty = 1e-4 * (w["weight_hh"] ** 2).sum() + 1e-3 * (others["start"] ** 2).mean()
        return (jnp.exp(rates) - spikes * rates).mean() + penalty

    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(1e-2, 800))
    )

    @jax.jit
    def train(both):
        def update(carry, _):
            both, state = carry
            value, slope = jax.value_and_grad(loss)(both)
            change, state = optimizer.update(slope, state)
            return (optax.apply_updates(both, change), state), value

        (both, _), values = jax.lax.scan(update, (both, optimizer.init(both)), length=800)
        return both, values

    (w, others), values = train((w, others))
    print(f"  negative log likelihood {values[0]:.4f}, then {values[-1]:.4f}")
    states = np.asarray(jax.jit(run)(w, others["start"], u)).reshape(-1, units)
    save(name, w, states, seed, count=384)


# Echo-state networks: a reservoir by chance, and a readout by ridge regression.


def echo_state_network(name, seed, units, targets, inputs=None, radius=0.9):
    """Teach a readout of the targets `(time, variable)`, which are fed back."""
    rng = np.random.default_rng(seed)
    columns = np.stack([rng.choice(units, 10, replace=False) for _ in range(units)])
    w = {"columns": columns, "values": rng.normal(0, 1, (units, 10))}
    w["values"] *= radius / np.abs(np.linalg.eigvals(fitted.dense(dict(w))["W"])).max()
    w["values"] = w["values"].astype(np.float32)
    w["B"] = rng.uniform(-1, 1, (units, targets.shape[1])).astype(np.float32)
    w["b"] = rng.uniform(-0.2, 0.2, units).astype(np.float32)
    U = rng.uniform(-1, 1, units)
    W, leak, x, states = fitted.dense(dict(w))["W"], fitted.LEAK, np.zeros(units), []
    inputs = np.zeros(len(targets)) if inputs is None else inputs
    for y, u in zip(targets, inputs, strict=True):
        states.append(x)
        y = y + 0.05 * rng.standard_normal(len(y))
        x = (1 - leak) * x + leak * np.tanh(W @ x + w["B"] @ y + w["b"] + U * u)
    X, Y = np.array(states)[100:], targets[100:]
    C = np.linalg.solve(X.T @ X + 1e-2 * np.eye(units), X.T @ Y).T.astype(np.float32)
    print(f"  error {((X @ C.T - Y) ** 2).mean():.5f}")
    w = {**w, "C": C, "columns": columns.astype(np.uint16)}
    full = fitted.dense(dict(w))
    run = jax.jit(jax.vmap(partial(fitted.echo_state, full)))
    some = X[rng.integers(len(X), size=32)]
    save(name, w, trajectories(run, some, 100), seed, count=256)


def pulses(seed, steps=4000):
    """Return the sign of the last pulse, and pulses."""
    rng = np.random.default_rng(seed)
    u = np.where(rng.random(steps) < 0.02, rng.choice([-1.0, 1.0], steps), 0.0)
    last = np.maximum.accumulate(np.where(u != 0, np.arange(steps), 0))
    return np.where(u[last] == 0, 1.0, u[last])[:, None], 5 * u


def long(data, trials):
    return data[:trials].reshape(-1, data.shape[2])


OTHERS = {
    "lfads_decision": lfads,
    "lfads_oscillator": lfads,
    "esn_memory": lambda name, seed: echo_state_network(name, seed, 300, *pulses(seed)),
    "esn_oscillator": lambda name, seed: echo_state_network(
        name, seed, 200, long(oscillator(seed), 20)
    ),
    "esn_lorenz": lambda name, seed: echo_state_network(name, seed, 400, long(lorenz(seed), 20)),
}


def main(names):
    seeds = {name: seed for seed, name in enumerate([*PLANS, *OTHERS])}
    for name in names or seeds:
        begun = time.perf_counter()
        print(name, flush=True)
        OTHERS.get(name, prediction)(name, seeds[name])
        size = (WEIGHTS / f"{name}.npz").stat().st_size
        print(f"  {time.perf_counter() - begun:.0f} s, {size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="names of models; none for all")
    main(parser.parse_args().names)
