"""What differs between two configurations: what a reload has to change, and how.

Tables are compared by what they are known by: accounts by system_id, SMSCs and pools by name,
listeners by endpoint. So a table under another name is one removed and one added. When the change
of a key takes effect is in the metadata of its field, `Takes`.

The order of tables has no effect, with three exceptions: the first pool is that of accounts that
name none, of routes the first that holds counts, and rules see what those before them made. Files
of prefixes are compared by what was in them when the settings were read. Certificates are not
compared, only the endpoint strings that name their files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import attrs

from smppgate.settings.admin_side import AdminSettings
from smppgate.settings.change_texts import change_lines, named, quoted, title
from smppgate.settings.changes import Change, Changes, change, changes, identified
from smppgate.settings.esme_side import EsmeSettings, ListenSettings
from smppgate.settings.gate_side import GateSettings
from smppgate.settings.log_side import CdrSettings, LogSettings
from smppgate.settings.model import SECTIONS, SINGLE, Settings
from smppgate.settings.peer_side import PeerSettings, PeersSettings
from smppgate.settings.pools import PoolSettings
from smppgate.settings.rewrites import RewriteSettings
from smppgate.settings.routes import RouteSettings
from smppgate.settings.smsc_side import SmscSettings
from smppgate.settings.store_side import StoreSettings
from smppgate.settings.tables import Table
from smppgate.settings.takes import Takes

T = TypeVar("T", bound=Table)


@attrs.frozen
class Difference:
    """What differs between two configurations; false where nothing does that has an effect.

    A section that is one table is None where nothing in it changed.

    :ivar default_pool: the names of the pool of accounts that name none, before and after; None
        where it is the same.
    :ivar are_routes_moved: whether the routes that both have are in another order;
        ``are_rewrites_moved``: the same of rules that rewrite messages.
    :ivar renamed: removed SMSCs, each with an added one that seems to be the same, and that does
        not know its message ids.
    """

    gate: Change[GateSettings] | None
    store: Change[StoreSettings] | None
    admin: Change[AdminSettings] | None
    log: Change[LogSettings] | None
    cdr: Change[CdrSettings] | None
    peers: Change[PeersSettings] | None
    peer: Changes[PeerSettings]
    listen: Changes[ListenSettings]
    esme: Changes[EsmeSettings]
    smsc: Changes[SmscSettings]
    pool: Changes[PoolSettings]
    route: Changes[RouteSettings]
    rewrite: Changes[RewriteSettings]
    default_pool: tuple[str, str] | None
    are_routes_moved: bool
    are_rewrites_moved: bool
    renamed: tuple[tuple[SmscSettings, SmscSettings], ...]

    def __bool__(self) -> bool:
        others = "default_pool", "are_routes_moved", "are_rewrites_moved"
        return any(getattr(self, name) for name in (*SECTIONS, *others))

    def lines(self) -> list[str]:
        """What changed and when it takes effect, one line each: printable, without secrets.

        The `warnings` come last.
        """
        return list(self.each_line())

    def each_line(self) -> Iterator[str]:
        """The `lines` one after the other: thousands of them take longer than a gate may pause."""
        for section in SECTIONS:
            yield from self._section_lines(section)
        if self.default_pool is not None:
            before, after = map(quoted, self.default_pool)
            yield (
                f"[[pool]]: the first, of accounts without pool, {before} -> {after}, "
                f"{Takes.AT_ONCE.value}"
            )
        if self.are_routes_moved:
            yield f"[[route]]: in another order, {Takes.AT_ONCE.value}"
        if self.are_rewrites_moved:
            yield f"[[rewrite]]: in another order, {Takes.AT_ONCE.value}"
        yield from (f"warning: {text}" for text in self.warnings())

    def waiting(self) -> list[str]:
        """Those of the `lines` that have to wait for a restart."""
        return [
            line
            for section in SECTIONS
            for each in self._changed(section)
            for line in change_lines(section, each, Takes.AT_RESTART)
        ]

    def warnings(self) -> list[str]:
        """What is likely to be a mistake in the change, one line each."""
        return [
            f"{named('smsc', old.name)} seems to be called {quoted(new.name)} now: the ids of "
            "messages that it has are no longer known"
            for old, new in self.renamed
        ]

    def _section_lines(self, section: str) -> Iterator[str]:
        if section not in SINGLE:
            found: Changes[Any] = getattr(self, section)
            yield from (f"{title(section, table)} removed" for table in found.removed)
            yield from (f"{title(section, table)} added" for table in found.added)
        for each in self._changed(section):
            yield from change_lines(section, each)

    def _changed(self, section: str) -> tuple[Change[Any], ...]:
        found = getattr(self, section)
        if isinstance(found, Changes):
            return found.changed
        return () if found is None else (found,)


def difference(old: Settings, new: Settings) -> Difference:
    """What differs in ``new`` from ``old``."""
    smsc = changes(old.smsc, new.smsc, "smsc")
    first, then = old.pool[0].name, new.pool[0].name
    return Difference(
        gate=change(old.gate, new.gate),
        store=change(old.store, new.store),
        admin=change(old.admin, new.admin),
        log=change(old.log, new.log),
        cdr=change(old.cdr, new.cdr),
        peers=change(old.peers, new.peers),
        peer=changes(old.peer, new.peer, "peer"),
        listen=changes(old.listen, new.listen, "listen"),
        esme=changes(old.esme, new.esme, "esme"),
        smsc=smsc,
        pool=changes(old.pool, new.pool, "pool"),
        route=changes(old.route, new.route, "route"),
        rewrite=changes(old.rewrite, new.rewrite, "rewrite"),
        default_pool=None if first == then else (first, then),
        are_routes_moved=_are_moved(old.route, new.route, "route"),
        are_rewrites_moved=_are_moved(old.rewrite, new.rewrite, "rewrite"),
        renamed=tuple(_renamed(smsc, is_tagged=new.gate.message_ids == "tagged")),
    )


def _are_moved(old: tuple[T, ...], new: tuple[T, ...], section: str) -> bool:
    """Whether tables that both have are in another order."""
    before, after = identified(old, section), identified(new, section)
    return [one for one in before if one in after] != [one for one in after if one in before]


def _renamed(
    smsc: Changes[SmscSettings], is_tagged: bool
) -> Iterator[tuple[SmscSettings, SmscSettings]]:
    """Removed SMSCs, each with an added one that is bound to in the same way and loses its ids."""
    added = list(smsc.added)
    for old in smsc.removed:
        same = (new for new in added if _account_at(new) == _account_at(old))
        new = next(same, None)
        if new is None:
            continue
        added.remove(new)
        if old.group_or_name != new.group_or_name or (
            is_tagged and old.tag_or_derived != new.tag_or_derived
        ):
            yield old, new


def _account_at(smsc: SmscSettings) -> tuple[str, str]:
    return smsc.endpoint, smsc.system_id
