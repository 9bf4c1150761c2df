"""Changes: what a rule does to a message for which it holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.editing import Located
from smppgate.txsmpp.errors import PduError

_DATA_SM = int(CommandId.DATA_SM)

_LONGEST = {
    "source_addr": (20, CommandStatus.ESME_RINVSRCADR),
    "destination_addr": (20, CommandStatus.ESME_RINVDSTADR),
}
"""Octets of an address without its NUL, and the answer where a change makes it longer: SMPP v3.4
§4.4.1."""

_LONGEST_OF_DATA_SM = 64
"""The same of a data_sm, §4.7.1."""


class Change(Protocol):
    """One change of a message."""

    def of(self, located: Located) -> bytes:
        """The PDU with the change.

        :raises PduError: when the result would be no PDU that peers take.
        """


class SetFields:
    """Gives fields other values.

    :param values: name of the specification → octets, without a NUL.
    """

    def __init__(self, values: dict[str, bytes]) -> None:
        self._values = values

    def of(self, located: Located) -> bytes:
        """The PDU with these values; a field that it does not have it does not get."""
        return located.with_fields(self._values)


class ReplacePrefix:
    """Gives an address another beginning.

    :param field: ``source_addr`` or ``destination_addr``.
    :param prefixes: of the address, of which the longest that fits is replaced. An empty one fits
        every address that does not begin with ``replacement`` already.
    """

    def __init__(self, field: str, prefixes: Collection[bytes], replacement: bytes) -> None:
        self._field = field
        self._prefixes: Sequence[bytes] = sorted(prefixes, key=len, reverse=True)
        self._replacement = replacement

    def of(self, located: Located) -> bytes:
        """The PDU with the other beginning.

        :raises PduError: ESME_RINVSRCADR or ESME_RINVDSTADR when it is too long then.
        """
        if self._field not in located.spans:
            return located.octets
        address = located.value(self._field)
        changed = self._changed(address)
        if changed == address:
            return located.octets
        longest, status = _LONGEST[self._field]
        if int.from_bytes(located.octets[4:8], "big") == _DATA_SM:
            longest = _LONGEST_OF_DATA_SM
        if len(changed) > longest:
            raise PduError(f"{self._field}: {len(changed)} octets when it is rewritten", status)
        return located.with_fields({self._field: changed})

    def _changed(self, address: bytes) -> bytes:
        for prefix in self._prefixes:
            if prefix and address.startswith(prefix):
                return self._replacement + address[len(prefix) :]
            if not prefix and not address.startswith(self._replacement):
                return self._replacement + address
        return address


class RemoveTlvs:
    """Takes TLVs away.

    :param tags: theirs; all that have one of them go.
    """

    def __init__(self, tags: Collection[int]) -> None:
        self._tags = frozenset(tags)

    def of(self, located: Located) -> bytes:
        """The PDU without them; as it is where not all TLVs can be found."""
        if not located.are_all or not any(tlv.tag in self._tags for tlv in located.tlvs):
            return located.octets
        return located.without_tlvs(self._tags)


class SetTlv:
    """Gives a TLV its value: in the place of the first with its tag, or else behind all others."""

    def __init__(self, tag: int, value: bytes) -> None:
        self._tag, self._value = tag, value

    def of(self, located: Located) -> bytes:
        """The PDU with it; as it is where not all TLVs can be found."""
        return located.with_tlv(self._tag, self._value) if located.are_all else located.octets
