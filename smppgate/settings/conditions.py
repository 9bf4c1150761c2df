"""The conditions of ``[[route]]`` and ``[[rewrite]]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import Whole
from smppgate.settings.errors import Problem
from smppgate.settings.inline_tables import Inline
from smppgate.settings.number_files import NumberFile, PrefixFile
from smppgate.settings.route_checks import (
    UTC,
    OneOrSeveral,
    Pattern,
    Percentage,
    TlvPattern,
    Window,
    Zone,
)
from smppgate.settings.tables import Table, setting
from smppgate.settings.texts import AddressRange, Choice, Name, Octets

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# One octet, SMPP v3.4 §5.2.5, §5.2.19. All values are accepted: vendors define their own.

OCTET = Whole(0, 255)
HEX_OCTET = Whole(0, 255, hexadecimal=True)

CONDITIONS = (
    "esme",
    "source",
    "destination",
    "destination_file",
    "source_ton",
    "destination_ton",
    "service_type",
    "data_coding",
    "esm_class",
    "tlv",
    "between",
)
"""The keys of conditions that hold always where they are left out."""


@attrs.frozen
class MaskedOctet(Table):
    """``{ mask, value }``: an octet that under the mask is the value."""

    mask: int = attrs.field(metadata=setting(HEX_OCTET, "The bits that count."))
    value: int = attrs.field(metadata=setting(HEX_OCTET, "What they must be."))

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """A value with bits that the mask does not have: no octet is like that."""
        mask, value = table.get("mask"), table.get("value")
        if isinstance(mask, int) and isinstance(value, int) and value & ~mask:
            yield Problem("value", f"has bits that mask 0x{mask:02X} has not: 0x{value:02X}")


@attrs.frozen
class TimeWindows(Table):
    """``{ times, days, zone }``: when it holds."""

    times: tuple[str, ...] = attrs.field(
        default=(), metadata=setting(OneOrSeveral(Window()), "Times of the day; empty: all.")
    )
    days: tuple[str, ...] = attrs.field(
        default=(), metadata=setting(OneOrSeveral(Choice(DAYS)), "Days of the week; empty: all.")
    )
    zone: str = attrs.field(
        default=UTC, metadata=setting(Zone(), "Where it is that time and day.")
    )


@attrs.frozen
class Conditions(Table):
    """Messages for which all of these hold."""

    name: str = attrs.field(
        default="",
        metadata=setting(
            Name(optional=True), "What logs and explanations call it; no two of a kind share one."
        ),
    )
    esme: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(Pattern(15)), "The account is one of these; empty: any account."
        ),
    )
    source: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(OneOrSeveral(Pattern()), "The source_addr is one of these; empty: any."),
    )
    destination: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(AddressRange()),
            "The destination_addr is one of these; empty: any. Of a submit_multi the first "
            "counts.",
        ),
    )
    destination_file: NumberFile | None = attrs.field(
        default=None,
        metadata=setting(
            PrefixFile(),
            "The destination_addr begins with a prefix that is in this file, one a line. It is "
            "read again at each reload; a relative path counts from the folder of the "
            "configuration.",
        ),
    )
    source_ton: tuple[int, ...] = attrs.field(
        default=(),
        metadata=setting(OneOrSeveral(OCTET), "The source_addr_ton is one of these; empty: any."),
    )
    destination_ton: tuple[int, ...] = attrs.field(
        default=(),
        metadata=setting(OneOrSeveral(OCTET), "The dest_addr_ton is one of these; empty: any."),
    )
    service_type: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(Octets(0, 5)), "The service_type is one of these; empty: any."
        ),
    )
    data_coding: tuple[int, ...] = attrs.field(
        default=(),
        metadata=setting(OneOrSeveral(OCTET), "The data_coding is one of these; empty: any."),
    )
    esm_class: MaskedOctet | None = attrs.field(
        default=None,
        metadata=setting(Inline(MaskedOctet), "The esm_class, under the mask, is the value."),
    )
    tlv: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(TlvPattern()),
            "Each of these TLVs is there, with its value if it has one.",
        ),
    )
    between: TimeWindows | None = attrs.field(
        default=None,
        metadata=setting(
            Inline(TimeWindows),
            "It is such a time on such a day there. A window over midnight belongs to the day on "
            "which it begins.",
        ),
    )
    percent: float = attrs.field(
        default=100.0,
        metadata=setting(
            Percentage(),
            "The destination is in this part of all numbers; the same number always is or is not. "
            "Those with other names have other parts.",
            "%",
        ),
    )

    @property
    def label(self) -> str:
        """What logs and explanations call it."""
        return self.name
