"""The table ``[[route]]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.conditions import Conditions
from smppgate.settings.errors import Problem
from smppgate.settings.number_files import NumberFile, PrefixFile
from smppgate.settings.route_checks import OneOrSeveral, Status
from smppgate.settings.tables import setting
from smppgate.settings.texts import Reference

LEADS = ("pool", "pools_file", "reject")
"""The keys that say where messages go, of which each route has one."""


@attrs.frozen
class RouteSettings(Conditions):
    """``[[route]]``: messages for which all conditions hold, and where they go."""

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
