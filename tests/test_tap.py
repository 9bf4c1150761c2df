"""The `twistd smppgate` command, without a process."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from twisted.application.service import IService, IServiceMaker
from twisted.internet.interfaces import IPushProducer, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.plugin import IPlugin, getPlugins
from twisted.python.usage import UsageError
from zope.interface.verify import verifyObject

from smppgate import tap
from smppgate.gate import CannotListen, Gateway
from smppgate.txsmpp import Role, SmppProtocol
from smppgate.txsmpp.reconnecting import ToldEndpoint
from smppgate.workers.master import Master
from tests.e2e.program import ROOT
from tests.e2e.twistd import settings


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """makeService sets the process's collector; tests after this one want theirs."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def options(folder: Path, text: str) -> tap.Options:
    """The command line ``--config FILE`` with that file."""
    file = folder / "gate.toml"
    file.write_text(text)
    parsed = tap.Options()
    parsed.parseOptions(["--config", str(file)])
    return parsed


def test_a_file_becomes_a_service(tmp_path: Path) -> None:
    service = tap.makeService(options(tmp_path, settings(2775, {"alpha": 3001})))
    assert verifyObject(IService, service)
    assert isinstance(service, Gateway)
    assert service.settings.smsc[0].name == "alpha"


def test_workers_have_a_master(tmp_path: Path) -> None:
    """By twistd and by a .tac file; one worker is no worker."""
    for workers, kind in ((1, Gateway), (2, Master)):
        gate, store = f"workers = {workers}", 'kind = "memory"'
        text = settings(2775, {"alpha": 3001}, gate=gate, store=store)
        service = tap.makeService(options(tmp_path, text))
        assert verifyObject(IService, service)
        assert isinstance(service, kind)
        of_tac = tap.Program.of(str(tmp_path / "gate.toml"), MemoryReactorClock())
        assert isinstance(of_tac, kind)


def test_auto_is_one_process_on_one_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = settings(2775, {"alpha": 3001}, gate='workers = "auto"')
    for cores, kind in (({0}, Gateway), ({0, 1, 2}, Master)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: cores)
        assert isinstance(tap.makeService(options(tmp_path, text)), kind)


def test_all_that_is_wrong_in_a_file_is_a_usage_error(tmp_path: Path) -> None:
    text = settings(2775, {"alpha": 3001}) + 'weight = "1"\nwindw = 5\n'
    with pytest.raises(UsageError) as raised:
        options(tmp_path, text)
    assert "smsc[0].weight" in str(raised.value)
    assert "smsc[0].windw" in str(raised.value)


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.toml"):
        tap.Options().parseOptions(["--config", "nowhere.toml"])


def test_a_tac_file_ends_with_all_that_is_wrong_too(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(settings(2775, {"alpha": 3001}) + 'weight = "1"\nwindw = 5\n')
    with pytest.raises(SystemExit) as raised:
        tap.Program.of(str(file), MemoryReactorClock())
    assert "smsc[0].weight" in str(raised.value)
    assert "smsc[0].windw" in str(raised.value)


def test_nothing_to_listen_on_ends_the_process_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = tap.makeService(options(tmp_path, settings(2775, {"alpha": 3001})))

    def taken(_: Gateway) -> None:
        raise CannotListen("cannot listen on tcp:2775: in use")

    monkeypatch.setattr(Gateway, "privilegedStartService", taken)
    with pytest.raises(SystemExit, match="smppgate: cannot listen on tcp:2775: in use"):
        service.privilegedStartService()


def test_the_plugin_is_found_and_names_what_there_is() -> None:
    (maker,) = [m for m in getPlugins(IServiceMaker) if m.tapname == "smppgate"]
    assert verifyObject(IPlugin, maker)
    assert verifyObject(IServiceMaker, maker)
    assert import_module(maker.module).makeService is tap.makeService
    assert maker.options is tap.Options


def test_no_package_of_ours_is_called_twisted() -> None:
    """An __init__.py there would overwrite Twisted's own when a wheel is installed."""
    assert [path.name for path in (ROOT / "twisted").rglob("*.py")] == ["smppgate_plugin.py"]


def test_what_is_given_to_twisted_is_what_it_expects() -> None:
    assert verifyObject(IPushProducer, SmppProtocol(Role.ESME, Clock()))
    assert verifyObject(IStreamClientEndpoint, ToldEndpoint(None, print, ""))
