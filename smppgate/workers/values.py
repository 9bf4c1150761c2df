"""`Values`: an argument of AMP for octets, numbers and collections of them, of any size."""

from __future__ import annotations

import marshal
from typing import Any

from smppgate.workers.long_octets import LongOctets


class Values(LongOctets):
    """Plain values of Python as `marshal` writes them: the same interpreter is at both ends."""

    def retrieve(self, objects: dict[str, Any], name: str, proto: Any) -> bytes | None:
        """The octets of the argument called ``name``, which is taken out of ``objects``."""
        value = super().retrieve(objects, name, proto)
        return marshal.dumps(value) if value is not None else None

    def fromBox(
        self, name: bytes, strings: dict[bytes, bytes], objects: dict[str, Any], proto: Any
    ) -> None:
        """Take the argument called ``name`` out of the box ``strings``."""
        super().fromBox(name, strings, objects, proto)
        octets = objects[name.decode("ascii")]
        if octets is not None:
            # The other end is a process of this gate.
            objects[name.decode("ascii")] = marshal.loads(octets)  # noqa: S302
