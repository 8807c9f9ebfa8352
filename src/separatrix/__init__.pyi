__version__: str

from . import (
    classics as classics,
    figures as figures,
    fits as fits,
    models as models,
    networks as networks,
    records as records,
    solvers as solvers,
    tasks as tasks,
    training as training,
)
from ._cache import (
    enable_compilation_cache as enable_compilation_cache,
)
from ._types import (
    InvalidInputError as InvalidInputError,
    SeparatrixError as SeparatrixError,
    UnreadableFileError as UnreadableFileError,
)
from .activity import (
    project as project,
    simulate as simulate,
)
from .analysis import (
    basins as basins,
    commitment as commitment,
    continue_cycles as continue_cycles,
    continue_fixed_points as continue_fixed_points,
    find_cycles as find_cycles,
    find_fixed_points as find_fixed_points,
    fixed_point_graph as fixed_point_graph,
    fixed_point_topology as fixed_point_topology,
    linearize as linearize,
    lyapunov_exponents as lyapunov_exponents,
    measures as measures,
    separatrix as separatrix,
    slow_curve as slow_curve,
    verdict as verdict,
)
from .evaluation import (
    performance as performance,
    psychometric as psychometric,
    trial_periods as trial_periods,
)
from .experiment import (
    Experiment as Experiment,
    reanalyze as reanalyze,
    run_experiment as run_experiment,
)
from .recovery import (
    mechanism_recovery as mechanism_recovery,
)
from .report import (
    make_report as make_report,
    write_report as write_report,
)
from .store import (
    export_certificates as export_certificates,
    load_network as load_network,
    load_records as load_records,
    load_run as load_run,
    save_network as save_network,
    save_records as save_records,
)
from .studies import (
    Study as Study,
    compare as compare,
    load_study as load_study,
    sweep as sweep,
)
from .systems import (
    AbstractSystem as AbstractSystem,
    DiscreteMap as DiscreteMap,
    Flow as Flow,
)
from .torch_systems import (
    torch_map as torch_map,
)
from .training import (
    Checkpoint as Checkpoint,
    Threshold as Threshold,
    TrainingDivergedError as TrainingDivergedError,
    TrainingInterruptedError as TrainingInterruptedError,
    WholeTrials as WholeTrials,
    Windows as Windows,
    regularizers as regularizers,
    train as train,
    train_ensemble as train_ensemble,
)
