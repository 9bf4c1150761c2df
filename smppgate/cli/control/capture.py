"""``smppgate capture``: PDUs as they pass through a running gate, as a file for Wireshark.

The gate makes the file, block by block. Here it is cut off between two blocks, and what the blocks
tell of what was left out is told at the end.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import BinaryIO

from attrs import define, field

from smppgate.cli.control.asking import Asking
from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import NotReached
from smppgate.cli.control.events import SILENCE
from smppgate.cli.control.options import whole_number
from smppgate.cli.control.texts import several, shown
from smppgate.cli.control.traffic import add_interest, query_of

_PIECE = 65_536
_SMALLEST, _LARGEST = 12, 1 << 20
_STATISTICS, _PACKET = 5, 6
_DROPPED_AT = 24
"""Octets of the statistics that the gate writes up to the number of what was left out."""


@define
class Blocks:
    """Cuts what comes into the blocks of pcapng. Mutable."""

    packets: int = 0
    _left_out: dict[bytes, int] = field(factory=dict, init=False)
    _octets: bytearray = field(factory=bytearray, init=False)

    def taken(self, octets: bytes) -> Iterator[bytes]:
        """The blocks that are whole now.

        :raises ValueError: it is no pcapng.
        """
        self._octets += octets
        while len(self._octets) >= _SMALLEST:
            size = int.from_bytes(self._octets[4:8], "little")
            if size % 4 or not _SMALLEST <= size <= _LARGEST:
                raise ValueError("no pcapng")
            if len(self._octets) < size:
                return
            block = bytes(self._octets[:size])
            del self._octets[:size]
            self._count(block)
            yield block

    @property
    def left_out(self) -> int:
        """PDUs that the gate left out, of all interfaces: each worker of a gate is one."""
        return sum(self._left_out.values())

    def _count(self, block: bytes) -> None:
        kind = int.from_bytes(block[:4], "little")
        if kind == _PACKET:
            self.packets += 1
        elif kind == _STATISTICS:
            left_out = int.from_bytes(block[_DROPPED_AT : _DROPPED_AT + 8], "little")
            self._left_out[block[8:12]] = left_out


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-w",
        "--write",
        required=True,
        metavar="FILE",
        help="the file; - is standard output, for `wireshark -k -i -`",
    )
    add_interest(parser)
    parser.add_argument(
        "--max-size",
        type=whole_number,
        metavar="OCTETS",
        help="end before the file is larger (default: any size)",
    )


def _work(gate: Gate, args: argparse.Namespace) -> int:
    blocks = Blocks()
    headers, query = {"Accept": "application/x-pcapng"}, query_of(args)
    is_whole = False
    with gate.stream("capture", headers=headers, silence=SILENCE, query=query) as answer:
        try:
            with _opened(args.write) as file:
                taken = _taken(blocks, answer, str(gate))
                is_whole = _copied(taken, file, args.max_size)
        finally:
            _tell(args, blocks)
    if not is_whole and args.seconds is None:
        raise NotReached(f"{gate} has ended the stream")
    return 0


def _copied(blocks: Iterator[bytes], file: BinaryIO, most: int | None) -> bool:
    """Write the blocks; True when ``most`` octets of them are reached, False at their end."""
    size = 0
    for block in blocks:
        size += len(block)
        if most is not None and size > most:
            return True
        file.write(block)
        file.flush()
    return False


def _taken(blocks: Blocks, answer: HTTPResponse, who: str) -> Iterator[bytes]:
    """The blocks as they come, until the stream ends.

    :raises NotReached: its gate has gone.
    """
    while True:
        try:
            piece = answer.read1(_PIECE)
        except (OSError, HTTPException) as error:
            raise NotReached(f"{who} has gone: {shown(error)}") from None
        if not piece:
            return
        try:
            yield from blocks.taken(piece)
        except ValueError as error:
            raise NotReached(f"{who} sends {error}") from None


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """The file, which nobody else may read: there are numbers of people in it."""
    if name == "-":
        yield sys.stdout.buffer
        return
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if os.path.isfile(name):
            os.fchmod(descriptor, 0o600)
        yield file


def _tell(args: argparse.Namespace, blocks: Blocks) -> None:
    line = several(blocks.packets, "packet")
    if blocks.left_out:
        line += f"; {several(blocks.left_out, 'PDU')} left out: more passed than was written"
    print(f"smppgate {args.command}: {line}", file=sys.stderr, flush=True)


CAPTURE = Asking(
    "Write PDUs as they pass into a file that Wireshark opens (pcapng): as TCP over IP with the "
    "real addresses and ports of both sides, decrypted where TLS was, and with what the gate "
    "decided as comments. Passwords are masked, and texts unless --text is given. It goes on "
    "until Ctrl-C.",
    _add_arguments,
    _work,
)
