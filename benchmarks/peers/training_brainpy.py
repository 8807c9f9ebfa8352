"""The training of BrainPy's port of the primer's notebook (Yang_2020_RNN_Analysis).

64 rectified units, dt = tau, weights from KaimingNormal; Adam with 1e-3; 20 passes over a loader
of 64 batches of 16 whole trials; the accuracy of every batch computed on the host.
"""

import time

import brainpy as bp
import brainpy.math as bm
import brainpy_datasets as bd
import numpy as np
from turns import take_turns

BATCH, UNITS, EPOCHS = 16, 64, 20


class Network(bp.DynamicalSystem):
    """Rectified units whose leak is complete in one step."""

    def __init__(self, num_inputs: int, num_outputs: int):
        super().__init__()
        normal, bound = bp.init.KaimingNormal(scale=1.0), UNITS**-0.5
        self.into = bm.TrainVar(bp.init.parameter(normal, (num_inputs, UNITS)))
        self.recurrent = bm.TrainVar(bp.init.parameter(normal, (UNITS, UNITS)))
        self.bias = bm.TrainVar(bm.random.uniform(-bound, bound, UNITS))
        self.out = bm.TrainVar(bp.init.parameter(normal, (UNITS, num_outputs)))
        self.out_bias = bm.TrainVar(bm.random.uniform(-bound, bound, num_outputs))
        self.reset_state(self.mode)

    def reset_state(self, batch_size):
        self.rates = bp.init.variable_(bm.zeros, UNITS, batch_size)

    def update(self, x):
        current = x @ self.into + self.rates @ self.recurrent + self.bias
        self.rates.value = bm.relu(current)
        return self.rates @ self.out + self.out_bias

    def loss(self, inputs, labels):
        self.rates[:] = 0.0
        outputs = bm.for_loop(self.update, inputs)
        outputs = outputs.reshape((-1, outputs.shape[-1]))
        return bp.losses.cross_entropy_loss(outputs, labels.flatten()), outputs


class Loop:
    """The notebook's loop: compiled once, then as often as asked from where it stands."""

    def __init__(self):
        dataset = bd.cognitive.RatePerceptualDecisionMaking()
        self.loader = bd.cognitive.TaskLoader(dataset, batch_size=BATCH)
        with bm.environment(mode=bm.TrainingMode(batch_size=BATCH)):
            network = Network(dataset.num_inputs, dataset.num_outputs)
        weights = network.train_vars().unique()
        optimizer = bp.optim.Adam(lr=1e-3, train_vars=weights)
        gradient = bm.grad(network.loss, grad_vars=weights, return_value=True, has_aux=True)

        @bm.jit
        def train(inputs, labels):
            gradients, loss, outputs = gradient(inputs, labels)
            optimizer.update(gradients)
            return loss, outputs

        self.train = train

    def run(self) -> dict[str, float]:
        start, losses, accuracies = time.perf_counter(), [], []
        for _ in range(EPOCHS):
            losses, accuracies = [], []
            for inputs, labels in self.loader:
                loss, outputs = self.train(bm.asarray(inputs), bm.asarray(labels))
                answers = np.asarray(bm.argmax(outputs, axis=-1)).flatten()
                right = np.asarray(labels).flatten()
                scored = right > 0
                losses.append(loss)
                accuracies.append(np.mean(right[scored] == answers[scored]))
            epoch_loss, accuracy = float(np.mean(losses)), float(np.mean(accuracies))
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "loss": epoch_loss, "accuracy": accuracy}


if __name__ == "__main__":
    bm.set_platform("cpu")
    take_turns(Loop().run)
