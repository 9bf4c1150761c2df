"""The image: what its files say is so in this checkout, and the gate does what they ask of it."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from smppgate.cli.main import whole_parser
from smppgate.settings import load
from tests.e2e.program import ROOT, RunningProgram, launched, until_done
from tests.e2e.twistd import free_port, settings
from tests.e2e.wire import Smsc, hang_up
from tests.packages.conftest import run

FOLDER = ROOT / "packaging" / "docker"


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Dockerfile, with its words."""
    text = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    split = (line.split(None, 1) for line in lines if line.strip())
    return [(name, words.strip()) for name, words in split]


def said(name: str) -> list[str]:
    """The words of all instructions of this name."""
    return [words for instruction, words in instructions() if instruction == name]


def copied() -> Iterator[str]:
    """What is copied out of the checkout."""
    for words in said("COPY"):
        if not words.startswith("--from"):
            yield from words.split()[:-1]


def kept() -> set[str]:
    """What .dockerignore lets through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_all_that_is_copied_is_there_and_nothing_else_is_sent() -> None:
    for path in copied():
        assert (ROOT / path).exists(), path
    assert set(copied()) == kept()


def test_what_is_copied_is_all_that_a_wheel_needs(tmp_path: Path, wheel: Path) -> None:
    """One that is built of it has the same files."""
    for path in copied():
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, tmp_path / path, symlinks=True)
        else:
            shutil.copy(ROOT / path, tmp_path / path)
    made = tmp_path / "made"
    run(sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "-w", made, tmp_path)
    (found,) = made.glob("*.whl")
    assert set(zipfile.ZipFile(found).namelist()) == set(zipfile.ZipFile(wheel).namelist())


def test_it_does_not_run_as_root() -> None:
    """By number, as Kubernetes wants it for runAsNonRoot."""
    (user,) = said("USER")
    assert user.isdecimal()
    assert int(user) > 0
    assert f"--uid {user} " in " ".join(said("RUN"))
    after = [name for name, _ in instructions()]
    assert "RUN" not in after[after.index("USER") :]


def test_what_it_starts_is_a_command() -> None:
    (entry,), (default,) = said("ENTRYPOINT"), said("CMD")
    assert json.loads(entry) == ["smppgate"]
    args = whole_parser().parse_args(json.loads(default))
    assert (args.command, args.config) == ("run", "/etc/smppgate/smppgate.toml")


def test_the_health_check_asks_a_gate_that_runs(tmp_path: Path) -> None:
    """Where SMPPGATE_SOCKET of the image says: state/ in the folder that it runs in."""
    (check,) = said("HEALTHCHECK")
    program, *words = json.loads(check.partition("CMD ")[2])
    assert program == "smppgate"
    (folder,) = (words for words in said("WORKDIR") if words != "/source")
    (socket,) = re.findall(r"SMPPGATE_SOCKET=(\S+)", " ".join(said("ENV")))
    environment = {"SMPPGATE_SOCKET": socket.replace(folder, str(tmp_path))}
    line = [sys.executable, "-m", "smppgate"]
    with Smsc() as smsc:
        config = tmp_path / "elsewhere" / "smppgate.toml"
        config.parent.mkdir()
        config.write_text(settings(free_port(), {"alpha": smsc.port}))
        started = [*line, "run", "--config", str(config)]
        with until_done(RunningProgram(launched(tmp_path, started)), "listening on ") as gate:
            smsc.link()
            gate.wait_for_log("bound at")
            assert run(*line, *words, cwd=ROOT, **environment) == "ready\n"
            hang_up()


def composed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return found


def test_the_services_are_a_gate_and_the_smscs_that_it_names() -> None:
    services = composed()["services"]
    gate = services.pop("gate")
    (config,) = (volume for volume in gate["volumes"] if volume.endswith(":ro"))
    file, target, _ = config.split(":")
    assert target in said("CMD")[0]
    named = {smsc.name: smsc.endpoint for smsc in load(FOLDER / file).smsc}
    assert {name: f"tcp:{name}:2775" for name in services} == named
    for service in services.values():
        args = whole_parser().parse_args(service["command"])
        assert (args.command, args.listen) == ("simulate", "tcp:2775")
    assert gate["depends_on"] == list(services)


def test_the_gate_of_the_services_is_built_and_may_take_its_time_to_stop() -> None:
    gate = composed()["services"]["gate"]
    assert (FOLDER / gate["build"]["context"]).resolve() == ROOT
    assert (ROOT / gate["build"]["dockerfile"]).exists()
    stop_timeout = load(FOLDER / "smppgate.toml").gate.stop_timeout
    assert float(gate["stop_grace_period"].removesuffix("s")) > stop_timeout
    assert gate["read_only"] is True
    assert gate["cap_drop"] == ["ALL"]
