"""What the windows of accounts add up to, against those of the SMSCs that take their messages."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from smppgate.settings.model import Settings


@attrs.frozen
class PoolWindows:
    """The unanswered requests that both sides of one pool allow.

    :ivar accounts: accounts that use the pool and are judged by the gate.
    :ivar asked: what they may have open with one session each.
    :ivar most: what they may have open with ``max_binds`` sessions each.
    :ivar taken: what the SMSCs of the pool take at one time.
    """

    name: str
    accounts: int
    asked: int
    most: int
    taken: int


def pool_windows(settings: Settings) -> Iterator[PoolWindows]:
    """The windows of each pool, in the order of the configuration.

    Of none where there are routes: any account may use any pool.
    """
    if settings.route:
        return
    capacity = {smsc.name: smsc.sessions * smsc.window for smsc in settings.smsc}
    for pool in settings.pool:
        users = [
            esme
            for esme in settings.esme
            # A bind that is passed through has an SMSC session of its own.
            if esme.auth == "gate" and (esme.pool or settings.pool[0].name) == pool.name
        ]
        yield PoolWindows(
            pool.name,
            len(users),
            sum(esme.window for esme in users),
            sum(esme.window * esme.max_binds for esme in users),
            sum(capacity[name] for name in pool.names),
        )


def window_warnings(settings: Settings) -> Iterator[str]:
    """Pools that cannot take what their accounts may send, although each has one session only.

    Where messages wait, that is as it should be.
    """
    status = settings.gate.no_member_status
    for index, pool in enumerate(pool_windows(settings)):
        if pool.taken and pool.asked > pool.taken and not settings.pool[index].hold:
            yield (
                f"pool[{index}]: the windows of its {_accounts(pool)} add up to {pool.asked} "
                f"({pool.most} with all max_binds), those of its SMSCs to {pool.taken}; requests "
                f"beyond that are answered 0x{status:02X}"
            )


def window_notes(settings: Settings) -> Iterator[str]:
    """A line for each pool that cannot take what its accounts may send with all their sessions."""
    for index, pool in enumerate(pool_windows(settings)):
        hold = settings.pool[index].hold
        if pool.taken < pool.most and (hold or pool.asked <= pool.taken):
            others = f"; the others wait, up to {hold:g} s each" if hold else ""
            yield (
                f"pool {pool.name}: with all max_binds bound its {_accounts(pool)} may have "
                f"{pool.most} requests open, its SMSCs take {pool.taken}{others}"
            )


def _accounts(pool: PoolWindows) -> str:
    return f"{pool.accounts} account{'' if pool.accounts == 1 else 's'}"
