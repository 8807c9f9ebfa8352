"""What is said below each figure: how to read it, and the numbers of this run."""

import numpy as np

from ..activity import Activity
from ..analysis import FixedPoints, Linearization
from ..evaluation import Psychometric
from ..figures import MOST_LINES
from ..figures.learning import epochs_together
from ..figures.mode_choice import describe_number, describe_time, integrating_mode
from ..training import History
from .story import Story, count, percent


def trials(story: Story) -> str:
    """Explain the trials."""
    record = story.get(Activity)
    order = " from the least to the most coherent" if "coherence" in record.conditions else ""
    text = (
        f"Example trials{order}, out of {len(record)} that were simulated. Above: the input "
        f"channels, in steps of {record.dt:g} ms. Below: the network's outputs."
    )
    task = story.task
    if task is not None:
        many = task.num_inputs > MOST_LINES
        text += " Each row is a channel." if many else " Shading marks the periods of a trial."
    return text


def training(story: Story) -> str:
    """Explain the learning curves."""
    history = story.get(History)
    last = {name: values[-1] for name, values in history.epochs().items()}
    together = epochs_together(history)
    of_many = " (the band holds 90 % of the batches)" if together > 1 else ""
    of_what = "epochs" if together == 1 else f"{together} epochs"
    text = (
        f"Loss (logarithmic) and accuracy on the batch of each of {len(history)} training steps, "
        f"before its update{of_many}; thick: means of {of_what} of {history.epoch_steps} steps. In "
        f"the last epoch the loss was {last['loss']:.4g}"
    )
    if np.isfinite(last["accuracy"]):
        text += f" and {percent(last['accuracy'])} of the scored steps were right"
    text += ". Every batch is made of new trials, so there is no separate test set"
    if story.find(Psychometric) is not None:
        text += "; no network can do better on average than the dashed line, the ideal observer"
    return text + "."


def psychometric(story: Story) -> str:
    """Explain the psychometric curve."""
    record = story.get(Psychometric)
    gap = record.ideal_mean_accuracy - record.mean_accuracy
    none = float(np.dot(record.p_none, record.num_trials) / np.sum(record.num_trials))
    text = (
        f"Left: how often the network chose the first stimulus, against the signed coherence, on "
        f"{int(np.sum(record.num_trials))} new trials. A curve that is steep and passes through ½ "
        "at 0 % shows that all the evidence is used, and without bias; dashed: the ideal "
        "observer, who sums the evidence without error. Right: the fraction of correct trials by "
        f"coherence. Overall the network is right on {percent(record.mean_accuracy)} of trials, "
        f"the ideal observer on {percent(record.ideal_mean_accuracy)}: a difference of "
        f"{100 * gap:.1f} percentage points."
    )
    if none > 0:
        text += f" On {percent(none)} of the trials the network made no choice."
    return text


def activity(story: Story) -> str:
    """Explain the principal plane."""
    record, plane = story.get(Activity), story.plane
    explained = float(np.sum(np.asarray(plane.explained_variance_ratio)[:2]))
    varied = story.task is not None and set(story.task.periods) & set(record.conditions)
    text = (
        f"Each dot on the left is the state of all {record.states.shape[-1]} units at one time of "
        f"one trial{' (also after the end of shorter ones)' if varied else ''}, seen in the plane "
        "of the first two principal components, which holds "
        f"{percent(explained)} of the variance (participation ratio "
        f"{plane.participation_ratio:.2f}: the activity fills about that many dimensions). Right: "
        "single trials in the same plane"
    )
    if not story.answers_in_classes:
        return text + "."
    return text + (
        " by the choice that the network made. Where the colors part, the decision can be read "
        "from the state."
    )


def condition_averages(story: Story) -> str:
    """Explain the condition averages."""
    return (
        "Mean trajectories of the trials of each signed coherence (positive: the first stimulus "
        "is the stronger), from the first step (square) to the last (dot), in the same plane. "
        "Trajectories that fan out in the order of the coherence show that the state accumulates "
        "the evidence in a graded way."
    )


def fixed_points(story: Story) -> str:
    """Explain the picture of the points."""
    points = story.get(FixedPoints)
    kinds = story.kind_counts()
    text = (
        f"Where the network, with its input held constant, stands still: "
        f"{count(kinds['fixed'], 'fixed point')}"
    )
    if kinds["fixed"]:
        text += f" ({story.stability_counts('fixed')})"
    text += (
        f" and {count(kinds['slow'], 'slow point')}, from {len(points.outcomes)} candidates. A "
        "point is called fixed only when it was solved to rounding level; a slow point is a local "
        "minimum of the speed that is not zero, colored by its speed. Filled circles attract from "
        "every direction, half-filled ones (saddles, colored by the number of their unstable "
        "directions, here and in all other figures) from some, open ones from none. The plane is "
        "that of the activity: points may lie off it."
    )
    if points.complete:
        text += " It is proved that no fixed point is missing."
    if points.index_sum is not None:
        text += (
            " The indices of all fixed points of a box that the network keeps its state in add up "
            f"to 1; those of the points found add up to {points.index_sum}."
        )
    if points.completeness:
        text += f" Completeness: {points.completeness.rstrip('.')}."
    if points.precision != "float64":
        text += f" The network computes in {points.precision}, so nothing can be proved."
    if story.rejections():
        reasons = "; ".join(f"{n} × {reason}" for reason, n in story.rejections())
        text += f" Candidates that led to no point: {reasons}."
    return text


def speeds(story: Story) -> str:
    """Explain the speeds."""
    points = story.get(FixedPoints)
    step = "step" if points.system == "map" else "time constant"
    kinds = story.kind_counts()
    return (
        f"How far the state at each point moves in one {step}, on a logarithmic scale, in order. "
        "In the gray band a speed cannot be told from zero with numbers of 64 bits. Where many "
        "orders of magnitude part the fixed points from the slow ones, what is called fixed does "
        "not depend on a tolerance. Of the fixed points "
        f"{story.proved('fixed')} of {kinds['fixed']} are proved to exist; of the slow points "
        f"{story.proved('slow')} of {kinds['slow']} are proved not to be fixed."
    )


def tolerance(story: Story) -> str:
    """Explain the number of points against a tolerance."""
    points = story.get(FixedPoints)
    counts = points.tolerance_curve(np.array([1e-12, 1e-6, 1e-4])).count
    return (
        "A search that minimizes q = ½ speed² and calls fixed what ends below a tolerance counts "
        f"slow points too: {counts[0]} at 1e-12, {counts[1]} at 1e-6 and {counts[2]} at 1e-4, if "
        f"it follows every candidate to the end and counts no point twice{_uncounted(story)}. The "
        "dotted line is the number of states whose residual cannot be told from zero."
    )


def _uncounted(story: Story) -> str:
    """Say which candidates a curve of tolerances leaves out, where there are any."""
    rejected = sum(number for _, number in story.rejections())
    if not rejected:
        return ""
    return f", and does without {count(rejected, 'rejected candidate')} as this curve does"


def spectrum(story: Story) -> str:
    """Explain the eigenvalues."""
    linearization, index = story.get(Linearization), story.index
    values = np.asarray(linearization.eigenvalues)[index]
    mode = integrating_mode(linearization, index)
    time = float(np.asarray(linearization.time_constants)[index, mode])
    unstable = int(np.sum(np.asarray(linearization.time_constants)[index] < 0))
    boundary = (
        "inside the dashed unit circle decays, outside it grows"
        if linearization.system == "map"
        else "to the left of the dashed line decays, to the right of it grows"
    )
    if not np.isfinite(values).all():
        return f"The Jacobian at {which_point(story)} is not finite: its eigenvalues are unknown."
    return (
        f"The eigenvalues of the Jacobian at {which_point(story)}; {why_point(story)} A "
        f"displacement along a mode whose eigenvalue lies {boundary}. Here "
        f"{count(unstable, 'mode')} of {len(values)} {'grows' if unstable == 1 else 'grow'}. The "
        "integrating mode, along which a displacement is kept best, has the eigenvalue nearest to "
        f"{1 if linearization.system == 'map' else 0}, "
        f"{describe_number(complex(values[mode]))}: it {describe_time(time)}."
        + _SIDES
        * (str(linearization.stability[index]) == "kink")
    )


_SIDES = (
    " The state lies on a kink between two regions in which the network is linear: these are the "
    "eigenvalues on one side of it, those on the other differ."
)


def line_attractor(story: Story) -> str:
    """Explain the line through the point."""
    linearization, index = story.get(Linearization), story.index
    mode = integrating_mode(linearization, index)
    value = complex(np.asarray(linearization.eigenvalues)[index, mode])
    text = (
        f"The direction of the integrating mode, drawn through {which_point(story)} over the "
        f"activity. At a line attractor this mode is real, its eigenvalue is near "
        f"{1 if linearization.system == 'map' else 0}, and all others decay faster: evidence moves "
        "the state along the line, and it stays where it was put. The eigenvalue here is "
        f"{describe_number(value)}. The percentage says how much of the direction lies in the "
        "plane; the rest of it is hidden."
    )
    far = story.outside_view(np.asarray(linearization.states, float)[[index]])
    if far:
        text += (
            f" The view keeps to the activity and leaves the point out ({far[0]}); the arrow at "
            "the border points there."
        )
    if value.imag:
        text += " It oscillates, so this is no line attractor; the real part is drawn."
    return text


def which_point(story: Story) -> str:
    """Name the point whose linearization is shown."""
    stability = str(np.asarray(story.get(Linearization).stability)[story.index])
    place, points = story.shown_point, story.find(FixedPoints)
    if points is None or place is None:
        return f"point {story.index} ({stability})"
    return f"point {int(points.label[place])} ({points.kind[place]}, {stability})"


def why_point(story: Story) -> str:
    """Say why that point was chosen."""
    place, points = story.shown_point, story.find(FixedPoints)
    if points is None or place is None:
        return "of all points its integrating mode keeps a displacement best."
    if str(points.kind[place]) == "fixed":
        kinds = np.asarray(points.kind)
        far = place not in story.far_points and any(kinds[k] == "fixed" for k in story.far_points)
        which = "fixed points near the activity" if far else "fixed points"
        return f"of the {which} its integrating mode keeps a displacement best."
    return (
        "no fixed point was found, and this slow point is the middle one along the first principal "
        f"component. Its speed is {float(points.speed[place]):.2g}, so the linear picture "
        "describes the motion around a drift."
    )


def no_activity(story: Story) -> str:
    """Say that there is no activity, or no plane to draw it in."""
    if story.has(Activity):
        return (
            "A plane needs two principal components, and the states of this run have only one: "
            "nothing is drawn here."
        )
    return "The run holds no simulated activity, so there is nothing to draw here."


def no_history(story: Story) -> str:
    """Say that there is no history."""
    return "The run holds no history of training."


def no_psychometric(story: Story) -> str:
    """Say that choices were not measured."""
    return "The run holds no psychometric curve; it is measured for decisions between two choices."


def no_signed_coherence(story: Story) -> str:
    """Say that there is nothing to average over."""
    if story.has(Activity) and not story.has_plane:
        return no_activity(story)
    return (
        "Averages by signed coherence need the activity of a decision between two choices, which "
        "this run does not hold."
    )


def no_points(story: Story) -> str:
    """Say whether points were searched for in vain, or not at all."""
    points = story.find(FixedPoints)
    if points is None:
        return "The run holds no fixed points: none were searched for."
    if not len(points):
        return f"No point was found from {count(len(points.outcomes), 'candidate')}."
    return no_activity(story)


def no_linearization(story: Story) -> str:
    """Say that nothing was linearized."""
    return "The run holds no linearization: it needs a fixed or slow point."


def no_line(story: Story) -> str:
    """Say what is missing for the line."""
    if story.has(Activity) and not story.has_plane:
        return no_activity(story)
    return (
        "A line through a point needs the points, their linearization and the activity, which "
        "this run does not all hold."
    )
