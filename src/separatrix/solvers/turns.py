"""Many items, a part at a time."""

from collections.abc import Iterator


def turns(count: int, room: int) -> Iterator[slice]:
    """Cut `count` items into parts, of which there is room for one at a time.

    Examples
    --------
    >>> list(turns(5, room=2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return (slice(first, min(first + room, count)) for first in range(0, count, room))
