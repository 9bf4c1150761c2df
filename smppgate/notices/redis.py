"""SG-44…: a store in Redis."""

from smppgate.txsmpp.notice import Notice

REDIS_UNREACHED = Notice(
    code="SG-4401",
    name="Redis is not reached",
    level="error",
    text="{server} is not reached: {error}. Messages are forwarded all the same; it is tried "
    "again and again",
    meaning="Return paths of answered messages lie in `state_dir` of this node and go to Redis "
    "when it answers; another line says so. Until then receipts of messages of other nodes that "
    "these cannot be asked for, and messages for ESMEs that are not bound, are answered "
    "`undelivered_status`: their SMSC sends them again.",
    cause="Redis has ended, is frozen or overloaded, its machine or the network is gone, or "
    "sentinels are about to put another master in its place.",
    remedy="Look at Redis: `redis-cli -h HOST ping`, its log, `SLOWLOG GET`, "
    "`LATENCY DOCTOR`; with sentinels `SENTINEL MASTER NAME`. See `state().store` for what waits.",
)

REDIS_LACKS_REPLICAS = Notice(
    code="SG-4402",
    name="too few replicas",
    level="error",
    text="{server}: too few replicas have what is kept, fewer than `wait_replicas`",
    meaning="Answers no longer wait for Redis: return paths lie in `state_dir` of this node as "
    "well, until there are enough replicas. Messages for ESMEs that are not bound are answered "
    "`undelivered_status`.",
    cause="A replica has ended, is being filled, or is too slow; or there never was one. Or "
    "Sentinels have put it in the place of a master that lives on, and is a replica 10 s later.",
    remedy="`redis-cli info replication` tells which replicas there are. Bring one back, or set "
    "`wait_replicas` to how many there are to be.",
)

REDIS_UNFIT = Notice(
    code="SG-4403",
    name="Redis must not be used as it is",
    level="critical",
    text="{server} must not be used as it is: {error}",
    meaning="The gate does not use it, and goes on as if it were not reached. At the start of a "
    "gate it ends instead.",
    cause="Its maxmemory-policy lets it throw away keys, it is older than version 7, or it "
    "refuses the user, the password, or the database. Or all Sentinels refuse user and password.",
    remedy="Do what the line says. `CONFIG SET maxmemory-policy noeviction` does it while Redis "
    "runs; write it into `redis.conf` of the replicas too. Users are not replicated either, and "
    "what `ACL SETUSER` alone has made is gone after a restart.",
)

REDIS_REFUSES = Notice(
    code="SG-4404",
    name="Redis refuses what it is asked",
    level="error",
    text="{server} is refused by Redis: {error}",
    meaning="What it was asked for is not done. Return paths lie in `state_dir` of this node "
    "until it is; messages that were to be queued are answered `undelivered_status`.",
    cause="Most often OOM: what it has is as much as its `maxmemory`. NOREPLICAS: it has fewer "
    "replicas than its `min-replicas-to-write`. NOPERM: its user lacks a right.",
    remedy="Give Redis more memory; `smppgate check` tells how much return paths take. A shorter "
    "`receipted_ttl` or `return_path_ttl` needs less. Bring a replica back. docs/redis.md has the "
    "rights that a user needs.",
)

PATHS_UNCONFIRMED = Notice(
    code="SG-4405",
    name="answers without Redis",
    level="warn",
    text="{count} messages were answered whose return paths Redis had not confirmed in time; they "
    "are in {folder}, and go to Redis when it takes them",
    meaning="A receipt of theirs finds its way by this node alone until then. If this node's disk "
    "is lost before, its receipt goes by its number.",
    cause="Redis was slower than `patience`, or not there: SG-4401 or SG-4402 has come before.",
    remedy="As for these. If it comes alone and again: a longer `patience`, or a faster network.",
)
