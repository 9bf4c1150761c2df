"""The parts of a store of return paths, put together."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from smppgate.store.faults import Faults
from smppgate.store.records import Durability, Limits
from smppgate.store.segments.appending import OpenSegment
from smppgate.store.segments.indexer import Indexer
from smppgate.store.segments.log import Log
from smppgate.store.segments.lookups import Lookups
from smppgate.store.segments.opening import Opening
from smppgate.store.segments.removal import Removal
from smppgate.store.segments.room import Room
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.shelf import Shelf
from smppgate.store.segments.tables import Tables
from smppgate.store.segments.upkeep import Upkeep
from smppgate.store.segments.watch import Append, Watch
from smppgate.store.worker import Workers
from smppgate.txsmpp.clock import Clock


@frozen(kw_only=True)
class Parts:
    """What there is, by the names of the modules."""

    shelf: Shelf
    tables: Tables
    log: Log
    indexer: Indexer
    room: Room
    watch: Watch
    lookups: Lookups
    upkeep: Upkeep
    opening: Opening
    most: int
    """Return paths and ends that memory may have in any case."""


def put_together(
    clock: Clock,
    setting: Setting,
    workers: Workers,
    faults: Faults,
    limits: Limits,
    durability: Durability,
    *,
    closed: Callable[[OpenSegment], None],
    append: Append,
    keeps_marks: Callable[[], bool],
) -> Parts:
    """All parts; the functions are those that `Log`, `Watch` and `Room` call."""
    folder, jobs, sizes = setting.folder, setting.jobs, setting.sizes
    helper = workers.helper
    shelf = Shelf()
    most = 2 * limits.recent + 4 * sizes.piece
    tables = Tables(limits.recent, limits.return_path_ttl, sizes.table)
    bounds = (sizes.segment, sizes.entries)
    log = Log(clock, folder, workers.log, faults, durability, bounds, closed)
    removal = Removal(folder, workers.finder, helper)
    indexer = Indexer(folder, shelf, log, tables, jobs, helper, removal, sizes.piece, most)
    room = Room(
        clock, folder, shelf, log, tables, jobs, helper, removal, limits, sizes, keeps_marks
    )
    watch = Watch(clock, folder, shelf, log, tables, room, workers.keeper, faults, append)
    finder, lifetime = workers.finder, limits.return_path_ttl
    return Parts(
        shelf=shelf,
        tables=tables,
        log=log,
        indexer=indexer,
        room=room,
        watch=watch,
        lookups=Lookups(clock, folder, shelf, tables, watch, finder, faults, lifetime),
        upkeep=Upkeep(clock, faults, (room.next, indexer.next)),
        opening=Opening(clock, folder, shelf, log, tables, indexer, finder, faults, limits, sizes),
        most=most,
    )
