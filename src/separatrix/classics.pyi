from .analysis import (
    input_gating as input_gating,
)
from .analysis.memory import (
    coding_axis as coding_axis,
    graded_memory as graded_memory,
)
from .analysis.projections import (
    targeted_averages as targeted_averages,
)
from .analysis.selectivity import (
    selective_connections as selective_connections,
    selectivity as selectivity,
)
from .analysis.task_variance import (
    condition_variance as condition_variance,
    task_variance as task_variance,
)
from .multitask import (
    rule_performance as rule_performance,
    rule_variance as rule_variance,
)
