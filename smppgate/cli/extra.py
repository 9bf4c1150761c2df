"""What is installed with ``smppgate[tools]`` only: the daemon does without it.

Commands that only look better with it do without it too; the others end with one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


class ToolsMissing(Exception):
    """A command needs what is not installed; the message says what to do."""


def has_rich() -> bool:
    """Whether Rich is installed, which writes in colours and over what it wrote."""
    return find_spec("rich") is not None


@contextmanager
def needed() -> Iterator[None]:
    """Around imports that a command cannot do without.

    :raises ToolsMissing: where one of them is not installed.
    """
    try:
        yield
    except ImportError as error:
        name = (error.name or str(error)).partition(".")[0]
        raise ToolsMissing(
            f"this needs {name}, which is not installed: pip install 'smppgate[tools]'"
        ) from None
