"""Why a function could not be enclosed: typed refusals whose text can be shown to the user."""

from __future__ import annotations


class EnclosureError(ValueError):
    """The function cannot be enclosed rigorously, so nothing can be certified about it."""


class NoIntervalRule(EnclosureError):  # noqa: N818 - it says what was found
    """The function contains an operation the interpreter does not know."""

    def __init__(self, primitive: str) -> None:
        super().__init__(f"no interval rule for {primitive}")
        self.primitive = primitive


class ComputesInFloat32(EnclosureError):  # noqa: N818 - it says what was found
    """Some value is rounded to less than float64, with errors far above a certificate's."""

    def __init__(self, primitive: str, dtype: str) -> None:
        super().__init__(
            f"the function computes in {dtype} (in {primitive}), so it cannot be certified: "
            "give it weights and inputs in float64 and keep its arithmetic there"
        )
