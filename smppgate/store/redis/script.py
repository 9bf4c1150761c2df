"""`Script`: what a server does as one step, in Lua; the files are in the folder ``scripts``."""

from __future__ import annotations

from hashlib import sha1
from importlib import resources

from attrs import field, frozen


@frozen
class Script:
    """One script.

    :ivar name: that of its file, without ``.lua``.
    :ivar text: what the file says, octets.
    :ivar digest: the name that servers have for it: 40 hexadecimal digits.
    """

    name: str
    text: bytes = field(init=False, repr=False)
    digest: bytes = field(init=False, repr=False)

    @text.default
    def _read(self) -> bytes:
        return (resources.files(__package__) / "scripts" / f"{self.name}.lua").read_bytes()

    @digest.default
    def _sum(self) -> bytes:
        return sha1(self.text, usedforsecurity=False).hexdigest().encode()
