"""The classes of the records that functions return, for annotations, `isinstance` and `help`.

A record of arrays (`Record`) knows the names of their axes, prints as a table, turns into an
`xarray.Dataset` with `.to_xarray()`, and can be saved with `sx.save_records`.
"""

from ._names import import_when_used, show_public_names

__all__ = import_when_used(__name__, __file__)
show_public_names(__name__)
