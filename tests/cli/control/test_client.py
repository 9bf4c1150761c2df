"""Asking a gate over HTTP, and all ways in which no answer comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from smppgate.cli.main import main
from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, Request, gate_answers

DONE, REFUSED, NOT_REACHED = 0, 1, 2


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error; nothing is on standard output."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_gate_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--socket", str(tmp_path / "none.sock")]) == NOT_REACHED
    assert "none.sock cannot be reached: No such file" in told(capsys)


def test_a_socket_that_nobody_listens_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "dead.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    assert main(["status", "--socket", path]) == NOT_REACHED
    assert "Connection refused" in told(capsys)


def test_a_long_path(gate: FakeGate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / ("x" * 150)
    folder.mkdir()
    (folder / "admin.sock").symlink_to(gate.path)
    assert main(["smscs", "--names", "--socket", str(folder / "admin.sock")]) == DONE


def test_a_path_longer_than_a_socket_may_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--socket", "x" * 200]) == NOT_REACHED
    assert "cannot be reached" in told(capsys)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda asked: asked.octets(b"<html>"), "answers what no gate does"),
        (lambda asked: asked.octets(b"{", kind="application/json"), "something else than JSON"),
        (lambda asked: asked.octets(b"[" * 10**5, kind="application/json"), "else than JSON"),
        (lambda asked: asked.json([]), "something else than an object"),
        (lambda asked: asked.json({}, 302), "answers what no gate does"),
        (lambda asked: asked.octets(b'{"a', length=100, kind="application/json"), "has gone"),
        (lambda asked: asked.connection.shutdown(socket.SHUT_RDWR), "has gone"),
        (lambda asked: asked.wfile.write(b"SSH-2.0\r\n"), "does not speak HTTP"),
    ],
)
def test_odd_answers(
    gate: FakeGate, command: Command, capsys: pytest.CaptureFixture[str], answer: Any, said: str
) -> None:
    gate.answers["GET /state"] = answer
    assert command("status") == NOT_REACHED
    assert said in told(capsys)


def test_a_list_that_is_none(
    gate: FakeGate, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    for odd in ({}, [1], "x", None):
        gate.answers["GET /smscs"] = odd
        if odd is None:
            gate.answers["GET /smscs"] = lambda asked: asked.json(None)
        assert command("smscs") == NOT_REACHED
        assert "list of objects" in told(capsys)


def test_a_gate_that_does_not_answer(
    gate: FakeGate,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time is let out by the test."""
    ended = threading.Event()
    monkeypatch.setattr("smppgate.cli.control.client.HTTPConnection.getresponse", _times_out)
    gate.answers["GET /state"] = lambda asked: ended.wait()
    assert command("status") == NOT_REACHED
    ended.set()
    assert "gives no answer within 10 s" in told(capsys)


def _times_out(*_: object) -> None:
    raise TimeoutError


@pytest.mark.parametrize(
    ("status", "detail", "said"),
    [
        (403, "a viewer changes nothing", "a viewer changes nothing"),
        (503, "the gate\nis \x1b[31mstopping", "the gate\\nis \\x1b[31mstopping"),
        (401, "", "the gate does not know this user with this password"),
        (404, "", "No"),
    ],
)
def test_refusals_are_one_line(
    gate: FakeGate,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    status: int,
    detail: str,
    said: str,
) -> None:
    gate.answers["GET /state"] = lambda asked: asked.problem(status, detail)
    assert command("status") == REFUSED
    assert told(capsys) == f"smppgate status: {said}\n"


def test_a_refusal_without_a_problem(
    gate: FakeGate, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.answers["GET /state"] = lambda asked: asked.octets(b"", 502)
    assert command("status") == REFUSED
    assert told(capsys) == "smppgate status: Bad Gateway\n"


@pytest.mark.parametrize("words", [["status", "--url", "gate"], ["status"]])
def test_arguments_that_cannot_be(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == NOT_REACHED
    told(capsys)


# By TCP


class _Tcp(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.answers, self.asked, self.bodies, self.headers = gate_answers(), [], [], []


@contextmanager
def tcp_gate() -> Iterator[_Tcp]:
    with _Tcp() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def url_of(server: _Tcp) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_a_url_with_a_user_and_the_password_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMPPGATE_PASSWORD", "pä:ss")
    with tcp_gate() as server:
        assert main(["smscs", "--names", "--url", url_of(server), "--user", "ann"]) == DONE
        assert server.headers[0]["Authorization"] == "Basic YW5uOnDDpDpzcw=="
    assert capsys.readouterr().out == "alpha\nbeta\n"


def test_a_url_with_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    with tcp_gate() as server:
        server.answers["GET /admin/api/v1/smscs"] = []
        assert main(["smscs", "--names", "--url", url_of(server) + "/admin/"]) == DONE
        assert "Authorization" not in server.headers[0]


def test_a_url_that_does_not_speak_tls(capsys: pytest.CaptureFixture[str]) -> None:
    with tcp_gate() as server:
        url = url_of(server).replace("http", "https")
        assert main(["smscs", "--url", url]) == NOT_REACHED
    assert "cannot be reached" in told(capsys)


def test_certificates_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ca.pem").write_text("none")
    for file in ("ca.pem", "missing.pem"):
        assert main(["smscs", "--url", "https://127.0.0.1:1", "--ca", file]) == NOT_REACHED
        assert f"{file} cannot be used" in told(capsys)
