"""Drawing trials, beside NeuroGym's Dataset in the same run."""

import jax
import numpy as np

import separatrix as sx

from .timing import interleaved, ratio, seconds

SECTION = "Drawing trials"
LONG = sx.tasks.PerceptualDecisionMaking(fixation=100.0, stimulus=9800.0, decision=100.0)
SHORT = sx.tasks.PerceptualDecisionMaking()
STEPS = 16 * 1000 * 100
DRAWS = 10


def draw(task: sx.tasks.PerceptualDecisionMaking) -> float:
    """Draw 1.6 million steps of whole trials ten times in a row; return the seconds of one.

    NeuroGym draws them in a loop of a thousand windows, too. A single draw takes 7 to 14 ms, as
    its arrays come from memory that is at hand or not.
    """
    count = STEPS // task.num_steps

    def draws() -> None:
        for key in jax.random.split(jax.random.key(0), DRAWS):
            jax.block_until_ready(task.trials(count, key=key))

    return seconds(draws) / DRAWS


def test_drawing_beside_neurogym(benchmark, figure, peer, rounds):
    """16 x 1,000 windows of 100 steps, once everything is compiled."""
    other = peer("trials_neurogym.py", "neurogym")
    draw(LONG), draw(SHORT)
    reports = []

    def theirs() -> float:
        reports.append(other.work())
        return reports[-1]["seconds"]

    works = {"long": lambda: draw(LONG), "short": lambda: draw(SHORT), "neurogym": theirs}
    times = benchmark.pedantic(lambda: interleaved(works, max(3, rounds // 3)), rounds=1)
    theirs_short = np.array([report["short"] for report in reports])
    rows = (
        ("trials of 100 steps", times["neurogym"], times["long"]),
        ("the default trials, of 22 steps", theirs_short, times["short"]),
    )
    for order, (what, slow, fast) in enumerate(rows):
        faster = ratio(slow, fast)
        figure(
            SECTION,
            order,
            f"1.6 million steps of {what}: the time of NeuroGym's Dataset over ours",
            asked="≥ 100",
            measured=f"{faster:.0f} ({np.median(fast):.3f} s)",
            reached=faster >= 100,
            values={"ratio": faster},
        )
