"""What is said of behavior in any task, of gating by context, and of graded memories."""

from collections.abc import Callable

import numpy as np

from ..analysis import Analyses, ContinuousAttractor, GradedMemory, InputGating
from ..evaluation import Performance
from .story import Story, count, percent


def performance(story: Story) -> str:
    """Explain the scores."""
    record = story.get(Performance)
    text = (
        f"The score on {record.total_trials} new trials, by the values of each condition (a "
        "condition of many values is divided into groups). "
        f"Overall it is {percent(record.mean_score)}"
    )
    if np.isfinite(record.ideal_mean_score):
        text += (
            f"; the ideal observer, who sees the same trials, scores "
            f"{percent(record.ideal_mean_score)}"
        )
    if np.isfinite(record.chance):
        text += f"; without the stimuli {percent(record.chance)} can be had"
    text += ". "
    if np.isfinite(record.mean_variance_explained):
        text += (
            f"The outputs explain {percent(record.mean_variance_explained)} of the variance of "
            "their targets. "
        )
    if np.isfinite(record.fixation_held):
        text += f"Fixation is held in {percent(record.fixation_held)} of the steps before. "
    return text.rstrip()


def context_gating(story: Story) -> str:
    """Explain the planes and the overlaps."""
    gating = story.get(InputGating)
    relevant = gating.sources[gating.relevant]
    text = (
        "At the context that was frozen, mean trajectories of correct trials by the signed "
        "evidence of each modality (dots: their ends), in the plane of the line's direction and of "
        "the direction in which the modality pushes the state (made orthogonal to the ones "
        "before). "
        "Crosses: the slowest state on each slice along the readout of the choice; arrows: the "
        "part of the selection vector in this plane, both components to one scale. Right: its "
        f"overlap |cos| with the evidence. {relevant} counts: "
    )
    median = np.median(np.asarray(gating.overlap), axis=0)
    text += ", ".join(
        f"{name} {value:.3f}" for name, value in zip(gating.sources, median, strict=True)
    )
    text += (
        f" in the median over {count(len(gating), 'state')}, a ratio of {gating.median_ratio:.3g}; "
        f"two random directions would have {gating.chance_overlap:.2f}. The direction of the line "
        f"and the readout have |cos| {np.median(np.asarray(gating.axis_alignment)):.2f}, the "
        f"selection vector and the readout "
        f"{np.median(np.asarray(gating.selection_axis_alignment)):.2f}."
    )
    return text + held_states(story)


def graded_memory(story: Story) -> str:
    """Explain the positions along the curve."""
    memory = story.get(GradedMemory)
    after = memory.start + (memory.positions.shape[1] - 1) * memory.dt
    last = {
        name: float(np.asarray(values)[-1])
        for name, values in (
            ("order", memory.order),
            ("rank", memory.rank_correlation),
            ("told", memory.decoded),
            ("distance", memory.distance),
        )
    }
    return (
        "Where trials lie along the slow curve during a long delay, by the value to be "
        f"held (0 and 1: the ends of the curve). After {after:.4g} ms the mean positions have "
        f"Kendall's τ {last['order']:+.2f} with the values (±1: all in order), all trials "
        f"Spearman's ρ {last['rank']:+.3f}; the position tells {percent(last['told'])} of held-out "
        f"trials their value, where guessing tells {percent(memory.chance)}. The means have moved "
        f"by at most {memory.relative_drift:.2g} of the distance between neighboring values, "
        f"their range is {memory.contraction:.2g} of what it was, and the trials are "
        f"{percent(last['distance'])} of the curve's length away from it."
    ).replace(" -", " −") + held_states(story)


def held_states(story: Story) -> str:
    """Give the verdict on the states along the line, where there is one."""
    verdict = story.find(ContinuousAttractor)
    if verdict is None:
        return ""
    return (
        f" Left alone at this input for {verdict.duration:.4g} ms, and watched for as long again, "
        f"states along the line are: {verdict.verdict} ({verdict.reasons})."
    )


def asked_in_vain(*studies: str) -> Callable[[Story], str]:
    """Return a function that says why studies have no result; nothing if none was asked for."""

    def missing(story: Story) -> str:
        outcomes = story.find(Analyses)
        reasons = [outcomes.why_not(study) for study in studies] if outcomes is not None else []
        told = next((reason for reason in reasons if reason), "")
        return f"This was asked for, and there is nothing to show: {told}" if told else ""

    return missing
