"""Pools of SMSCs that take the same messages, and which of their members are in use.

`Pool.rank` decides in one place which members balancers look at, whenever one of them changes; so
what makes a member unable costs a message nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from smppgate.routing.smscs.balancers import Balancer, LeastOutstanding, Rendezvous
from smppgate.routing.smscs.balancers.balancer import one_by_one
from smppgate.routing.smscs.health.ejection import PoolHealth
from smppgate.routing.smscs.keys import Key, by_replacement
from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc

Choose = Callable[[float, "bytes | None", Sequence[Smsc]], "Smsc | None"]
"""See `Balancer.choose`."""

ShareOut = Callable[[int, float], dict[Smsc, int]]
"""See `Balancer.share_out`."""

MakeBalancer = Callable[[], Balancer]

_NONE_TAKEN: Mapping[Link, int] = {}


class Share(NamedTuple):
    """So many messages of a run go to this link of this SMSC."""

    smsc: Smsc
    link: Link
    size: int


class _Tier:
    """Members that take messages side by side: those of a pool, or its backups.

    :ivar able: those that take new messages, if not now.
    :ivar choose: `Balancer.choose` of its balancer; with SMSCs behind the others, see `rank`.
    :ivar share_out: `Balancer.share_out`; who is doubted gets what the others have no room for.
    :ivar rendezvous: chooses for messages that have a key.
    """

    __slots__ = ("_balancer", "_members", "able", "choose", "rendezvous", "share_out")

    def __init__(self, members: Iterable[Member], balancer: Balancer) -> None:
        self._members = tuple(members)
        self._balancer = balancer
        self.rendezvous = Rendezvous()
        self.able: tuple[Member, ...] = ()
        self.choose: Choose = balancer.choose
        self.share_out: ShareOut = balancer.share_out

    def rank(self) -> None:
        """Find out which are able, and put those that are doubted now behind all others."""
        self.able = tuple(member for member in self._members if member.is_able)
        self._balancer.arrange(self.able)
        doubted = tuple(member.smsc for member in self.able if member.smsc.is_doubted)
        self.choose, self.share_out = self._balancer.choose, self._balancer.share_out
        if doubted:
            self.choose = partial(_doubted_last, self.choose, doubted)
            self.share_out = partial(one_by_one, self.choose)
        # Equal keys go to one SMSC: none of them is sent to one that is doubted because another
        # is full.
        sound = tuple(member for member in self.able if member.smsc not in doubted)
        self.rendezvous.arrange(sound or self.able)

    def knows(self, command_id: int) -> bool:
        """Whether an able member knows the request with this command_id."""
        return any(command_id in member.smsc.commands for member in self.able)


class Pool:
    """SMSCs that take the same messages.

    Its members take them while any of them is able; while none is, its backups do.

    :param name: as configured.
    :ivar members: its seats, backups among them, in the order of the configuration.
    :ivar smscs: those of its members.
    :ivar active: the members that take messages: the able ones that are no backups, or else the
        able backups.
    :ivar hold: seconds that a message may wait until a member takes it; 0: it does not wait.
    :ivar key: gives the keys of messages; by default those that replace others have one.
    :ivar has_keys: whether any message may have a key that makes a difference.
    :ivar is_limited: whether an active member may be sent only so many messages a second.
    :ivar is_removed: whether a reload has taken it away: nothing new is for it.
    :ivar keys_all: whether one that `stands_alone` may have one too.
    :ivar ranked: how often others were able or doubted, or weights changed; the SMSC of a key may
        be another then.
    :ivar watcher: called when it may have become able, or not able any more; None where nobody
        wants to know.
    :ivar waiting: messages that wait for a member now; counted where they wait.
    :ivar choose: `Balancer.choose` among the active ones, for messages without a key.
    :ivar health: which members are ejected, and what is tried again.
    """

    __slots__ = (
        "_ranking",
        "_seats",
        "_share_out",
        "_tiers",
        "active",
        "choose",
        "has_keys",
        "health",
        "hold",
        "is_limited",
        "is_removed",
        "key",
        "keys_all",
        "members",
        "name",
        "ranked",
        "smscs",
        "waiting",
        "watcher",
    )

    def __init__(
        self,
        name: str,
        members: Sequence[Member] = (),
        make_balancer: MakeBalancer = LeastOutstanding,
        hold: float = 0.0,
        key: Key = by_replacement,
    ) -> None:
        self.name = name
        self.is_removed = False
        self.waiting = 0
        self.ranked = 0
        self.watcher: Callable[[], None] | None = None
        self.health = PoolHealth()
        self.members: tuple[Member, ...] = ()
        self.active: tuple[Member, ...] = ()
        self._ranking: list[tuple[Member, float, bool]] = []
        self.change(members, make_balancer, hold, key)

    def __repr__(self) -> str:
        return f"<Pool {self.name} {self.members!r}>"

    def change(
        self,
        members: Sequence[Member],
        make_balancer: MakeBalancer,
        hold: float = 0.0,
        key: Key = by_replacement,
    ) -> None:
        """Have these members from now on, and choose among them by a balancer that is made anew.

        :param make_balancer: makes one for members, and one for backups.
        """
        for member in self.members:
            if member not in members:
                member.leave()
        self.members, self.hold, self.key = tuple(members), hold, key
        self.has_keys = len(members) > 1
        self.keys_all = self.has_keys and key is not by_replacement
        self.smscs = tuple(member.smsc for member in members)
        self._seats = {member.smsc: member for member in members}
        self.health.members = self.members
        self._tiers = tuple(
            _Tier((m for m in members if m.is_backup is is_backup), make_balancer())
            for is_backup in (False, True)
        )
        for member in members:
            member.join(self)
        self.rank()

    def leave(self) -> None:
        """The pool is removed: its SMSCs have no seat in it any more."""
        self.is_removed = True
        for member in self.members:
            member.leave()

    def rank(self) -> None:
        """Find out which members take messages now; who waits for one that is new is told."""
        for tier in self._tiers:
            tier.rank()
        tier = self._tier()
        self.active, self.choose, self._share_out = tier.able, tier.choose, tier.share_out
        self.is_limited = any(member.smsc.limits is not None for member in self.active)
        before = self._ranking
        # Keys go by what is doubted, too: one that is leaves them to the others.
        self._ranking = [
            (each, each.weight, each.smsc.is_doubted) for tier in self._tiers for each in tier.able
        ]
        if self._ranking != before:
            self.ranked += 1
            # What waits for one that left may wait for another now.
            for smsc in self.smscs:
                smsc.tell()
        if self.watcher is not None:
            self.watcher()

    def _tier(self, command_id: int | None = None) -> _Tier:
        members, backups = self._tiers
        if command_id is None:
            return members if members.able else backups
        return members if members.knows(command_id) else backups

    # Choosing

    def chooser(self, command_id: int, key: bytes | None) -> Choose:
        """`choose` for a message with a key, or a request that not all SMSCs know.

        SMSCs that do not know it are to be ``tried``. Backups take those that no able member
        knows.
        """
        tier = self._tier(command_id)
        return tier.choose if key is None else tier.rendezvous.choose

    def home(self, command_id: int, key: bytes, tried: Sequence[Smsc]) -> Smsc | None:
        """The SMSC of the messages with ``key``; None while there is none that is able.

        :param tried: SMSCs that do not count.
        """
        return self._tier(command_id).rendezvous.home(key, tried)

    def assign(
        self, count: int, now: float, key: bytes | None = None, tried: Sequence[Smsc] = ()
    ) -> tuple[list[Share], int]:
        """Which links the next ``count`` messages go to, and for how many there is no room now.

        It is as if each were chosen for and sent, one after the other. Nothing is counted yet:
        that is done by sending.

        :param now: seconds on the monotonic clock.
        :param key: what they have in common if they go to one SMSC; see `Balancer.choose`.
        :param tried: SMSCs that may not be chosen.
        """
        shares, left = [], count
        if key is None and not tried and self.allows(count, now):
            for smsc, part in self._share_out(count, now).items():
                if smsc.only_link is not None:
                    shares.append(Share(smsc, smsc.only_link, part))
                    left -= part
                    continue
                for link, share in smsc.share_out(part).items():
                    shares.append(Share(smsc, link, share))
                    left -= share
        return self._assigned(left, now, key, tried, shares) if left else (shares, 0)

    def _assigned(
        self,
        count: int,
        now: float,
        key: bytes | None,
        tried: Sequence[Smsc],
        shares: list[Share],
    ) -> tuple[list[Share], int]:
        """`assign` of ``count`` messages one by one, beside ``shares``."""
        choose = self.choose if key is None else self._tier().rendezvous.choose
        taken = {link: share for _, link, share in shares}
        smscs = {link: smsc for smsc, link, _ in shares}
        for smsc, _, share in shares:
            smsc.outstanding += share
        while count and (found := link_for(choose, now, key, tried, taken)) is not None:
            smsc, link = found
            taken[link] = taken.get(link, 0) + 1
            smscs[link] = smsc
            smsc.outstanding += 1
            count -= 1
        for link, smsc in smscs.items():
            smsc.outstanding -= taken[link]
        return [Share(smsc, link, taken[link]) for link, smsc in smscs.items()], count

    def allows(self, count: int, now: float) -> bool:
        """Whether ``count`` messages, whichever members take them, reach none of their limits."""
        return not self.is_limited or all(
            member.smsc.limits.allow(count, now)
            for member in self.active
            if member.smsc.limits is not None
        )

    def seat_of(self, smsc: Smsc) -> Member | None:
        """The seat of ``smsc``; None where it has none here."""
        return self._seats.get(smsc)

    def without(self, command_id: int) -> tuple[Smsc, ...]:
        """The SMSCs that do not know the request with this command_id."""
        return tuple(smsc for smsc in self.smscs if command_id not in smsc.commands)

    @property
    def is_up(self) -> bool:
        """Whether any of its members takes messages, if not now."""
        return bool(self.active)

    def utilization(self, now: float) -> float:
        """How much of what its active members can take they have, 0 to 1; 1 without any."""
        capacity = sum(member.smsc.capacity for member in self.active)
        if not capacity:
            return 1.0
        smscs = (member.smsc for member in self.active)
        return sum(smsc.utilization(now) * smsc.capacity for smsc in smscs) / capacity

    def able(self, command_id: int, tried: Sequence[Smsc] = ()) -> bool:
        """Whether a member takes this command, if not now.

        :param tried: SMSCs that do not count.
        """
        return any(
            command_id in member.smsc.commands and member.smsc not in tried
            for member in self._tier(command_id).able
        )


def link_for(
    choose: Choose,
    now: float,
    key: bytes | None,
    tried: Sequence[Smsc],
    taken: Mapping[Link, int] = _NONE_TAKEN,
) -> tuple[Smsc, Link] | None:
    """The SMSC and the link for the next message; None without room.

    :param choose: of a pool.
    :param taken: messages that are to be sent on links before this one.
    """
    return link_on(choose(now, key, tried), choose, now, key, tried, taken)


def link_on(
    smsc: Smsc | None,
    choose: Choose,
    now: float,
    key: bytes | None,
    tried: Sequence[Smsc],
    taken: Mapping[Link, int] = _NONE_TAKEN,
) -> tuple[Smsc, Link] | None:
    """The same with the SMSC that was chosen, or with another where there is no ``key``."""
    while smsc is not None:
        link = smsc.only_link or smsc.link(now, taken)
        if link is not None and not (taken and _is_dry_after(smsc, link, taken, now)):
            return smsc, link
        # The SMSC has room only on links that are held or unbinding, or may be sent nothing now.
        if key is not None:
            return None
        tried = (*tried, smsc)
        smsc = choose(now, key, tried)
    return None


def _is_dry_after(smsc: Smsc, link: Link, taken: Mapping[Link, int], now: float) -> bool:
    """Whether its limits let it have nothing more on ``link`` once ``taken`` is sent."""
    return smsc.limits is not None and link in smsc.limits.dry_after(taken, now)


def _doubted_last(
    choose: Choose,
    doubted: tuple[Smsc, ...],
    now: float,
    key: bytes | None,
    tried: Sequence[Smsc],
) -> Smsc | None:
    return choose(now, key, (*tried, *doubted)) or choose(now, key, tried)
