"""The table ``[[pool]]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import Part, Seconds, Several, Whole
from smppgate.settings.errors import Problem
from smppgate.settings.members import (
    Members,
    MemberSettings,
    names_in,
    repeated,
)
from smppgate.settings.tables import (
    Table,
    setting,
)
from smppgate.settings.texts import Choice, Name


@attrs.frozen
class PoolSettings(Table):
    """``[[pool]]``: SMSCs among which messages are balanced."""

    name: str = attrs.field(
        metadata=setting(Name(), "What accounts call it; no two pools share one.")
    )
    members: tuple[str | MemberSettings, ...] = attrs.field(
        metadata=setting(
            Members(minimum=1), "The SMSCs in it; a table gives one a weight of its own here."
        )
    )
    backup: tuple[str | MemberSettings, ...] = attrs.field(
        default=(),
        metadata=setting(
            Members(),
            "SMSCs that take its messages while no member is able: up, not drained, of a weight "
            "that is not 0. They do not help out where members are full.",
        ),
    )
    balance: str = attrs.field(
        default="least_outstanding",
        metadata=setting(
            Choice(("least_outstanding", "round_robin", "p2c", "peak_ewma", "hash")),
            "Who gets the next message: the member with the fewest unanswered requests for its "
            "weight; each in turn as often as its weight says; the less loaded of two that chance "
            "picks; the one that answers soonest; or always the same one for equal hash_on.",
        ),
    )
    hash_on: str = attrs.field(
        default="destination",
        metadata=setting(
            Choice(("destination", "source", "account")),
            'What messages have in common that go to one member, with balance = "hash".',
        ),
    )
    hold: float = attrs.field(
        default=5.0,
        metadata=setting(
            Seconds(zero=True),
            "How long a message waits at the most while no member can take it. Then it is "
            "answered 0x58 if a member is up, else no_member_status; one that a member has turned "
            "down before, with that answer. 0 answers at once, with no_member_status.",
            "seconds",
        ),
    )
    retry_on: tuple[int, ...] = attrs.field(
        default=(0x08, 0x14, 0x58, 0x64),
        metadata=setting(
            Several(Whole(1, 0xFFFF_FFFF, hexadecimal=True)),
            "Answers of a member after which another one is tried, if there is one that can take "
            "the message. The ESME hears the last answer.",
            "command_status",
        ),
    )
    max_attempts: int = attrs.field(
        default=3,
        metadata=setting(
            Whole(1, 1000),
            "How often a message is sent altogether; 1 never tries again. Of a pool's messages "
            "one in five is tried again at the most, or 10 a second if that is more.",
            "attempts",
        ),
    )
    on_link_loss: str = attrs.field(
        default="answer",
        metadata=setting(
            Choice(("answer", "resubmit")),
            'What becomes of messages that a link is lost with: "answer" is 0x08 to the ESME, '
            'which decides; "resubmit" sends them again, like retry_on. The SMSC may have taken '
            "them before: then they are delivered twice.",
        ),
    )
    max_errors: int = attrs.field(
        default=5,
        metadata=setting(
            Whole(0, 1_000_000),
            "A member is ejected, which takes no new messages then, after this many 0x08, 0x64, "
            "timeouts and link losses in a row; and if it fails far more often than the others, "
            "or gives no answers while they do. Never the last one that is able. With 0 none is "
            "ever ejected.",
            "errors",
        ),
    )
    eject_time: float = attrs.field(
        default=30.0,
        metadata=setting(
            Seconds(),
            "How long a member is ejected for the first time; then twice as long, three times, "
            "up to 300. After 300 in service, one time less counts.",
            "seconds",
        ),
    )
    max_ejected: float = attrs.field(
        default=0.5,
        metadata=setting(
            Part(),
            "The part of the members, backups among them, that may be ejected at one time; always "
            "one.",
        ),
    )
    slow_start: float = attrs.field(
        default=10.0,
        metadata=setting(
            Seconds(zero=True),
            "How long a member that comes back takes to have its whole weight again, from a tenth "
            "of it on.",
            "seconds",
        ),
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Its SMSCs: members first, then backups."""
        everyone = (*names_in(self.members), *names_in(self.backup))
        return tuple(name for _, name in everyone)

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """An SMSC that is a member and a backup."""
        return repeated(table.get("members"), table.get("backup"))
