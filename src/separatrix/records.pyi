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
from .classics.averages import (
    TargetedAverages as TargetedAverages,
)
from .classics.clusters import (
    TaskVariance as TaskVariance,
)
from .classics.connections import (
    SelectiveConnections as SelectiveConnections,
    Selectivity as Selectivity,
)
from .classics.gating import (
    InputGating as InputGating,
)
from .classics.memory import (
    GradedMemory as GradedMemory,
)
from .classics.rules import (
    RulePerformance as RulePerformance,
)
from .evaluation import (
    Performance as Performance,
    Psychometric as Psychometric,
    TrialPeriods as TrialPeriods,
)
from .recovery import (
    Confusion as Confusion,
    Judgment as Judgment,
    MechanismRecovery as MechanismRecovery,
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
