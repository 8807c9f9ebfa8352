"""The small experiment and the study that commands are given while they are attacked."""

SETTINGS = """
name = "small"
seed = 3
task = {{name = "PerceptualDecisionMaking"}}
network = {{name = "CTRNN", num_units = {units}}}
training = {{steps = {steps}, epoch_steps = {epoch}}}
[analysis]
num_trials = 4
test_trials = 20
num_candidates = 4
slow_points = false
geometry = {{slow_curve = false, branches = false, graph = false, lyapunov = false}}
"""


def settings(units: int, steps: int, epoch: int) -> str:
    """Return the text of the experiment's file."""
    return SETTINGS.format(units=units, steps=steps, epoch=epoch)
