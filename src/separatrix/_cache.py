"""The cache of compiled programs in the user's cache directory."""

import errno
import os
from pathlib import Path

import jax
import platformdirs

from ._files import as_path, cannot_write


def enable_compilation_cache(directory: str | Path | None = None) -> Path:
    """Keep compiled programs on disk, so that later processes need not compile them again.

    A library must not change JAX's settings unasked, so only the command line calls this function
    automatically. A script may call it.

    Parameters
    ----------
    directory
        The folder. None means `$SEPARATRIX_CACHE_DIR` or, without it, a folder in the user's cache
        directory.

    Returns
    -------
    Path
        The folder that is used from now on.

    Raises
    ------
    InvalidInputError
        If the folder cannot be made or written to.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.enable_compilation_cache().is_dir()
    True
    """
    chosen = directory or os.environ.get("SEPARATRIX_CACHE_DIR")
    default = Path(platformdirs.user_cache_dir("separatrix")) / "compiled"
    place = as_path(chosen) if chosen else default
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise cannot_write(place, error) from error
    jax.config.update("jax_compilation_cache_dir", str(place))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return place
