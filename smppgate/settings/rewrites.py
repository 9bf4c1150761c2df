"""The table ``[[rewrite]]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.conditions import HEX_OCTET, OCTET, Conditions
from smppgate.settings.errors import Problem
from smppgate.settings.inline_tables import Inline
from smppgate.settings.rewrite_checks import (
    StatusMap,
    TlvTag,
    TlvValue,
    Unset,
    ValidityPeriod,
    tags_of,
)
from smppgate.settings.route_checks import OneOrSeveral
from smppgate.settings.tables import Table, setting
from smppgate.settings.texts import Choice, Octets, Reference

# Octets without the NUL, SMPP v3.4 §5.2.8 and §5.2.11; those of a data_sm may be longer.
_ADDRESS = Octets(0, 20)
_PREFIX = Octets(0, 20)

SUBMIT = "submit"
KINDS = (SUBMIT, "deliver", "receipt")


@attrs.frozen
class PrefixChange(Table):
    """``{ remove, add }``: another beginning of an address."""

    remove: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(Octets(1, 20)),
            "What is taken off; an address that begins with none of these stays.",
        ),
    )
    add: str = attrs.field(default="", metadata=setting(_PREFIX, "What is put in front then."))

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """Nothing to take off, and nothing to put in front."""
        if not table.get("remove") and not table.get("add"):
            yield Problem("add", "must be there where nothing is removed")


@attrs.frozen(kw_only=True)
class RewriteSettings(Conditions):
    """``[[rewrite]]``: messages for which all conditions hold, and what becomes of them."""

    smsc: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(Reference("smsc")),
            "The SMSC that it goes to, or comes from, is one of these; empty: any.",
        ),
    )
    applies_to: str = attrs.field(
        metadata=setting(
            Choice(KINDS),
            "Messages of ESMEs (`submit`), of SMSCs (`deliver`), or receipts (`receipt`).",
        )
    )
    set_source: str | None = attrs.field(
        default=None, metadata=setting(Unset(_ADDRESS), "The source_addr that it gets.")
    )
    set_source_prefix: PrefixChange | None = attrs.field(
        default=None,
        metadata=setting(
            Inline(PrefixChange),
            "Another beginning of the source_addr. Without `remove` it is put in front of what "
            "does not begin so already.",
        ),
    )
    set_source_ton: int | None = attrs.field(
        default=None, metadata=setting(Unset(OCTET), "The source_addr_ton that it gets.")
    )
    set_source_npi: int | None = attrs.field(
        default=None, metadata=setting(Unset(OCTET), "The source_addr_npi that it gets.")
    )
    set_destination: str | None = attrs.field(
        default=None,
        metadata=setting(
            Unset(_ADDRESS),
            "The destination_addr that it gets. Those of a submit_multi stay as they are.",
        ),
    )
    set_destination_prefix: PrefixChange | None = attrs.field(
        default=None,
        metadata=setting(
            Inline(PrefixChange), "Another beginning of the destination_addr, as of the source."
        ),
    )
    set_destination_ton: int | None = attrs.field(
        default=None, metadata=setting(Unset(OCTET), "The dest_addr_ton that it gets.")
    )
    set_destination_npi: int | None = attrs.field(
        default=None, metadata=setting(Unset(OCTET), "The dest_addr_npi that it gets.")
    )
    set_service_type: str | None = attrs.field(
        default=None, metadata=setting(Unset(Octets(0, 5)), "The service_type that it gets.")
    )
    set_validity_period: str | None = attrs.field(
        default=None,
        metadata=setting(
            Unset(ValidityPeriod()), "The validity_period that it gets; empty: that of its SMSC."
        ),
    )
    set_data_coding: int | None = attrs.field(
        default=None, metadata=setting(Unset(OCTET), "The data_coding that it gets.")
    )
    set_registered_delivery: int | None = attrs.field(
        default=None,
        metadata=setting(
            Unset(HEX_OCTET), "The registered_delivery that it gets: which receipts it asks for."
        ),
    )
    remove_tlvs: tuple[str, ...] = attrs.field(
        default=(), metadata=setting(OneOrSeveral(TlvTag()), "TLVs that are taken away.")
    )
    set_tlvs: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(TlvValue()), "TLVs that it gets, in place of those with their tags."
        ),
    )
    set_statuses: tuple[tuple[int, int], ...] = attrs.field(
        default=(),
        metadata=setting(
            StatusMap(),
            "What the sender is told in place of these errors of the peer; 0 (ESME_ROK) only "
            "where that is an SMSC.",
        ),
    )

    @property
    def label(self) -> str:
        """Its name, or else what it is for."""
        return self.name or self.applies_to

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """No change, two of one address, two values of one TLV, and success that is none."""
        if all(table.get(key) in (None, ()) or table.get(key) == [] for key in CHANGES):
            yield Problem("applies_to", f"there must be a change, one of {', '.join(CHANGES)}")
        for side in ("source", "destination"):
            whole, prefix = f"set_{side}", f"set_{side}_prefix"
            if table.get(whole) is not None and table.get(prefix) is not None:
                yield Problem(prefix, f"must not be there beside {whole}")
        tags = tags_of(table.get("set_tlvs"))
        for tag in sorted({tag for tag in tags if tags.count(tag) > 1}):
            yield Problem("set_tlvs", f"has two values for 0x{tag:04X}")
        statuses = StatusMap().tidy(table.get("set_statuses"))
        if table.get("applies_to") == SUBMIT and isinstance(statuses, tuple):
            for status, told in statuses:
                if told == 0:
                    text = "must not be success: the ESME would be given no message_id"
                    yield Problem(f"set_statuses.0x{status:02X}", text)


CHANGES = tuple(
    field.name
    for field in attrs.fields(RewriteSettings)
    if field.name.startswith(("set_", "remove_"))
)
"""The keys that say what becomes of messages, of which each rule has one."""
