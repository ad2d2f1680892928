"""Files that a user names: read whole, once it is sure that they are files."""

import errno
import stat
from pathlib import Path


def read_bytes(path: str | Path) -> bytes:
    """All that is in a file.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file: a pipe would be waited for, and a device
        without an end fills the memory.
    """
    path = Path(path)
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a folder has an error of its own
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return path.read_bytes()
