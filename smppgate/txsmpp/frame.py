"""Framing: a stream of octets in, whole PDUs out, unread beyond their header.

A relayed PDU never becomes more than a `Frame`: its octets stay as they came, so vendor TLVs,
unknown statuses and odd padding pass through. Rebuilding PDUs from decoded fields was rejected
for that reason, and for its cost.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from smppgate.txsmpp.constants import RESPONSE_BIT
from smppgate.txsmpp.errors import FrameError

HEADER_SIZE = 16
"""Octets of command_length, command_id, command_status and sequence_number, SMPP v3.4 §3.2."""

MAX_PDU_SIZE = 70_000
"""Octets a PDU may have by default: a message_payload TLV holds up to 65 535 (its length is two
octets, SMPP v3.4 §5.3.2.32), which leaves over 4 000 for the mandatory fields and other TLVs."""

_HEADER = Struct(">IIII")
_NUMBER = Struct(">I")
# The header up to the number, octet for octet, and the number.
_renumber = Struct(">12sI").pack


class Frame(NamedTuple):
    """One whole PDU with its header read and its body untouched.

    A tuple because two are made for every message relayed. ``octets`` is the whole PDU, header
    included; the other three are the header's 4-octet integers (SMPP v3.4 §3.2).
    """

    command_id: int
    command_status: int
    sequence_number: int
    octets: bytes

    def __repr__(self) -> str:
        """Without the octets: passwords and texts are in them."""
        numbers = f"{self.command_id:#010x}, {self.command_status:#x}, {self.sequence_number}"
        return f"<Frame {numbers}, {len(self.octets)} octets>"

    @property
    def is_response(self) -> bool:
        """Whether this answers a request; generic_nack does."""
        return self.command_id >= RESPONSE_BIT

    @classmethod
    def of(cls, octets: bytes) -> Frame:
        """Read the header of ``octets``, which must be one whole PDU of at least 16 octets.

        :raises FrameError: when command_length is not the number of octets given.
        """
        if len(octets) < HEADER_SIZE or _NUMBER.unpack_from(octets)[0] != len(octets):
            raise FrameError(f"{len(octets)} octets are not one whole PDU")
        _, command_id, status, number = _HEADER.unpack_from(octets)
        return cls(command_id, status, number, octets)


def header_only(command_id: int, command_status: int, sequence_number: int) -> bytes:
    """A PDU of 16 octets, without a body."""
    return _HEADER.pack(HEADER_SIZE, command_id, command_status, sequence_number)


def response(request: Frame, command_status: int, body: bytes = b"") -> bytes:
    """The octets of the resp to ``request``: its command, its number, this status and body.

    An error resp needs no body, SMPP v3.4 §4.4.2 and others ("Note: the submit_sm_resp PDU Body
    is not returned if the command_status field contains a non-zero value").
    """
    return resp(request.command_id, command_status, request.sequence_number, body)


def resp(command_id: int, command_status: int, sequence_number: int, body: bytes = b"") -> bytes:
    """The octets of the resp to a request with this command_id and sequence number."""
    header = HEADER_SIZE + len(body), command_id | RESPONSE_BIT, command_status, sequence_number
    return _HEADER.pack(*header) + body


def generic_nack(sequence_number: int, command_status: int) -> bytes:
    """The octets of a generic_nack, SMPP v3.4 §4.3."""
    return header_only(RESPONSE_BIT, command_status, sequence_number)


def renumbered(octets: bytes, sequence_number: int) -> bytes:
    """The same PDU under another sequence number: four octets change, all others stay."""
    return _renumber(octets, sequence_number) + octets[16:]


def spliced(octets: bytes, start: int, stop: int, new: bytes) -> bytes:
    """The same PDU with ``new`` in place of its octets from ``start`` to ``stop``.

    command_length is right afterwards; both offsets lie behind the header.
    """
    length = len(octets) - (stop - start) + len(new)
    return _NUMBER.pack(length) + octets[4:start] + new + octets[stop:]


Look = Callable[[bytes], int]
"""Is shown octets from the beginning of a PDU on; gives how many of them, whole PDUs at the
beginning, it has dealt with."""


class FrameBuffer:
    """Octets in as they arrive, whole PDUs out.

    The work is linear in the octets however the stream is split: what is incomplete is kept in
    one growing buffer and looked at again only when it can be whole. command_length is judged
    as soon as its four octets are there, so nothing is buffered for a PDU that may not exist.

    :param max_pdu_size: octets a PDU may have.
    """

    __slots__ = ("_needed", "_partial", "error", "max_pdu_size", "tap")

    def __init__(self, max_pdu_size: int = MAX_PDU_SIZE) -> None:
        self.max_pdu_size = max_pdu_size
        self.error: FrameError | None = None
        """Set when a command_length cannot be: nothing after it can be read."""
        self.tap: Callable[[bytes], None] | None = None
        """Shown what arrives before it is cut, from the beginning of a PDU on; a PDU that is not
        whole yet is shown again when it is."""
        self._partial: bytearray | None = None
        self._needed = 0

    def __len__(self) -> int:
        """Octets kept of a PDU that is not whole yet."""
        return len(self._partial) if self._partial is not None else 0

    def receive(self, octets: bytes, look: Look | None = None) -> list[Frame]:
        """Take what arrived; give every PDU that is whole now, in order.

        PDUs in front of a bad command_length are still given; see ``error``.

        :param look: is shown more than one PDU first, and deals with some of them or with none.
        """
        if self._partial is not None:
            self._partial += octets
            if len(self._partial) < self._needed:
                return []
            octets = bytes(self._partial)
            self._partial = None
        if self.error is not None:
            return []
        if self.tap is not None:
            self.tap(octets)
        # One PDU alone is dealt with as fast as any run of one.
        if look is None or len(octets) < 4 or _NUMBER.unpack_from(octets)[0] >= len(octets):
            return self._split(octets, 0)
        done = look(octets)
        return self._split(octets, done) if done < len(octets) else []

    def _split(self, octets: bytes, start: int) -> list[Frame]:
        # Called once per read and looped once per PDU: names are local, and Frame's own
        # __new__ in Python is passed by.
        frames: list[Frame] = []
        unpack, new, limit = _HEADER.unpack_from, tuple.__new__, self.max_pdu_size
        end = len(octets)
        last = end - HEADER_SIZE
        while start <= last:
            length, command_id, status, number = unpack(octets, start)
            stop = start + length
            if stop > end or not 16 <= length <= limit:
                break
            frames.append(new(Frame, (command_id, status, number, octets[start:stop])))
            start = stop
        if start < end:
            self._keep(octets[start:])
        return frames

    def _keep(self, rest: bytes) -> None:
        """Keep the beginning of a PDU, if it may become one."""
        if len(rest) < 4:
            self._needed = 4
        else:
            self._needed = length = _NUMBER.unpack_from(rest)[0]
            if not HEADER_SIZE <= length <= self.max_pdu_size:
                self._refuse(length, rest)
                return
        self._partial = bytearray(rest)

    def _refuse(self, length: int, rest: bytes) -> None:
        number = _HEADER.unpack_from(rest)[3] if len(rest) >= HEADER_SIZE else 0
        self.error = FrameError(
            f"command_length {length} is not between {HEADER_SIZE} and {self.max_pdu_size}",
            number,
        )
