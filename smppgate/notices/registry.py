"""All notices, by the ranges of their codes."""

from __future__ import annotations

from types import ModuleType

from attrs import frozen

from smppgate.notices import (
    esmes,
    messages,
    peers,
    process,
    program,
    redis,
    smscs,
    store,
    workers,
)
from smppgate.txsmpp import notices as sessions
from smppgate.txsmpp.notice import Notice

_MODULES = (sessions, smscs, esmes, messages, store, redis, process, peers, program, workers)


@frozen
class Group:
    """A range of codes.

    :ivar begin: what each of them begins with.
    """

    begin: str
    about: str


GROUPS = (
    Group("SG-1", "links, SMSCs and pools"),
    Group("SG-2", "listeners, and sessions of ESMEs"),
    Group("SG-3", "messages, and queues of accounts"),
    Group("SG-4", "the store, and files of messages"),
    Group("SG-5", "the configuration, and reloads"),
    Group("SG-6", "the process, its log, and operators"),
    Group("SG-7", "programs that use smppgate.txsmpp"),
    Group("SG-8", "the other nodes of a gate"),
    Group("SG-9", "mistakes in the program"),
)


def constants(module: ModuleType) -> dict[str, Notice]:
    """The notices of ``module``, by the names of their constants."""
    return {name: it for name, it in vars(module).items() if isinstance(it, Notice)}


NAMED: tuple[tuple[str, Notice], ...] = tuple(
    sorted(
        (named for module in _MODULES for named in constants(module).items()),
        key=lambda named: named[1].code,
    )
)
"""Each notice with the name of its constant, in the order of codes."""

NOTICES = tuple(notice for _, notice in NAMED)


def notice_of(code: str) -> Notice | None:
    """The notice with this code, whose letters may be small; None where there is none."""
    wanted = code.upper()
    return next((notice for notice in NOTICES if notice.code == wanted), None)
