"""Error for a step of PyTorch that cannot be translated."""


class NoRuleError(Exception):
    """An operation of PyTorch stands in no table; says which."""
