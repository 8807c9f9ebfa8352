"""Train recurrent networks on cognitive tasks, then take them apart as dynamical systems.

From a task to what holds the states of a network::

    task = sx.tasks.PerceptualDecisionMaking()               # what is asked, trial by trial
    trials = task.trials(100, key=k0)                        # inputs, targets, conditions
    network = sx.networks.CTRNN(3, 64, 3, dt=task.dt, key=k1)
    fit = sx.train(network, task, steps=1280, key=k2)        # `.network` is the trained one
    activity = sx.simulate(fit.network, trials)              # `.states` (trial, time, unit)
    system = fit.network.at_input("stimulus", task=task)     # a map: the input stays as it is
    points = sx.find_fixed_points(system, activity.states)   # where it rests, each with its proof
    modes = sx.linearize(system, points)                     # what decays there, and how fast
    held = sx.verdict(system, activity.states[:, -1], duration=500.0, points=points)

An analysis takes a system of any origin and returns a frozen record, which prints as a table. The
names, by what they are for (`help(sx.train)` says more about one):

Tasks, networks, training
    * tasks, networks: the ones that come with the package. You can write your own.
    * train: by back-propagation through time. train_ensemble: many networks at once.
    * WholeTrials, Windows: what a batch consists of.
    * Threshold: when training stops. Checkpoint: a file from which training continues.
    * regularizers: penalties that are added to the loss of the task.
    * training: losses, and the classes that the functions above share.
    * performance, psychometric: how well a network does, against chance and the ideal observer.

Activity and systems
    * simulate: a network's states in trials. project: states along a few axes.
    * DiscreteMap, Flow: systems made from any JAX function. torch_map: a map from PyTorch.
    * AbstractSystem: what systems have in common. models: the models of papers and packages.

Analyses of a system
    * find_fixed_points, linearize: points and their modes. slow_curve: a line of slow states.
    * verdict: what holds the states over a duration, and where they end.
    * trial_periods: these analyses for every period of a trial.
    * make_report: one page with all of these analyses, for any system and states.
    * find_cycles, lyapunov_exponents: motion that does not come to rest.
    * fixed_point_graph, fixed_point_topology: what saddles link.
    * separatrix, basins: boundaries between basins, and sizes of basins.
    * commitment: the decision time of each trial.
    * continue_fixed_points, continue_cycles: how points and cycles change with a parameter.
    * solvers: methods with their options. classics: the analyses of single papers.

Many networks, runs and files
    * Experiment, run_experiment, reanalyze, load_run, write_report: one network, on disk.
    * Study, sweep, load_study: many networks. compare: networks by one of the measures.
    * save_network, load_network, save_records, load_records: files.
    * export_certificates: proofs that others can check.
    * enable_compilation_cache: keep compiled programs.
    * figures: a picture of each record. records: the classes of what functions return.

Errors
    * SeparatrixError: all of the following except TrainingInterruptedError, which Ctrl-C raises.
    * InvalidInputError: an argument cannot be used. UnreadableFileError: a file cannot be read.
    * TrainingDivergedError, TrainingInterruptedError: they carry the training so far.
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
