"""A gate whose file is changed under it, beside sessions that must notice nothing of that."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.daemon import command, daemon
from tests.e2e.ports import free_port
from tests.e2e.twistd import RunningGate
from tests.e2e.wire import (
    RESP,
    SUBMIT_SM,
    Smsc,
    Wire,
    answer,
    bound,
    delivered,
    message_body,
    pdu,
)

Table = dict[str, Any]

CALM_NUMBER = b"49170"
"""The number of the account that nothing is changed of."""


def toml(name: str, table: Table) -> str:
    """A table with its header; strings, numbers, booleans and arrays are alike in JSON."""
    return "\n".join((name, *(f"{key} = {json.dumps(value)}" for key, value in table.items()), ""))


class Document:
    """A configuration file in parts. Tables are under what they are known by.

    The account calm and the SMSC calm are each other's alone, by a pool of their own; all other
    accounts have the first pool, ``main``.
    """

    def __init__(self, calm_port: int) -> None:
        self.gate: Table = {"name": "gate1", "stop_timeout": 5.0}
        self.store: Table = {}
        self.listen: dict[str, Table] = {}
        self.esme: dict[str, Table] = {}
        self.smsc: dict[str, Table] = {}
        self.pool: dict[str, Table] = {
            "main": {"members": ["calm"]},
            "calm": {"members": ["calm"]},
        }
        self.add_account("calm", address_ranges=[CALM_NUMBER.decode()], pool="calm")
        self.add_smsc("calm", calm_port)

    def listen_on(self, port: int, **more: Any) -> str:
        """Listen there too; gives the endpoint, by which the listener is known."""
        endpoint = f"tcp:{port}:interface=127.0.0.1"
        self.listen[endpoint] = more
        return endpoint

    def add_account(self, system_id: str, **more: Any) -> None:
        """An account with the password "secret"."""
        self.esme[system_id] = {"password": "secret", **more}

    def add_smsc(self, name: str, port: int, **more: Any) -> None:
        """An SMSC, whose tag is its name."""
        self.smsc[name] = {
            "endpoint": f"tcp:127.0.0.1:{port}",
            "system_id": "gate",
            "password": "pw",
            "tag": name,
            "reconnect_min": 0.1,
            "reconnect_max": 0.2,
            **more,
        }

    def text(self) -> str:
        """The file."""
        parts = [toml("[gate]", self.gate), toml("[store]", self.store)]
        for section, key in (
            ("listen", "endpoint"),
            ("esme", "system_id"),
            ("smsc", "name"),
            ("pool", "name"),
        ):
            tables: dict[str, Table] = getattr(self, section)
            parts += [toml(f"[[{section}]]", {key: name, **each}) for name, each in tables.items()]
        return "\n".join(parts)


class Calm:
    """A session of the account that nothing is changed of, and the link that its messages take."""

    def __init__(self, esme: Wire, link: Wire) -> None:
        self.esme = esme
        self.link = link
        self._number = 0

    def ask(self) -> int:
        """Submit a message; gives its number."""
        self._number += 1
        self.esme.send(pdu(SUBMIT_SM, self._number, message_body()))
        return self._number

    def check(self, open_before: int) -> None:
        """All goes both ways: the message that was open, a new one, and one to the ESME."""
        for number in (open_before, self.ask()):
            answer(self.link, self.link.receive_message())
            got = self.esme.receive_message()
            assert got[:3] == (SUBMIT_SM | RESP, 0, number), got
        delivered(self.link, self.esme, message_body(CALM_NUMBER))
        assert self.esme.is_quiet()
        assert self.link.is_quiet()


class Changing:
    """The gate, its file, and the sessions that must notice nothing.

    :ivar document: what stands in the file at the next reload.
    """

    def __init__(self, gate: RunningGate, file: Path, document: Document, calm: Calm) -> None:
        self.gate = gate
        self.file = file
        self.document = document
        self.calm = calm
        self._reloads = self._refused = 0

    def reload(self, told: str = "") -> None:
        """Write the file and let the gate read it, across a message of calm's that is open.

        ``told`` is something that the log has to say of this reload.
        """
        before, number = len(self.gate.log), self.calm.ask()
        self.ask_reload()
        self.await_reload()
        self.calm.check(number)
        if told:
            self.gate.wait_for_log(told)
            assert told in self.gate.log[before:], self.gate.log[before:]

    def ask_reload(self) -> None:
        """Write the file and tell the gate to read it."""
        self.file.write_text(self.document.text())
        self.gate.process.send_signal(signal.SIGHUP)
        self._reloads += 1

    def refuse_reload(self, *errors: str) -> None:
        """Write a file that the gate does not take, for these reasons, each told on its line."""
        before, number = len(self.gate.log), self.calm.ask()
        self.file.write_text(self.document.text())
        self.gate.process.send_signal(signal.SIGHUP)
        self._refused += 1
        self.gate.wait_for_log(f"nothing is changed: {self.file} has errors", self._refused)
        self.calm.check(number)
        told = [line for line in self.gate.log[before:].splitlines() if "#error]" in line]
        for error in errors:
            assert any(f"{self.file}: {error}" in line for line in told), (error, told)
        assert len(told) == len(errors) + 1, told

    @property
    def is_reloaded(self) -> bool:
        """Whether the last reload is done."""
        return self.gate.log.count(self._done) >= self._reloads

    def await_reload(self) -> None:
        """Return when the last reload is done."""
        self.gate.wait_for_log(self._done, self._reloads)

    @property
    def _done(self) -> str:
        return f"the reload of {self.file} is done"


@contextmanager
def changing(
    folder: Path,
    kind: str,
    prepare: Callable[[Document], object] | None = None,
    **smscs: Smsc,
) -> Iterator[Changing]:
    """A gate with calm, and with the account acme, whose messages go to ``smscs``.

    The caller takes the links of these. ``prepare`` changes the document before the start.
    """
    with Smsc() as calm:
        document, port = Document(calm.port), free_port()
        document.listen_on(port)
        document.add_account("acme", address_ranges=["4477009*"])
        for name, smsc in smscs.items():
            document.add_smsc(name, smsc.port)
            document.smsc[name]["window"] = 100
        document.pool["main"]["members"] = list(smscs) or ["calm"]
        if prepare is not None:
            prepare(document)
        file = folder / "gate.toml"
        file.write_text(document.text())
        with daemon(folder, command(kind, file), port) as gate:
            link = calm.link()
            gate.wait_for_log("calm transceiver 1 bound at")
            found = Changing(gate, file, document, Calm(bound(port, b"calm"), link))
            yield found
            assert "Traceback" not in gate.log, gate.log
            assert "#critical" not in gate.log
