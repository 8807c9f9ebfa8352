"""What a step of PyTorch may hold that cannot be translated."""


class NoRuleError(Exception):
    """An operation of PyTorch stands in no table; says which."""
