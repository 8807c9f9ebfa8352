"""The golden table: systems that users have, with answers that stay (README.md)."""

from . import fitted, textbook, trained

ROWS = [*trained.ROWS, *fitted.ROWS, *textbook.ROWS]
BY_NAME = {row.name: row for row in ROWS}
