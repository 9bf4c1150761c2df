"""Pools of SMSCs that take the same messages, and which of their members are in use.

`Pool.rank` decides in one place which members balancers look at, whenever one of them changes; so
what makes a member unable costs a message nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from attrs import frozen

from smppgate.routing.smscs.balancers import Balancer, LeastOutstanding
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Link, Smsc

Choose = Callable[[float, "bytes | None", Sequence[Smsc]], "Smsc | None"]
"""See `Balancer.choose`."""

MakeBalancer = Callable[[], Balancer]

_NONE_TAKEN: Mapping[Link, int] = {}


@frozen
class Share:
    """So many messages of a run go to this link."""

    link: Link
    count: int


class _Tier:
    """Members that take messages side by side: those of a pool, or its backups.

    :ivar able: those that take new messages, if not now.
    :ivar choose: `Balancer.choose` of its balancer; with SMSCs behind the others, see `rank`.
    """

    __slots__ = ("_balancer", "_members", "able", "choose")

    def __init__(self, members: Iterable[Member], balancer: Balancer) -> None:
        self._members = tuple(members)
        self._balancer = balancer
        self.able: tuple[Member, ...] = ()
        self.choose: Choose = balancer.choose

    def rank(self) -> None:
        """Find out which are able, and put those that are doubted now behind all others."""
        self.able = tuple(member for member in self._members if member.is_able)
        self._balancer.arrange(self.able)
        doubted = tuple(member.smsc for member in self.able if member.smsc.is_doubted)
        choose = self._balancer.choose
        self.choose = partial(_doubted_last, choose, doubted) if doubted else choose

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
    :ivar waiting: messages that wait for a member now; counted where they wait.
    :ivar choose: `Balancer.choose` among the active ones.
    """

    __slots__ = ("_tiers", "active", "choose", "hold", "members", "name", "smscs", "waiting")

    def __init__(
        self,
        name: str,
        members: Sequence[Member] = (),
        make_balancer: MakeBalancer = LeastOutstanding,
        hold: float = 0.0,
    ) -> None:
        self.name = name
        self.waiting = 0
        self.members: tuple[Member, ...] = ()
        self.active: tuple[Member, ...] = ()
        self.change(members, make_balancer, hold)

    def __repr__(self) -> str:
        return f"<Pool {self.name} {self.members!r}>"

    def change(
        self, members: Sequence[Member], make_balancer: MakeBalancer, hold: float = 0.0
    ) -> None:
        """Have these members from now on, and choose among them by a balancer that is made anew.

        :param make_balancer: makes one for members, and one for backups.
        """
        for member in self.members:
            if member not in members:
                member.leave()
        self.members, self.hold = tuple(members), hold
        self.smscs = tuple(member.smsc for member in members)
        self._tiers = tuple(
            _Tier((m for m in members if m.is_backup is is_backup), make_balancer())
            for is_backup in (False, True)
        )
        for member in members:
            member.join(self)
        self.rank()

    def leave(self) -> None:
        """The pool is removed: its SMSCs have no seat in it any more."""
        for member in self.members:
            member.leave()

    def rank(self) -> None:
        """Find out which members take messages now; who waits for one that is new is told."""
        for tier in self._tiers:
            tier.rank()
        before, tier = self.active, self._tier()
        self.active, self.choose = tier.able, tier.choose
        for member in self.active:
            if member not in before:
                member.smsc.tell()

    def _tier(self, command_id: int | None = None) -> _Tier:
        members, backups = self._tiers
        if command_id is None:
            return members if members.able else backups
        return members if members.knows(command_id) else backups

    # Choosing

    def chooser(self, command_id: int) -> Choose:
        """`choose` for a request that not all SMSCs know: one that does not is to be ``tried``.

        Backups take those that no able member knows.
        """
        return self._tier(command_id).choose

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
        taken: dict[Link, int] = {}
        chosen: list[Smsc] = []
        for _ in range(count):
            found = link_for(self.choose, now, key, tried, taken)
            if found is None:
                break
            smsc, link = found
            taken[link] = taken.get(link, 0) + 1
            smsc.outstanding += 1
            chosen.append(smsc)
        for smsc in chosen:
            smsc.outstanding -= 1
        return [Share(link, share) for link, share in taken.items()], count - len(chosen)

    def without(self, command_id: int) -> tuple[Smsc, ...]:
        """The SMSCs that do not know the request with this command_id."""
        return tuple(smsc for smsc in self.smscs if command_id not in smsc.commands)

    @property
    def is_up(self) -> bool:
        """Whether any of its members takes messages, if not now."""
        return bool(self.active)

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
    while True:
        smsc = choose(now, key, tried)
        if smsc is None:
            return None
        link = smsc.only_link or smsc.link(taken)
        if link is not None:
            return smsc, link
        # The SMSC has room only on links that are unbinding.
        tried = (*tried, smsc)


def _doubted_last(
    choose: Choose,
    doubted: tuple[Smsc, ...],
    now: float,
    key: bytes | None,
    tried: Sequence[Smsc],
) -> Smsc | None:
    return choose(now, key, (*tried, *doubted)) or choose(now, key, tried)
