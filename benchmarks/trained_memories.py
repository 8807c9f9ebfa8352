"""Train sixty recurrent networks that hold something over a delay, as labs do it in PyTorch.

Each network becomes one file, NAME.npz. A file that is there is not made again:

    python benchmarks/trained_memories.py [DIRECTORY]        # default .cache/trained_memories

A file has all weights under their PyTorch names, and: ``architecture``, ``task``, ``kind``
(discrete, continuous or oscillation), ``memories`` (how many things are to be held; 0 for a
continuous quantity), ``units``, ``T`` (steps of the delay), ``accuracy``, ``seed``, ``noise`` (of
each input at each step), ``habits``, ``alpha`` (dt/tau of leaky cells), ``input`` (held during the
delay), ``states`` (256 noisy test trials at the beginning of the delay), ``final_states`` (the same
trials T steps later, without noise), and ``labels`` (what each trial is to hold: a number of a
memory, or a value). Networks that did not learn are kept. ``load`` needs NumPy alone. The table
``summary.csv`` says where ``final_states`` go when the input never ends.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np

try:
    import torch
    from torch import nn
except ImportError:  # to load and to step, NumPy is enough
    torch = None

BATCH, TRIALS, LEAD, PULSE, GO, ALPHA, PERIOD = 64, 256, 3, 4, 5, 0.2, 20.0
BUDGET = {"gru": 150_000, "lstm": 150_000, "tanh": 250_000, "relu": 250_000}  # steps of all batches
# task: memories, kind, channels of the stimulus, outputs, largest rms error (0: classes)
TASKS = {
    "detect": (1, "discrete", 2, 1, 0.1),  # say that a pulse is there, then rest
    "trace": (1, "discrete", 1, 1, 0.1),  # follow a pulse's exponential trace, then rest
    "sign": (2, "discrete", 1, 1, 0.5),  # one pulse, up or down
    "set_reset": (2, "discrete", 2, 1, 0.5),  # the last of some pulses on two channels
    "tristate": (3, "discrete", 3, 1, 0.4),  # the same on three, with outputs -1, 0, 1
    "items3": (3, "discrete", 3, 3, 0.0),
    "flipflop2": (4, "discrete", 2, 2, 0.5),
    "match4": (4, "discrete", 4, 2, 0.0),  # does the test match the sample?
    "items4": (4, "discrete", 4, 4, 0.0),
    "items6": (6, "discrete", 6, 6, 0.0),
    "match6": (6, "discrete", 6, 2, 0.0),
    "flipflop3": (8, "discrete", 3, 3, 0.5),
    "directions8": (8, "discrete", 2, 8, 0.0),  # eight angles, shown as cosine and sine
    "analog": (0, "continuous", 1, 1, 0.15),
    "angle": (0, "continuous", 2, 2, 0.18),
    "sine_pulse": (2, "oscillation", 1, 1, 0.3),  # a sine after a pulse, silence without one
    "sine_held": (1, "oscillation", 1, 1, 0.3),  # a sine for as long as the cue is there
}
PULSES = ("set_reset", "tristate", "flipflop2", "flipflop3")
NO_GO = (*PULSES, "detect", "trace", "sine_pulse", "sine_held")
# Habits. whole: all delays from the start, not short ones first. fixed: each delay is the longest.
# report: answer during the delay, too. gocue: a pulse says "answer" (else the end of a fixation
# input says so). decay: of weights. rate: a cost of activity. long: train on after the task is
# done. orthogonal, identity: the first recurrent weights (a leaky cell's are always orthogonal).
NETWORKS = """
detect      gru            32  20  0.1  -                 | detect      tanh           48  50  0.1  decay
detect      leaky_tanh     64  100 0.05 rate              | trace       lstm           24  10  0.1  fixed
trace       leaky_relu     64  40  0.05 -                 | trace       relu           32  30  0.02 long
sign        gru            24  5   0.3  -                 | sign        gru            64  300 0.1  gocue,whole
sign        lstm           32  100 0.2  whole             | sign        tanh           32  20  0.1  fixed
sign        leaky_tanh     64  50  0.1  gocue,rate        | set_reset   gru            32  30  0.2  -
set_reset   lstm           48  300 0.1  -                 | set_reset   tanh           64  100 0.1  whole,long
set_reset   relu           48  20  0.05 identity          | set_reset   leaky_relu     64  30  0.1  rate
tristate    gru            32  20  0.1  long              | tristate    lstm           64  100 0.1  -
tristate    tanh           64  40  0.1  whole             | tristate    leaky_current  96  50  0.1  -
items3      gru            64  200 0.2  whole             | items3      tanh           48  10  0.2  fixed
items3      leaky_softplus 64  30  0.1  report            | flipflop2   gru            48  50  0.1  -
flipflop2   lstm           32  20  0.1  long              | flipflop2   tanh           64  30  0.1  decay
flipflop2   leaky_tanh     100 60  0.05 -                 | flipflop2   relu           64  15  0.05 identity
match4      gru            64  20  0.1  fixed             | match4      gru            128 100 0.1  -
match4      lstm           64  50  0.1  gocue,whole       | match4      tanh           100 15  0.05 orthogonal
match4      leaky_tanh     64  30  0.05 -                 | items4      leaky_relu     100 40  0.1  report
items6      gru            64  50  0.2  decay             | items6      lstm           64  150 0.1  -
items6      tanh           96  25  0.1  fixed,whole       | items6      leaky_current  64  40  0.1  report,gocue
match6      gru            96  30  0.1  -                 | match6      tanh           128 10  0.05 fixed,orthogonal
flipflop3   gru            64  40  0.1  -                 | flipflop3   gru            100 100 0.1  whole,rate
flipflop3   lstm           64  50  0.1  -                 | flipflop3   tanh           100 30  0.1  long
flipflop3   leaky_tanh     128 50  0.05 -                 | directions8 gru            64  60  0.1  whole,report
directions8 lstm           128 40  0.05 -                 | directions8 tanh           64  20  0.05 report
directions8 leaky_relu     100 30  0.05 report            | analog      gru            64  50  0.05 report
analog      lstm           48  30  0.05 whole             | analog      tanh           64  20  0.02 fixed
analog      leaky_tanh     64  40  0.02 report            | angle       gru            96  60  0.05 report
angle       tanh           128 25  0.02 report,orthogonal | angle       leaky_relu     100 30  0.02 report
sine_pulse  gru            48  60  0.02 -                 | sine_pulse  tanh           64  80  0.02 orthogonal
sine_held   lstm           48  60  0.05 fixed             | sine_held   leaky_tanh     96  100 0.02 fixed
"""


def pulse_trials(task, delay, batch, rng):
    """Return inputs, targets, scored steps and labels where the last of several pulses counts."""
    _, _, channels, outputs, _ = TASKS[task]
    gaps = [*rng.integers(3, 4 + min(delay, 12), size=rng.integers(1, 5)), delay]
    inputs, value = [np.zeros((batch, LEAD, channels))], np.zeros((batch, outputs))
    targets, scored = [value[:, None]] * LEAD, [0] * LEAD
    for k, gap in enumerate(gaps):
        if task.startswith("flipflop"):
            there = rng.random((batch, channels)) < (1.0 if k == 0 else 0.4)
            pulse = there * rng.choice([-1.0, 1.0], (batch, channels))
            value = np.where(there, pulse, value)
            labels = (value > 0) @ 2 ** np.arange(channels)
        else:
            labels = rng.integers(channels, size=batch)
            pulse = np.eye(channels)[labels]
            value = np.linspace(-1.0, 1.0, channels)[labels][:, None]
        inputs += [np.repeat(pulse[:, None], 2, 1), np.zeros((batch, gap, channels))]
        targets += [np.repeat(value[:, None], 2 + gap, 1)]
        scored += [0, 0, 0] + [1] * (gap - 1)
    return np.concatenate(inputs, 1), np.concatenate(targets, 1), np.array(scored), labels


def stimulus(task, batch, rng):
    """Return one stimulus for each trial, what is to be answered, and labels."""
    memories, _, channels, outputs, _ = TASKS[task]
    labels = rng.integers(max(memories, 1), size=batch)
    if task == "sign":
        shown = answer = 2.0 * labels[:, None] - 1.0
    elif task == "analog":
        labels = rng.uniform(-1.0, 1.0, batch)
        shown = answer = labels[:, None]
    elif task in ("angle", "directions8"):
        angles = 2 * np.pi * (labels / 8 if task == "directions8" else rng.random(batch))
        shown = np.stack([np.cos(angles), np.sin(angles)], 1)
        labels, answer = (labels, labels) if task == "directions8" else (angles, shown)
    elif task in ("detect", "trace"):
        shown = np.eye(channels)[rng.integers(channels, size=batch)]
        shown = shown * rng.uniform(0.5, 1.5, (batch, channels))
        answer = np.ones((batch, outputs)) if task == "detect" else shown
    elif task.startswith("sine"):
        shown = np.ones((batch, 1)) if task == "sine_held" else 1.0 * labels[:, None]
        answer = shown
    else:
        shown, answer = np.eye(channels)[labels], labels
    return shown, answer, labels


def goal(task, answer, delay, length, habits):
    """Return what the outputs are to be, and which steps are scored, in a task without classes."""
    start, go = LEAD + PULSE, LEAD + PULSE + delay
    targets, scored = np.zeros((len(answer), length, answer.shape[1])), np.ones(length)
    time_in = np.arange(delay)
    if task == "trace":
        grows = 1.0 - np.exp(-np.arange(PULSE) / 4.0)
        targets[:, LEAD:start] = answer[:, None] * grows[:, None]
        targets[:, start:] = answer[:, None] * (grows[-1] * np.exp(-(time_in + 1) / 5.0))[:, None]
    elif task == "detect":
        targets[:, LEAD:start], scored[[LEAD, start]] = 1.0, 0
    elif task.startswith("sine"):
        targets[:, start:] = answer[:, None] * np.sin(2 * np.pi * time_in / PERIOD)[:, None]
    else:
        targets[:, start if "report" in habits else go :] = answer[:, None]
        scored[[start, go]] = 0
    return targets, scored


def make_trials(task, delay, batch, noise, habits, rng):
    """Return a batch: inputs, targets, scored steps, labels, first step of the delay, its input."""
    memories, _, channels, _, tolerance = TASKS[task]
    if task in PULSES:
        inputs, targets, scored, labels = pulse_trials(task, delay, batch, rng)
        start, rest = inputs.shape[1] - delay, np.zeros(channels)
    else:
        shown, answer, labels = stimulus(task, batch, rng)
        start, go, has_go = LEAD + PULSE, LEAD + PULSE + delay, task not in NO_GO
        length = go + GO * has_go
        inputs = np.zeros((batch, length, channels + has_go))
        inputs[:, LEAD : length if task == "sine_held" else start, :channels] = shown[:, None]
        if has_go:
            inputs[:, :, -1] = (np.arange(length) >= go) == ("gocue" in habits)
        rest = inputs[0, start].copy()
        if tolerance > 0.0:
            targets, scored = goal(task, answer, delay, length, habits)
        else:
            targets, scored = answer, np.arange(length) >= (start if "report" in habits else go)
        if task.startswith("match"):
            targets = rng.integers(2, size=batch)  # 1: the test is the sample
            test = (labels + (1 - targets) * rng.integers(1, memories, size=batch)) % memories
            inputs[:, go:, :channels] = np.eye(channels)[test][:, None]
    return inputs + noise * rng.normal(size=inputs.shape), targets, scored, labels, start, rest


def build(task, architecture, units, habits):
    """Return an untrained network: ``rnn`` (of a leaky cell two linear layers) and ``readout``."""
    _, _, channels, outputs, _ = TASKS[task]
    channels += task not in NO_GO
    if architecture.startswith("leaky"):
        layers = {"input2h": nn.Linear(channels, units), "h2h": nn.Linear(units, units)}
        cell = nn.ModuleDict(layers)
        nn.init.orthogonal_(cell["h2h"].weight)
    elif architecture in ("gru", "lstm"):
        cell = {"gru": nn.GRU, "lstm": nn.LSTM}[architecture](channels, units, batch_first=True)
    else:
        cell = nn.RNN(channels, units, nonlinearity=architecture, batch_first=True)
        if "orthogonal" in habits:
            nn.init.orthogonal_(cell.weight_hh_l0)
        if "identity" in habits:
            nn.init.eye_(cell.weight_hh_l0)
    return nn.ModuleDict({"rnn": cell, "readout": nn.Linear(units, outputs)})


def unroll(net, architecture, inputs, state=None):
    """Return outputs and activity of all steps, and the last state: for an LSTM, (h, c)."""
    cell = net["rnn"]
    if architecture == "lstm":
        pair = state if state is None else [x[None].contiguous() for x in state.chunk(2, -1)]
        rates, (h, c) = cell(inputs, pair)
        state = torch.cat([h[0], c[0]], -1)
    elif not architecture.startswith("leaky"):
        rates, h = cell(inputs, None if state is None else state[None])
        state = h[0]
    else:
        act = {"leaky_relu": torch.relu, "leaky_softplus": nn.functional.softplus}
        act = act.get(architecture, torch.tanh)
        current = architecture == "leaky_current"
        drive = cell["input2h"](inputs)
        state = torch.zeros(len(inputs), drive.shape[-1]) if state is None else state
        rates = []
        for t in range(drive.shape[1]):
            if current:
                state = (1 - ALPHA) * state + ALPHA * (cell["h2h"](act(state)) + drive[:, t])
            else:
                state = (1 - ALPHA) * state + ALPHA * act(cell["h2h"](state) + drive[:, t])
            rates.append(act(state) if current else state)
        rates = torch.stack(rates, 1)
    return net["readout"](rates), rates, state


def judge(task, outputs, targets, scored):
    """Return the loss, and which trials are right: by class, or by the error after the go."""
    tolerance, steps = TASKS[task][-1], torch.as_tensor(np.flatnonzero(scored))
    outputs = outputs[:, steps]
    if tolerance == 0.0:
        targets = torch.as_tensor(targets)
        every = targets[:, None].expand(-1, len(steps))
        loss = nn.functional.cross_entropy(outputs.transpose(1, 2), every)
        return loss, outputs[:, -(GO - 1) :].mean(1).argmax(1) == targets
    errors = (outputs - torch.as_tensor(targets, dtype=torch.float32)[:, steps]) ** 2
    window = errors if task in NO_GO and task not in PULSES else errors[:, -(GO - 1) :]
    return errors.mean(), window.mean((1, 2)).sqrt() < tolerance


def train(net, task, architecture, T, noise, habits, rng):
    """Train by Adam while the delay grows from 5 steps to T, until the task or the budget ends."""
    rate = 3e-3 if architecture in ("gru", "lstm") else 1e-3
    decay = 1e-5 if "decay" in habits else 0.0
    optimizer = torch.optim.Adam(net.parameters(), lr=rate, weight_decay=decay)
    steps_left = BUDGET.get(architecture, 120_000)
    reach, good, recent = T if "whole" in habits else min(T, 5), 0, []
    while steps_left > 0 and good < (40 if "long" in habits else 5):
        delay = reach if "fixed" in habits else int(rng.integers(max(2, reach // 3), reach + 1))
        inputs, targets, scored, *_ = make_trials(task, delay, BATCH, noise, habits, rng)
        outputs, rates, _ = unroll(net, architecture, torch.as_tensor(inputs, dtype=torch.float32))
        loss, right = judge(task, outputs, targets, scored)
        if "rate" in habits:
            loss = loss + 1e-3 * (rates**2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        steps_left -= inputs.shape[1]
        recent.append(right.float().mean().item())
        if len(recent) == 20:
            accuracy, recent = np.mean(recent), []
            good = good + 1 if reach == T and accuracy >= 0.99 else 0
            reach = min(T, int(np.ceil(1.5 * reach))) if accuracy >= 0.95 else reach


def make(number, line, directory):
    """Train the network of a line of the table, test it, and write its file."""
    task, architecture, units, T, noise, habits = line.split()
    units, T, noise, seed = int(units), int(T), float(noise), 1000 + number
    path = directory / f"{number:02d}_{task}_{architecture}_{units}_T{T}.npz"
    if path.exists():
        return path
    began = time.perf_counter()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = build(task, architecture, units, habits)
    train(net, task, architecture, T, noise, habits, rng)
    inputs, targets, scored, labels, start, rest = make_trials(task, T, TRIALS, noise, habits, rng)
    inputs = torch.as_tensor(inputs, dtype=torch.float32)
    held = torch.as_tensor(rest, dtype=torch.float32).expand(TRIALS, T, -1)
    with torch.no_grad():
        right = judge(task, unroll(net, architecture, inputs)[0], targets, scored)[1]
        states = unroll(net, architecture, inputs[:, :start])[2]
        final = unroll(net, architecture, held, states)[2]
        after = unroll(net, architecture, held[:, :1], states)[2].numpy()
    record = {name: value.numpy() for name, value in net.state_dict().items()}
    record |= {"architecture": architecture, "task": task, "noise": noise, "habits": habits}
    record |= {"units": units, "T": T, "seed": seed, "accuracy": right.float().mean().item()}
    record |= {"memories": TASKS[task][0], "kind": TASKS[task][1], "input": rest, "labels": labels}
    record |= {"states": states.numpy(), "final_states": final.numpy()}
    record |= {"alpha": ALPHA if architecture.startswith("leaky") else 1.0}
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **record)
    mismatch = np.abs(load(partial)[1](states.numpy()) - after).max()
    mismatch /= max(1.0, np.abs(after).max())
    if not mismatch < 1e-5:
        raise ArithmeticError(
            f"{path.stem}: NumPy's step is {mismatch:.1e} off PyTorch's; mend it."
        )
    partial.rename(path)
    took = time.perf_counter() - began
    print(f"{path.stem:36} accuracy {record['accuracy']:.3f}  {took:5.1f} s", flush=True)
    return path


def load(path):
    """Return a file's contents, and ``step_numpy(state)``: a step at the held input, in float64."""
    with np.load(path) as file:
        record = {name: file[name][()] for name in file.files}
    weights = {name[4:]: record[name].astype(float) for name in record if name.startswith("rnn.")}
    architecture, units = str(record["architecture"]), int(record["units"])
    alpha, u = float(record["alpha"]), record["input"]

    def sigmoid(x):
        return 0.5 * (1.0 + np.tanh(0.5 * x))

    def relu(x):
        return np.maximum(x, 0.0)

    def softplus(x):
        return np.logaddexp(0.0, x)

    act = {"relu": relu, "leaky_relu": relu, "leaky_softplus": softplus}.get(architecture, np.tanh)
    if architecture.startswith("leaky"):
        W, bias = weights["h2h.weight"].T, weights["h2h.bias"]
        drive = weights["input2h.weight"] @ u + weights["input2h.bias"]
    else:
        W, bias = weights["weight_hh_l0"].T, weights["bias_hh_l0"]
        drive = weights["weight_ih_l0"] @ u + weights["bias_ih_l0"]

    def step_numpy(state):
        state = np.asarray(state, float)
        if architecture == "gru":  # PyTorch's order: r, z, n
            recurrent = state @ W + bias
            r, z = (sigmoid(recurrent + drive)[..., k * units : (k + 1) * units] for k in range(2))
            n = np.tanh(drive[2 * units :] + r * recurrent[..., 2 * units :])
            return (1.0 - z) * n + z * state
        if architecture == "lstm":  # PyTorch's order: i, f, g, o
            h, c = state[..., :units], state[..., units:]
            i, f, g, o = np.split(h @ W + bias + drive, 4, axis=-1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            return np.concatenate([sigmoid(o) * np.tanh(c), c], -1)
        if architecture == "leaky_current":
            return (1.0 - alpha) * state + alpha * (np.tanh(state) @ W + bias + drive)
        return (1.0 - alpha) * state + alpha * act(state @ W + bias + drive)

    return record, step_numpy


def ends(record, step_numpy, near=1e-3):
    """Iterate from ``final_states`` for 40 T steps: end states, trials not at rest, last move."""
    steps = min(40 * int(record["T"]), 20_000)
    state = np.asarray(record["final_states"], float)
    for k in range(steps):
        if k == steps - max(1, steps // 100):
            before = state
        state = step_numpy(state)
    move = np.abs(state - before).max(1)
    still = move < 1e-6  # no, where it is not a number
    places = []
    for end in state[still]:
        if all(np.abs(end - place).max() > near for place in places):
            places.append(end)
    return len(places), int((~still).sum()), f"{move.max():.0e}"


def summarize(paths, table):
    """Print and write the table."""
    columns = ("units", "memories", "T", "accuracy")
    rows = [("name", *columns, "end_states", "not_at_rest", "largest_move")]
    for path in paths:
        record, step_numpy = load(path)
        values = [round(record[column].item(), 3) for column in columns]
        rows.append((path.stem, *values, *ends(record, step_numpy)))
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    for row in rows:
        print("{:36} {:>6} {:>9} {:>4} {:>9} {:>11} {:>12} {:>13}".format(*row))


def main():
    """Train what is not there yet, then write the table."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else ".cache/trained_memories")
    directory.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    lines = [line for row in NETWORKS.strip().splitlines() for line in row.split("|")]
    paths = [make(number, line, directory) for number, line in enumerate(lines, 1)]
    summarize(paths, directory / "summary.csv")


if __name__ == "__main__":
    main()
