"""What is in the files that settings name, or why they cannot be read."""

from __future__ import annotations


def file_octets(path: str, most: int) -> tuple[bytes, str]:
    """The first ``most`` octets of the file at ``path``, and why it cannot be read, or nothing."""
    if not path:
        return b"", "must not be empty"
    try:
        with open(path, "rb") as file:
            return file.read(most), ""
    except OSError as error:
        return b"", f"{path!r} cannot be read: {error.strerror}"
    except ValueError as error:
        return b"", f"{path!r} cannot be read: {error}"
