"""Whether a gate can keep its store where the settings say."""

from __future__ import annotations

import os.path
from pathlib import Path

from smppgate.settings.model import Settings


def state_dir_error(settings: Settings) -> str:
    """Why no user's gate can keep its store in ``state_dir``; empty when one can."""
    if settings.store.kind == "memory":
        return ""
    folder = Path(settings.gate.state_dir)
    place = existing_part(folder)
    if place.is_dir():
        return ""
    return f"gate.state_dir: {str(folder)!r} cannot be a folder, {str(place)!r} is none"


def existing_part(folder: Path) -> Path:
    """``folder``, or the nearest of its parents that exists."""
    path = folder.absolute()
    return next(place for place in (path, *path.parents) if os.path.lexists(place))
