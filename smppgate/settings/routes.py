"""The table ``[[route]]``."""

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
    Status,
    TlvPattern,
    Window,
    Zone,
)
from smppgate.settings.tables import Table, setting
from smppgate.settings.texts import AddressRange, Choice, Name, Octets, Reference

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# One octet, SMPP v3.4 §5.2.5, §5.2.19. All values are accepted: vendors define their own.

_OCTET = Whole(0, 255)
_HEX_OCTET = Whole(0, 255, hexadecimal=True)

LEADS = ("pool", "pools_file", "reject")
"""The keys that say where messages go, of which each route has one."""


@attrs.frozen
class MaskedOctet(Table):
    """``{ mask, value }``: an octet that under the mask is the value."""

    mask: int = attrs.field(metadata=setting(_HEX_OCTET, "The bits that count."))
    value: int = attrs.field(metadata=setting(_HEX_OCTET, "What they must be."))

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """A value with bits that the mask does not have: no octet is like that."""
        mask, value = table.get("mask"), table.get("value")
        if isinstance(mask, int) and isinstance(value, int) and value & ~mask:
            yield Problem("value", f"has bits that mask 0x{mask:02X} has not: 0x{value:02X}")


@attrs.frozen
class TimeWindows(Table):
    """``{ times, days, zone }``: when a route holds."""

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
class RouteSettings(Table):
    """``[[route]]``: messages for which all conditions hold, and where they go."""

    name: str = attrs.field(
        default="",
        metadata=setting(
            Name(optional=True), "What logs and explanations call it; no two routes share one."
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
        metadata=setting(OneOrSeveral(_OCTET), "The source_addr_ton is one of these; empty: any."),
    )
    destination_ton: tuple[int, ...] = attrs.field(
        default=(),
        metadata=setting(OneOrSeveral(_OCTET), "The dest_addr_ton is one of these; empty: any."),
    )
    service_type: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(Octets(0, 5)), "The service_type is one of these; empty: any."
        ),
    )
    data_coding: tuple[int, ...] = attrs.field(
        default=(),
        metadata=setting(OneOrSeveral(_OCTET), "The data_coding is one of these; empty: any."),
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
            "Routes with other names have other parts.",
            "%",
        ),
    )
    pool: str = attrs.field(
        default="", metadata=setting(Reference("pool"), "The pool that takes the messages.")
    )
    pools_file: NumberFile | None = attrs.field(
        default=None,
        metadata=setting(
            PrefixFile(pools=True),
            "Instead: the longest prefix of the destination names the pool; without one the "
            "route does not hold. It is read again at each reload.",
        ),
    )
    fallback: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            OneOrSeveral(Reference("pool")),
            "Pools that take them, the first that can, while no SMSC of the pool is up; never "
            "because one is full.",
        ),
    )
    reject: int | None = attrs.field(
        default=None,
        metadata=setting(Status(), "Instead: they are answered this.", "command_status"),
    )

    @property
    def label(self) -> str:
        """Its name, or else where it leads."""
        if self.name:
            return self.name
        if self.reject is not None:
            return f"reject 0x{self.reject:02X}"
        return self.pool or (self.pools_file.path if self.pools_file is not None else "")

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """None or several of the keys that say where messages go; fallback without a pool."""
        given = [key for key in LEADS if table.get(key) not in (None, "")]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            yield Problem(
                LEADS[0], f"there must be one of pool, pools_file and reject, not {found}"
            )
        if "reject" in given and table.get("fallback"):
            yield Problem("fallback", "must not be there: what is rejected goes to no pool")


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
