"""Train recurrent networks on cognitive tasks, then take them apart as dynamical systems.

An example: train a network on a task, find its fixed points, and ask what holds its states::

    task = sx.tasks.PerceptualDecisionMaking()               # what the trials show and ask for
    trials = task.trials(100, key=k0)                        # inputs, targets, conditions
    network = sx.networks.CTRNN(3, 64, 3, dt=task.dt, key=k1)
    fit = sx.train(network, task, steps=1280, key=k2)        # `.network` is the trained one
    activity = sx.simulate(fit.network, trials)              # `.states` (trial, time, unit)
    system = fit.network.at_input("stimulus", task=task)     # a map, at the input of a period
    points = sx.find_fixed_points(system, activity.states)   # states that do not move, proved
    modes = sx.linearize(system, points)                     # how fast deviations decay there
    held = sx.verdict(system, activity.states[:, -1], duration=500.0, points=points)

An analysis takes a system, which is a map or a flow whose input is held constant. The system may
come from a trained network, or from any function. The analysis returns a record: an immutable
object that prints as a table.

The public names, by what they are for (to read more about a name, call `help`, as in
`help(sx.train)`):

Tasks, networks, training
    * tasks, networks: those that come with the package. You can also write your own.
    * train: train a network by back-propagation. train_ensemble: train many networks at once.
    * WholeTrials, Windows: whether a batch consists of whole trials or of windows of time.
    * Threshold: a loss or an accuracy at which training stops. Checkpoint: a file from which a
      stopped training continues.
    * regularizers: penalties that are added to the loss of the task.
    * training: the module with the losses, and with the classes that `train` takes or returns.
    * performance, psychometric: a network's scores, compared with chance and the ideal observer.

Activity and systems
    * simulate: compute a network's states in trials. project: project states on a few axes.
    * DiscreteMap, Flow: systems made from any JAX function. torch_map: a map made from PyTorch.
    * AbstractSystem: the base class of systems. models: published models in the form of systems.

Analyses of a system
    * find_fixed_points, linearize: fixed and slow points, and the modes of each point.
    * slow_curve: the slowest states along an axis.
    * verdict: what holds the states over a duration (points, a line …), and where they end.
    * mechanism_recovery: whether what is found in a model that was fitted to recordings can be said
      of the circuit. fits: two ways of fitting a model by least squares.
    * trial_periods: the points and the verdict for every period of a trial.
    * make_report: one page with points, modes, links and verdict, for any system and its states.
    * find_cycles, lyapunov_exponents: motion that does not come to rest.
    * fixed_point_graph, fixed_point_topology: which fixed points are linked by saddles.
    * separatrix, basins: the boundaries between basins of attraction, and the basins' sizes.
    * commitment: the decision time of each trial.
    * continue_fixed_points, continue_cycles: how points and cycles change with a parameter.
    * solvers: numerical methods with options. classics: analyses that come from single papers.

Many networks, runs and files
    * Experiment, run_experiment, reanalyze, load_run, write_report: one network and its files.
    * Study, sweep, load_study: many networks. compare, measures: how far apart networks are.
    * save_network, load_network, save_records, load_records: write and read files.
    * export_certificates: write proofs to a file that others can check.
    * enable_compilation_cache: keep compiled programs for later sessions.
    * figures: functions that draw records. records: the classes of the results.

Errors
    * SeparatrixError: the base class of all of the following, except TrainingInterruptedError,
      which is raised on Ctrl-C.
    * InvalidInputError: an argument cannot be used. UnreadableFileError: a file cannot be read.
    * TrainingDivergedError, TrainingInterruptedError: both hold the training so far.
"""

from importlib.metadata import PackageNotFoundError, version

import lazy_loader

from ._names import show_public_names

try:
    __version__ = version("separatrix")
except PackageNotFoundError:  # the sources are on the path, not installed
    __version__ = "0.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
"""Each public name is imported when it is first used: `__init__.pyi` lists them."""
show_public_names(__name__)
