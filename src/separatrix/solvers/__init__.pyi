from .branch_and_prune import (
    BranchAndPrune as BranchAndPrune,
)
from .continuation import (
    Deflation as Deflation,
    PseudoArclength as PseudoArclength,
)
from .levenberg_marquardt import (
    LevenbergMarquardt as LevenbergMarquardt,
)
from .minimize import (
    DampedNewton as DampedNewton,
)
from .piecewise_linear import (
    KinkDescent as KinkDescent,
)
from .shooting import (
    MultipleShooting as MultipleShooting,
)
from .tangent_qr import (
    TangentQR as TangentQR,
)
