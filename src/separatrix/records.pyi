from ._records import (
    Record as Record,
)
from .activity import (
    Activity as Activity,
    Dimensionality as Dimensionality,
    PrincipalComponents as PrincipalComponents,
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
)
from .analysis.measures import (
    Comparison as Comparison,
)
from .analysis.memory import (
    GradedMemory as GradedMemory,
)
from .analysis.projections import (
    TargetedAverages as TargetedAverages,
)
from .analysis.selectivity import (
    SelectiveConnections as SelectiveConnections,
    Selectivity as Selectivity,
)
from .analysis.task_variance import (
    TaskVariance as TaskVariance,
)
from .evaluation import (
    Performance as Performance,
    Psychometric as Psychometric,
    TrialPeriods as TrialPeriods,
)
from .multitask import (
    RulePerformance as RulePerformance,
)
from .store import (
    Run as Run,
)
from .studies import (
    Status as Status,
    StudyResults as StudyResults,
)
from .systems import (
    Translation as Translation,
)
from .tasks import (
    Trials as Trials,
)
from .training import (
    Ensemble as Ensemble,
    EnsembleHistory as EnsembleHistory,
    History as History,
    Training as Training,
)
