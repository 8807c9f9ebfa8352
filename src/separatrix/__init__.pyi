__version__: str

from . import (
    figures as figures,
    models as models,
    networks as networks,
    solvers as solvers,
    tasks as tasks,
    training as training,
)
from ._cache import (
    enable_compilation_cache as enable_compilation_cache,
)
from ._records import (
    Record as Record,
)
from ._types import (
    InvalidInputError as InvalidInputError,
    SeparatrixError as SeparatrixError,
    UnreadableFileError as UnreadableFileError,
)
from ._watch import (
    SearchInterruptedError as SearchInterruptedError,
)
from .activity import (
    Activity as Activity,
    Dimensionality as Dimensionality,
    PrincipalComponents as PrincipalComponents,
    project as project,
    simulate as simulate,
)
from .analysis import (
    Basins as Basins,
    Branches as Branches,
    Commitment as Commitment,
    CycleBranch as CycleBranch,
    Cycles as Cycles,
    EmergingCycle as EmergingCycle,
    FixedPointGraph as FixedPointGraph,
    FixedPoints as FixedPoints,
    FixedPointTopology as FixedPointTopology,
    InputGating as InputGating,
    Linearization as Linearization,
    LyapunovSpectrum as LyapunovSpectrum,
    NonNormality as NonNormality,
    SelectionVectors as SelectionVectors,
    Separatrix as Separatrix,
    SlowCurve as SlowCurve,
    ToleranceCurve as ToleranceCurve,
    Undecided as Undecided,
    Verdict as Verdict,
    basins as basins,
    commitment as commitment,
    continue_cycles as continue_cycles,
    continue_fixed_points as continue_fixed_points,
    find_cycles as find_cycles,
    find_fixed_points as find_fixed_points,
    fixed_point_graph as fixed_point_graph,
    fixed_point_topology as fixed_point_topology,
    input_gating as input_gating,
    linearize as linearize,
    lyapunov_exponents as lyapunov_exponents,
    measures as measures,
    separatrix as separatrix,
    slow_curve as slow_curve,
    verdict as verdict,
)
from .analysis.measures import (
    Comparison as Comparison,
)
from .analysis.memory import (
    GradedMemory as GradedMemory,
    coding_axis as coding_axis,
    graded_memory as graded_memory,
)
from .analysis.projections import (
    TargetedAverages as TargetedAverages,
    targeted_averages as targeted_averages,
)
from .analysis.selectivity import (
    SelectiveConnections as SelectiveConnections,
    Selectivity as Selectivity,
    selective_connections as selective_connections,
    selectivity as selectivity,
)
from .analysis.task_variance import (
    TaskVariance as TaskVariance,
    condition_variance as condition_variance,
    task_variance as task_variance,
)
from .evaluation import (
    Performance as Performance,
    Psychometric as Psychometric,
    performance as performance,
    psychometric as psychometric,
)
from .experiment import (
    Experiment as Experiment,
    reanalyze as reanalyze,
    run_experiment as run_experiment,
)
from .multitask import (
    RulePerformance as RulePerformance,
    rule_performance as rule_performance,
    rule_variance as rule_variance,
)
from .report import (
    write_report as write_report,
)
from .store import (
    Run as Run,
    equation_of as equation_of,
    export_certificates as export_certificates,
    load_network as load_network,
    load_records as load_records,
    load_run as load_run,
    save_network as save_network,
    save_records as save_records,
)
from .studies import (
    Study as Study,
    StudyResults as StudyResults,
    compare as compare,
    load_runs as load_runs,
    load_study as load_study,
    run_variants as run_variants,
    study_status as study_status,
    sweep as sweep,
)
from .systems import (
    AbstractSystem as AbstractSystem,
    DiscreteMap as DiscreteMap,
    Flow as Flow,
)
from .tasks import (
    Trials as Trials,
)
from .torch_systems import (
    torch_map as torch_map,
)
from .training import (
    Checkpoint as Checkpoint,
    Ensemble as Ensemble,
    EnsembleHistory as EnsembleHistory,
    History as History,
    Mapped as Mapped,
    Threshold as Threshold,
    Training as Training,
    TrainingDivergedError as TrainingDivergedError,
    TrainingInterruptedError as TrainingInterruptedError,
    WholeTrials as WholeTrials,
    Windows as Windows,
    Workers as Workers,
    regularizers as regularizers,
    train as train,
    train_ensemble as train_ensemble,
)
