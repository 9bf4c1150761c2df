"""The settings of the store: where Redis is, what it is told, and that no password is shown."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.surroundings import surroundings_warnings
from smppgate.settings import (
    Settings,
    SettingsError,
    StoreSettings,
    load,
    parse,
    store_checks,
    warnings,
)
from smppgate.settings.change_texts import change_lines
from smppgate.settings.changes import change, keys_taking
from smppgate.settings.keeping import keeping_notes
from smppgate.settings.redis_places import RedisUrl, place_of
from smppgate.settings.takes import Takes
from tests.certificates import Pair
from tests.settings import documents

SECRET = documents.PASSWORD
URL = "redis://10.0.0.5:6379/0"
SENTINELS = {"sentinels": ["10.0.0.5:26379"], "sentinel_master": "smppgate"}


def document(**store: Any) -> dict[str, Any]:
    return documents.minimal() | {"store": {"kind": "redis"} | store}


def read(**store: Any) -> Settings:
    return parse(documents.toml(document(**store)))


def errors_of(found: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(documents.toml(found))
    assert SECRET not in str(caught.value)
    return caught.value.errors


def advice(**store: Any) -> list[str]:
    return [line for line in warnings(read(**store)) if line.startswith(("store", "peers"))]


def test_a_server() -> None:
    store = read(url=f"rediss://gate:{SECRET}@cache:6380/2").store
    (url,) = store.url
    assert (url.host, url.port, url.database, url.is_tls) == ("cache", 6380, 2, True)
    assert (url.username, url.password) == ("gate", SECRET)
    assert (store.patience, store.prefix, store.replicas) == (0.25, "smppgate:", 0)


def test_what_a_url_leaves_out() -> None:
    (url,) = read(url="redis://cache").store.url
    assert (url.host, url.port, url.database, url.is_tls) == ("cache", 6379, 0, False)
    assert (url.username, url.password) == ("", "")


def test_several_servers() -> None:
    urls = ["redis://a:1/0", "redis://a:2/0", "redis://[::1]/1"]
    assert [str(url) for url in read(url=urls).store.url] == urls


def test_sentinels() -> None:
    store = read(sentinels=["10.0.0.5:26379", "[::1]:1"], sentinel_master="smppgate").store
    assert [place_of(text) for text in store.sentinels] == [("10.0.0.5", 26379), ("::1", 1)]
    assert store.replicas == 1
    assert read(sentinels=["a:1"], sentinel_master="m", wait_replicas=0).store.replicas == 0


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://cache", "must begin with redis:// or rediss://"),
        ("cache:6379", "must begin with redis:// or rediss://"),
        ("redis://", "must have a host"),
        (f"redis://:{SECRET}@:6379", "must have a host"),
        ("redis://cache:99999", "must be redis://HOST:PORT/DATABASE"),
        ("redis://cache:0", "must have a port from 1 to 65535"),
        (f"redis://:{SECRET}/x@cache:6379", "must be redis://HOST:PORT/DATABASE"),
        (f"redis://u:1/{SECRET}@cache", "must have nothing behind the host"),
        (f"redis://u:1?{SECRET}@cache", "must have nothing behind the host"),
        (f"redis://u:1#{SECRET}@cache", "must have nothing behind the host"),
        (f"redis://{SECRET} @cache", "must have no spaces and control characters"),
        ("redis://cache/db", "must have nothing behind the host"),
        ("unix:///run/redis.sock", "must begin with redis:// or rediss://"),
    ],
)
def test_what_is_no_url_is_told_without_it(url: str, fault: str) -> None:
    (error,) = errors_of(document(url=url))
    assert error.startswith(f"store.url: {fault}")
    (error,) = errors_of(document(url=[URL, url]))
    assert error.startswith(f"store.url[1]: {fault}")


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_any_text_is_a_url_or_has_a_fault(text: str) -> None:
    found = RedisUrl.read(f"redis://:{SECRET}{text}")
    assert found.faults or found.host
    assert SECRET not in repr(found)
    assert SECRET not in str(found)
    assert not any(SECRET in fault for fault in found.faults)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1))
def test_a_password_may_have_any_characters(password: str) -> None:
    found = RedisUrl.read(f"redis://u:{quote(password, safe='')}@cache:1/5")
    assert not found.faults
    assert (found.password, found.host, found.port, found.database) == (password, "cache", 1, 5)


def test_all_is_told_at_once() -> None:
    found = document(
        url=3,
        sentinels=["a b", f"redis://:{SECRET}@a:1"],
        patience=2.0,
        prefix="a b",
        wait_replicas=-1,
    )
    found["gate"] = {"workers": 2}
    assert errors_of(found) == (
        "store.url: must be a string or an array, not an integer",
        "store.sentinels[0]: must be HOST:PORT, not 'a b'",
        "store.sentinels[1]: must be HOST:PORT, not a URL",
        "store.wait_replicas: must be at least 0, not -1",
        "store.patience: must be from 0.05 to 0.75, not 2.0",
        "store.prefix: must be 1 to 64 characters of ASCII without spaces",
        'gate.workers: must be 1 where [store] kind = "redis": run a node for each core instead',
        "store.sentinels: must not be there beside url: one of both is enough",
        "store.sentinel_master: is missing: sentinels know masters by a name",
    )


def test_there_must_be_a_place() -> None:
    assert errors_of(document()) == ("store.url: is missing: there must be url or sentinels",)


def test_no_server_is_there_twice() -> None:
    urls = [URL, "redis://:x@10.0.0.5/0"]
    (error,) = errors_of(document(url=urls))
    assert error == "store.url[1]: '10.0.0.5:6379/0' is there already, at [0]"


def test_the_password_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "redis.secret").write_text(f"{SECRET}\n")
    (tmp_path / "gate.toml").write_text(
        documents.toml(document(url=URL, password_file="redis.secret"))
    )
    settings = load(tmp_path / "gate.toml")
    assert settings.store.password == SECRET
    (tmp_path / "redis.secret").chmod(0o644)
    assert any(
        line.startswith("store.password_file: other users may read the password")
        for line in surroundings_warnings(settings, "gate.toml", 10**6)
    )


def test_secrets_that_others_may_read_are_told_of(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    pair = Pair("gate.example")
    pair.write(tmp_path)
    for each in (file, tmp_path / "key.pem"):
        each.chmod(0o644)
    tls = {"certificate": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    settings = read(**SENTINELS, sentinel_password_file=str(file), tls=tls)
    lines = [it for it in surroundings_warnings(settings, "none", 10**6) if "other users" in it]
    assert [line.partition(":")[0] for line in lines] == [
        "store.tls",
        "store.sentinel_password_file",
    ]


def test_it_may_be_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_REDIS", SECRET)
    monkeypatch.setenv("OF_SENTINELS", "other")
    store = read(**SENTINELS, password_env="OF_REDIS", sentinel_password_env="OF_SENTINELS").store
    assert (store.password, store.sentinel_password) == (SECRET, "other")
    assert SECRET not in repr(store)


def test_octets_of_a_password_are_those_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"p\xc3\xa4ss\xff\n")
    store = read(url=URL, password_file=str(tmp_path / "secret")).store
    assert store.password.encode(errors="surrogateescape") == b"p\xc3\xa4ss\xff"


def test_one_password_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    monkeypatch.setenv("OF_REDIS", SECRET)
    errors = errors_of(document(url=f"redis://:{SECRET}@a", password_file=str(file)))
    assert errors == ("store.password_file: must not be there beside a password in url",)
    both = {"password_file": str(file), "password_env": "OF_REDIS"}
    both |= {f"sentinel_{key}": value for key, value in both.items()}
    assert errors_of(document(**SENTINELS, **both)) == tuple(
        f"store.{of}password_env: must not be there beside {of}password_file: one of "
        f"{of}password_file and {of}password_env is enough"
        for of in ("", "sentinel_")
    )


def test_users_need_a_password(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    users = {"username": "gate", "sentinel_username": "asker"}
    assert errors_of(document(**SENTINELS, **users)) == (
        "store.username: needs a password: password_file or password_env",
        "store.sentinel_username: needs a password: sentinel_password_file or "
        "sentinel_password_env",
    )
    assert errors_of(document(url="redis://u:x@a", username="gate")) == (
        "store.username: must not be there beside a user in url",
    )
    store = read(**SENTINELS, **users, password_file=str(file)).store
    assert (store.username, store.sentinel_username) == ("gate", "asker")
    assert read(url=f"redis://:{SECRET}@a", username="gate").store.username == "gate"


@pytest.mark.parametrize(
    ("tls", "error"),
    [
        ({"ca": "/none.pem"}, "ca: '/none.pem' cannot be read: No such file or directory"),
        ({"ca": documents.KEY}, "ca: "),
        ({"key": documents.KEY}, "key: needs certificate"),
        ({"certificate": documents.CERTIFICATE}, "certificate: "),
        ({"server_name": "a b"}, "server_name: must be the name or the address of a host"),
        ({"min_version": "1.1"}, 'min_version: must be "1.2" or "1.3", not'),
        ({"sentinels": "no"}, "sentinels: must be true or false, not the string 'no'"),
        ({"sentinel": True}, "sentinel: unknown key; did you mean 'sentinels'?"),
    ],
)
def test_tls_that_cannot_be_used(tls: dict[str, Any], error: str) -> None:
    """All of it is told at once, whatever else is wrong."""
    (told,) = errors_of(document(**SENTINELS, tls=tls))
    assert told.startswith(f"store.tls.{error}")
    assert told in errors_of(document(**SENTINELS, tls=tls, prefix=""))


def test_tls() -> None:
    pair = {"certificate": documents.CERTIFICATE, "key": documents.KEY}
    tls = read(**SENTINELS, tls={**pair, "ca": documents.CERTIFICATE}).store.tls
    assert tls is not None
    assert tls.files is not None
    assert tls.files.key == documents.KEY
    assert tls.sentinels
    assert str(tls) == (
        f'{{ certificate = "{documents.CERTIFICATE}", key = "{documents.KEY}", '
        f'ca = "{documents.CERTIFICATE}" }}'
    )


def test_no_password_is_shown() -> None:
    """In no repr, change or text; it goes to another process all the same."""
    store = StoreSettings(kind="redis", url=(RedisUrl.read(f"redis://u:{SECRET}@a:1/0"),))
    assert SECRET not in repr(store)
    assert "redis://u:***@a:1/0" in repr(store)
    assert pickle.loads(pickle.dumps(store)) == store
    found = change(StoreSettings(), store)
    assert found is not None
    lines = list(change_lines("store", found))  # type: ignore[arg-type]
    assert any("url 1 added (redis://u:***@a:1/0)" in line for line in lines)
    assert SECRET not in str(lines)


def test_another_password_is_a_change() -> None:
    before, after = (
        StoreSettings(kind="redis", url=(RedisUrl.read(f"redis://u:{word}@a"),))
        for word in ("one", "two")
    )
    found = change(before, after)
    assert found is not None
    assert found.keys == {"url"}


def test_a_change_waits_for_a_restart() -> None:
    keys = {"url", "sentinels", "sentinel_master", "password_file", "wait_replicas"}
    keys |= {"patience", "prefix", "username", "password_env", "sentinel_username", "tls"}
    keys |= {"sentinel_password_file", "sentinel_password_env"}
    assert keys <= keys_taking(StoreSettings, Takes.AT_RESTART)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_checks, "find_spec", lambda name: None)
    assert errors_of(document(url=URL)) == (
        'store.kind: needs txredisapi, which is not installed: pip install "smppgate[redis]"',
    )
    assert parse(documents.toml(documents.minimal()))


def test_a_program_may_give_strings() -> None:
    store = StoreSettings(kind="redis", url=URL)  # type: ignore[arg-type]
    assert store.url == (RedisUrl.read(URL),)


# What check says


def test_nodes_without_links() -> None:
    (line,) = advice(url=URL)
    assert line.startswith("peers.name: is missing; other nodes that use this Redis do not")


def test_what_can_be_read_on_the_way() -> None:
    urls = [f"redis://:{SECRET}@{host}" for host in ("10.0.0.5", "127.0.0.1")]
    lines = advice(url=[*urls, f"rediss://:{SECRET}@b"])
    assert [line for line in lines if "read on the way" in line] == [
        "store.url[0]: the password can be read on the way: use rediss://"
    ]


def test_passwords_for_sentinels_can_be_read_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_REDIS", SECRET)
    told = "store.sentinels: passwords can be read on the way: there is no [store.tls]"
    assert told in advice(**SENTINELS, password_env="OF_REDIS")
    assert told in advice(**SENTINELS, sentinel_password_env="OF_REDIS")
    assert told not in advice(**SENTINELS)
    assert told not in advice(**SENTINELS, password_env="OF_REDIS", tls={})
    here = {"sentinels": ["localhost:1"], "sentinel_master": "m"}
    assert told not in advice(**here, password_env="OF_REDIS")


def test_what_is_of_no_use_in_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_REDIS", SECRET)
    lines = advice(url=URL, tls={}, sentinel_username="a", sentinel_password_env="OF_REDIS")
    assert [line for line in lines if "not used" in line] == [
        "store.sentinel_username: is not used, there are no sentinels",
        "store.sentinel_password_env: is not used, there are no sentinels",
        "store.tls: is not used, no url begins with rediss://",
    ]
    assert not any("not used" in line for line in advice(url="rediss://a", tls={}))


def test_what_a_failover_loses() -> None:
    place = {"sentinels": ["a:1"], "sentinel_master": "m"}
    assert any(
        line.startswith("store.wait_replicas: is 0;") for line in advice(**place, wait_replicas=0)
    )
    assert not any("wait_replicas" in line for line in advice(**place))
    assert any(line.startswith("store.durability:") for line in advice(**place, durability="none"))


def test_what_is_of_no_use_on_disk() -> None:
    assert advice(kind="disk", url=URL, wait_replicas=1) == [
        'store.url: is not used, the store is of kind "disk"',
        'store.wait_replicas: is not used, the store is of kind "disk"',
    ]


def test_what_redis_needs_and_how_long_it_may_be_away() -> None:
    memory, room, asked = keeping_notes(read(url=URL), 100_000.0)
    assert memory.startswith("Redis needs memory for return paths: 0.7 to 52 GB at 1000, 7.2 to ")
    assert asked.endswith("25920000000 return paths are kept, about 5184000 MB in Redis")
    assert room.startswith("while Redis does not answer, state_dir of this node has room for ")
