"""``python -m smppgate.daemon.checked_file FILE``: reads a configuration for another process.

What comes of it goes to standard output, pickled: the settings, or their errors, a line each. Its
reader is the gate that started it; see `smppgate.daemon.reading`.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smppgate.settings import Settings


def checked(file: str) -> Settings | tuple[str, ...]:
    """The settings in ``file``, or everything that ``smppgate check`` finds wrong in it."""
    # Imported here, since that takes as long as the check, and is to be as polite.
    from smppgate.settings import SettingsError, load  # noqa: PLC0415
    from smppgate.settings.state_dir import state_dir_error  # noqa: PLC0415

    try:
        settings = load(file)
    except SettingsError as error:
        return error.errors
    fault = state_dir_error(settings)
    return (fault,) if fault else settings


POLITENESS = 5
"""How much less of the processor it wants than the gate; see nice(2). With 10 a reload took half a
minute where other programs kept all cores busy."""

if __name__ == "__main__":
    os.nice(POLITENESS)
    # The module of hooks, which is imported to be checked, may write to standard output.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as told:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        told.write(pickle.dumps(checked(sys.argv[1]), pickle.HIGHEST_PROTOCOL))
