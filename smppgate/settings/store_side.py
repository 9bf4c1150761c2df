"""The table ``[store]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import Seconds, Several, Whole
from smppgate.settings.errors import Problem
from smppgate.settings.nested import Nested
from smppgate.settings.passwords import (
    KeptPassword,
    PasswordFile,
    in_environment,
    secret_of,
)
from smppgate.settings.redis_places import RedisUrl, SentinelPlace, ServerUrls
from smppgate.settings.store_checks import (
    REDIS,
    REDIS_PASSWORD,
    KeyPrefix,
    Patience,
    RedisUser,
    Replicas,
    StoreKind,
)
from smppgate.settings.store_relations import redis_problems
from smppgate.settings.store_tls import StoreTlsSettings
from smppgate.settings.tables import Table, setting
from smppgate.settings.takes import Takes
from smppgate.settings.texts import Choice, Name
from smppgate.settings.tls import inner_problems


@attrs.frozen
class StoreSettings(Table):
    """``[store]``: how the gate keeps return paths and queued messages."""

    kind: str = attrs.field(
        default="disk",
        metadata=setting(
            StoreKind(("disk", "memory", REDIS, "sqlite")),
            'Where it is kept: "disk" is state_dir; "memory" is lost when the gate ends; "redis" '
            'is shared by several nodes, see docs/redis.md. "sqlite" is the name that "disk" had '
            "before.",
            takes=Takes.AT_RESTART,
        ),
    )
    durability: str = attrs.field(
        default="process",
        metadata=setting(
            Choice(("none", "process", "disk")),
            "What the return path of a message survives once its ESME has got its id: "
            '"process" the loss of the gate, by kill -9 too; "disk" the loss of power too; with '
            '"none" no write is waited for, and the last ones are lost with the gate. Each '
            "message that asked for a receipt, or whose account has queries = true, costs a "
            "write.",
            takes=Takes.AT_RESTART,
        ),
    )
    return_paths: int = attrs.field(
        default=0,
        metadata=setting(
            Whole(0, 1_000_000_000),
            "How many return paths are kept: one for each message that may get a receipt or be "
            "queried. Beyond it the oldest are forgotten, a sixteenth of them, or 1024, at a "
            "time. 0 sets no such limit. Each of several workers has its part.",
            "return paths",
            former_key="routes",
            takes=Takes.AT_RESTART,
        ),
    )
    return_paths_disk: int = attrs.field(
        default=16 << 30,
        metadata=setting(
            Whole(16 << 20, 1 << 50),
            "How much room they may take on disk, those of all workers together. When it is "
            "short, those that have had their final receipt go first, then the oldest. Each of "
            "several workers has its part; what is left over from workers that there are no more "
            "has what they leave.",
            "octets",
            takes=Takes.AT_RESTART,
        ),
    )
    return_paths_in_memory: int = attrs.field(
        default=1_000_000,
        metadata=setting(
            Whole(1, 100_000_000),
            'How many of them, the newest, are found without reading the disk; "memory" has all '
            "there. Each of several workers has its part.",
            "return paths",
            former_key="routes_in_memory",
            takes=Takes.AT_RESTART,
        ),
    )
    return_path_ttl: float = attrs.field(
        default=259_200.0,
        metadata=setting(
            Seconds(),
            "How long each of them is kept.",
            "seconds",
            former_key="route_ttl",
            takes=Takes.AT_RESTART,
        ),
    )
    receipted_ttl: float = attrs.field(
        default=3600.0,
        metadata=setting(
            Seconds(),
            "How long it is kept after the ESME has taken a final receipt, for another receipt or "
            "a query; for a submit_multi or a message_payload return_path_ttl counts. At more "
            "than some 200 receipts a second a shorter time saves memory and disk.",
            "seconds",
            takes=Takes.AT_RESTART,
        ),
    )
    url: tuple[RedisUrl, ...] = attrs.field(
        default=(),
        metadata=setting(
            ServerUrls(),
            "Where Redis is, with a password where it needs one: "
            "`redis://USER:PASSWORD@HOST:6379/0`. Of several servers each has a part of what is "
            "kept; all nodes have the same list.",
            takes=Takes.AT_RESTART,
        ),
    )
    sentinels: tuple[str, ...] = attrs.field(
        default=(),
        metadata=setting(
            Several(SentinelPlace()),
            "Instead of url: who knows which server is the master, and sees to it that there is "
            "one.",
            takes=Takes.AT_RESTART,
        ),
    )
    sentinel_master: str = attrs.field(
        default="",
        metadata=setting(
            Name(optional=True),
            "What the sentinels call the master.",
            takes=Takes.AT_RESTART,
        ),
    )
    username: str = attrs.field(
        default="",
        metadata=setting(
            RedisUser(),
            "The user of Redis' access control lists, instead of one in url; empty: its default "
            "user.",
            takes=Takes.AT_RESTART,
        ),
    )
    password_file: KeptPassword | None = attrs.field(
        default=None,
        metadata=setting(
            PasswordFile(octets=REDIS_PASSWORD),
            "Instead of a password in url: a file that has it. A relative path counts from the "
            "folder of the configuration.",
            takes=Takes.AT_RESTART,
        ),
    )
    password_env: KeptPassword | None = attrs.field(
        default=None, metadata=in_environment(Takes.AT_RESTART, REDIS_PASSWORD)
    )
    sentinel_username: str = attrs.field(
        default="",
        metadata=setting(
            RedisUser(),
            "The user of the sentinels' own access control lists; empty: their default user.",
            takes=Takes.AT_RESTART,
        ),
    )
    sentinel_password_file: KeptPassword | None = attrs.field(
        default=None,
        metadata=setting(
            PasswordFile(octets=REDIS_PASSWORD),
            "A file that has the password of the sentinels. Without it, and without "
            "sentinel_password_env, those that ask for a password get that of the servers.",
            takes=Takes.AT_RESTART,
        ),
    )
    sentinel_password_env: KeptPassword | None = attrs.field(
        default=None, metadata=in_environment(Takes.AT_RESTART, REDIS_PASSWORD)
    )
    wait_replicas: int | None = attrs.field(
        default=None,
        metadata=setting(
            Replicas(0, 16),
            "How many replicas must have what an answer waits for. With 0, what the master alone "
            "had is lost when another takes its place.",
            "replicas",
            takes=Takes.AT_RESTART,
        ),
    )
    patience: float = attrs.field(
        default=0.25,
        metadata=setting(
            Patience(),
            "How long an answer waits for Redis. After that its return path is in state_dir, and "
            "goes to Redis when that answers again.",
            "seconds",
            takes=Takes.AT_RESTART,
        ),
    )
    prefix: str = attrs.field(
        default="smppgate:",
        metadata=setting(
            KeyPrefix(),
            "What all keys in Redis begin with: the same on all nodes of a gate, and another for "
            "each gate.",
            takes=Takes.AT_RESTART,
        ),
    )
    tls: StoreTlsSettings | None = attrs.field(
        default=None,
        metadata=setting(Nested(StoreTlsSettings), "TLS, see below.", takes=Takes.AT_RESTART),
    )

    @property
    def is_redis(self) -> bool:
        """Whether Redis has what is kept."""
        return self.kind == REDIS

    @property
    def replicas(self) -> int:
        """How many replicas are waited for."""
        return int(bool(self.sentinels)) if self.wait_replicas is None else self.wait_replicas

    @property
    def password(self) -> str:
        """That of the file, or of the variable; empty where there is neither."""
        return _text(secret_of(None, self.password_file, self.password_env))

    @property
    def sentinel_password(self) -> str:
        """The sentinels' own; empty where none is given."""
        return _text(secret_of(None, self.sentinel_password_file, self.sentinel_password_env))

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """What cannot be beside each other; TLS that cannot be used."""
        yield from inner_problems(StoreTlsSettings, table.get("tls"))
        if table.get("kind") == REDIS:
            yield from redis_problems(table)


def _text(octets: str) -> str:
    """The text that ``octets``, one a character, are in UTF-8, which Redis' tools write."""
    return octets.encode("latin-1").decode(errors="surrogateescape")
