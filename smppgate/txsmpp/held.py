"""What waits for the answer to a bind: `Unread` at an SMSC, `EarlyRequests` at an ESME."""

from __future__ import annotations

from smppgate.txsmpp.frame import HEADER_SIZE, Frame

MAX_HELD = 65_536
"""Octets in front of a bind_resp that wait for it at most: as many as one read may bring."""

MAX_UNREAD = 4_096
"""Octets behind a bind after which its sender is not read: a stranger may have as many connections
as a listener takes, and a bind may wait for seconds."""


class Unread:
    """Octets of a peer that has not bound, cut into PDUs one at a time.

    What follows a bind is not looked at before the bind is answered: how long a PDU may be, and
    what may be asked, depends on the answer.
    """

    __slots__ = ("_held", "_is_broken", "_octets", "is_used")

    def __init__(self) -> None:
        self.is_used = False
        """Whether octets have come since `take`. A plain attribute: each read asks for it."""
        self._held = bytearray()
        self._octets = bytearray()
        self._is_broken = False

    def __len__(self) -> int:
        return len(self._held) + len(self._octets)

    @property
    def is_full(self) -> bool:
        """Whether the peer is better not read any further."""
        return len(self) > MAX_UNREAD

    def add(self, octets: bytes) -> None:
        """Octets arrived."""
        self._octets += octets
        self.is_used = True

    def next_pdu(self, max_pdu_size: int) -> bytes:
        """Take out the first PDU; no octets while it is not whole.

        With a command_length that cannot be, all octets are taken out, and no more are cut.
        """
        octets = self._octets
        if len(octets) < 4 or self._is_broken:
            return b""
        length = int.from_bytes(octets[:4], "big")
        if not HEADER_SIZE <= length <= max_pdu_size:
            self._is_broken = True
            length = len(octets)
        if len(octets) < length:
            return b""
        pdu = bytes(octets[:length])
        del octets[:length]
        return pdu

    def hold(self, pdu: bytes) -> None:
        """Keep a PDU that was taken out, until `take`."""
        self._held += pdu

    def take(self) -> bytes:
        """Take out all octets, those held first."""
        octets = bytes(self._held + self._octets)
        self._held, self._octets, self._is_broken = bytearray(), bytearray(), False
        self.is_used = False
        return octets


class EarlyRequests:
    """Requests of an SMSC that overtook its bind_resp, in the order they came."""

    __slots__ = ("_frames", "_size")

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: Frame) -> bool:
        """Keep ``frame``; False beyond `MAX_HELD` octets."""
        if self._size + len(frame.octets) > MAX_HELD:
            return False
        self._size += len(frame.octets)
        self._frames.append(frame)
        return True

    def take(self) -> list[Frame]:
        """Take out all of them."""
        frames, self._frames, self._size = self._frames, [], 0
        return frames
