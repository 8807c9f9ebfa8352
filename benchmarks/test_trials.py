"""Drawing trials, beside NeuroGym's Dataset in the same run."""

import jax

import separatrix as sx

from .timing import interleaved, ratio, seconds

SECTION = "Drawing trials"
TASK = sx.tasks.PerceptualDecisionMaking(fixation=100.0, stimulus=9800.0, decision=100.0)


def draw() -> None:
    """Draw 16 × 1,000 trials of 100 steps."""
    jax.block_until_ready(TASK.trials(16_000, key=jax.random.key(0)))


def test_drawing_beside_neurogym(benchmark, figure, peer, rounds):
    """16 × 1,000 trials of 100 steps, once everything is compiled."""
    other = peer("trials_neurogym.py", "neurogym")
    draw()
    works = {"ours": lambda: seconds(draw), "neurogym": lambda: other.work()["seconds"]}
    times = benchmark.pedantic(lambda: interleaved(works, max(3, rounds // 3)), rounds=1)
    times_faster = ratio(times["neurogym"], times["ours"])
    figure(
        SECTION,
        0,
        "16 × 1,000 trials of 100 steps, NeuroGym's Dataset over ours",
        asked="≥ 100",
        measured=f"{times_faster:.0f} ({times['ours'].min():.3f} s)",
        reached=times_faster >= 100,
        values={"ratio": times_faster},
    )
