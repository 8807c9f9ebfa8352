from .averages import (
    targeted_averages as targeted_averages,
)
from .clusters import (
    condition_variance as condition_variance,
    task_variance as task_variance,
)
from .connections import (
    selective_connections as selective_connections,
    selectivity as selectivity,
)
from .gating import (
    input_gating as input_gating,
)
from .memory import (
    coding_axis as coding_axis,
    graded_memory as graded_memory,
)
from .rules import (
    rule_performance as rule_performance,
    rule_variance as rule_variance,
)
