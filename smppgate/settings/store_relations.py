"""What values of ``[store]`` cannot be beside each other where the store is in Redis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from smppgate.settings.errors import Problem
from smppgate.settings.passwords import given_places, password_problems
from smppgate.settings.redis_places import RedisUrl, urls_of

PASSWORDS = ("password_file", "password_env")
SENTINEL_PASSWORDS = ("sentinel_password_file", "sentinel_password_env")
"""Where a password may be; in one place at the most."""


def redis_problems(table: Mapping[str, object]) -> Iterator[Problem]:
    """The problems between the values of ``table``."""
    urls = urls_of(table.get("url"))
    yield from _places(table)
    for keys in (PASSWORDS, SENTINEL_PASSWORDS):
        yield from password_problems(table, keys, is_needed=False)
    yield from _beside_urls(table, urls)
    yield from _users(table, urls)


def _places(table: Mapping[str, object]) -> Iterator[Problem]:
    """No place of Redis, or two; a master without a name."""
    url, sentinels = table.get("url"), table.get("sentinels")
    if url and sentinels:
        yield Problem("sentinels", "must not be there beside url: one of both is enough")
    if not url and not sentinels:
        yield Problem("url", "is missing: there must be url or sentinels")
    if sentinels and not table.get("sentinel_master"):
        yield Problem("sentinel_master", "is missing: sentinels know masters by a name")


def _beside_urls(table: Mapping[str, object], urls: Sequence[RedisUrl]) -> Iterator[Problem]:
    """A user or a password that is in a URL too."""
    for key in given_places(table, PASSWORDS):
        if any(url.password for url in urls):
            yield Problem(key, "must not be there beside a password in url")
    if table.get("username") and any(url.username for url in urls):
        yield Problem("username", "must not be there beside a user in url")


def _users(table: Mapping[str, object], urls: Sequence[RedisUrl]) -> Iterator[Problem]:
    """A user without a password: Redis takes none."""
    own = given_places(table, PASSWORDS)
    if table.get("username") and not (own or any(url.password for url in urls)):
        yield Problem("username", f"needs a password: {' or '.join(PASSWORDS)}")
    if table.get("sentinel_username") and not (own or given_places(table, SENTINEL_PASSWORDS)):
        yield Problem("sentinel_username", f"needs a password: {' or '.join(SENTINEL_PASSWORDS)}")
