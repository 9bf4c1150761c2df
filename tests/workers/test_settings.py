"""What a worker's settings are, and who has which link."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from smppgate.settings import Settings, parse
from smppgate.settings.endpoints import client_fault, server_fault, split
from smppgate.workers.common import Common
from smppgate.workers.settings import LEAST_DISK, socket_of, worker_settings
from tests.settings import documents

SECRET = "0123456789abcdef"


def settings(**gate: Any) -> Settings:
    document = documents.minimal()
    document["gate"] = {"state_dir": "/var/lib/gate", "workers": 4, **gate}
    document["log"] = {"messages": "/var/log/messages.log"}
    document["cdr"] = {"path": "cdr"}
    return parse(documents.toml(document))


def common(**gate: Any) -> Common:
    return Common.at_start(settings(**gate), 4, SECRET)


def named(names: list[str]) -> Settings:
    one = settings()
    smscs = tuple(
        evolve(one.smsc[0], name=name, tag=f"{index:03}", endpoint=f"tcp:h{index}:2775")
        for index, name in enumerate(names)
    )
    return evolve(one, smsc=smscs, pool=())


def test_a_worker_is_a_gate_of_one_process_in_a_folder_of_its_own() -> None:
    found = [worker_settings(common(), number) for number in (1, 2, 3, 4)]
    assert {each.gate.workers for each in found} == {1}
    assert len({each.gate.state_dir for each in found}) == 4
    assert found[1].gate.state_dir == "/var/lib/gate/worker-2"
    assert found[1].log.messages == "/var/log/messages.worker-2.log"
    assert found[1].cdr.path == "cdr.worker-2"
    assert not any(each.admin.endpoint for each in found)


def test_all_else_is_the_files() -> None:
    file = settings()
    found = worker_settings(common(), 3)
    for section in ("listen", "esme", "smsc", "pool", "route", "rewrite"):
        assert getattr(found, section) == getattr(file, section)
    assert found.gate.name == file.gate.name
    assert found.log.level == file.log.level
    assert settings() == file, "and it is not changed"


def test_the_journal_is_one_for_all() -> None:
    file = settings()
    journal = evolve(file, log=evolve(file.log, messages="journal"), cdr=evolve(file.cdr, path=""))
    found = worker_settings(Common.at_start(journal, 2, SECRET), 1)
    assert (found.log.messages, found.cdr.path) == ("journal", "")


@pytest.mark.parametrize("folder", ["state", "/var/lib/a b", "/srv/x:y=z\\w"])
def test_workers_bind_at_each_other(folder: str) -> None:
    shared = common(state_dir=folder)
    found = {number: worker_settings(shared, number) for number in (1, 2, 3, 4)}
    for number, each in found.items():
        assert each.peers.name == str(number)
        assert each.peers.password == SECRET
        assert server_fault(each.peers.endpoint) is None
        where = split(each.peers.endpoint).get("address", 0)
        assert where == socket_of(shared, number)
        assert [peer.name for peer in each.peer] == [
            str(other) for other in found if other != number
        ]
        for peer in each.peer:
            assert client_fault(peer.endpoint) is None
            assert split(peer.endpoint).get("path", 0) == socket_of(shared, int(peer.name))


def test_memory_and_disk_are_shared_out() -> None:
    shared = common(hold_octets=1001)
    file = shared.settings
    found = worker_settings(shared, 1)
    assert found.gate.hold_octets == 251
    assert found.store.return_paths == 0, "no limit stays none"
    assert found.store.return_paths_in_memory == file.store.return_paths_in_memory // 4
    assert found.store.return_paths_disk == file.store.return_paths_disk // 4
    little = evolve(file, store=evolve(file.store, return_paths_disk=LEAST_DISK, return_paths=1))
    found = worker_settings(Common.at_start(little, 4, SECRET), 1)
    assert found.store.return_paths_disk == LEAST_DISK
    assert found.store.return_paths == 1


def test_what_a_worker_gets_is_valid() -> None:
    """It is made without checks."""
    found = worker_settings(common(), 2)
    assert evolve(found) == found


def test_what_is_common_comes_back_from_octets() -> None:
    shared = common()
    assert Common.of(shared.octets()) == shared
    assert SECRET not in repr(shared)


def test_smscs_are_counted_in_the_order_of_the_file() -> None:
    assert Common.at_start(named(["c", "a", "b"]), 2, SECRET).smscs == {"c": 0, "a": 1, "b": 2}


names = st.lists(st.sampled_from("abcdefghij"), min_size=1, unique=True)


@given(st.lists(names, min_size=1, max_size=5))
def test_an_smsc_that_stays_keeps_its_number_and_no_two_have_one(files: list[list[str]]) -> None:
    first, *others = files
    shared = Common.at_start(named(first), 3, SECRET)
    for file in others:
        before, shared = shared, shared.with_settings(named(file))
        assert list(shared.smscs) == file
        assert len(set(shared.smscs.values())) == len(file)
        stays = [name for name in file if name in before.smscs]
        assert all(shared.smscs[name] == before.smscs[name] for name in stays)
        most = max(len(file), *(before.smscs[name] + 1 for name in stays), 1)
        assert max(shared.smscs.values()) < most
