"""The run-time type checker of the tests: beartype, with int where float is asked (PEP 484)."""

from beartype import BeartypeConf, beartype

CHECKER = beartype(conf=BeartypeConf(is_pep484_tower=True))


def checked(function):
    """Check a function, but none that is made in another one: at each call, which takes long."""
    return function if "<locals>" in function.__qualname__ else CHECKER(function)
