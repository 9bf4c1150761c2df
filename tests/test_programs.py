"""The programs of README, docs and examples are typed as strictly as can be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.e2e.program import ROOT
from tests.programs import written

WRONG = """
from smppgate.txsmpp import Outbind, QuerySm, SmppClient, SubmitSm


async def ask(client: SmppClient) -> None:
    reveal_type(await client.request(QuerySm(message_id=b"1")))
    (await client.request(SubmitSm())).final_date
    client.request(Outbind())
    SubmitSm(destination_addr="447700900123")
    SubmitSm(destination=b"447700900123")
"""


def mypy(folder: Path, *paths: Path) -> tuple[int, str]:
    """What mypy says with no setting but ``--strict``, as a user of the package has it."""
    cache = ROOT / ".mypy_cache" / "programs"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}"]
    done = subprocess.run(
        [*command, *paths], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_every_program_passes_mypy_strict(tmp_path: Path) -> None:
    paths = written(tmp_path)
    assert len(paths) >= 5
    status, said = mypy(tmp_path, *paths)
    assert status == 0, said


def test_a_program_that_is_wrong_does_not(tmp_path: Path) -> None:
    """An answer has the type of its request, a field its name and octets."""
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    status, said = mypy(tmp_path, path)
    assert status == 1
    faults = {int(line.split(":")[1]): line for line in said.splitlines() if ": error:" in line}
    assert sorted(faults) == [7, 8, 9, 10]
    assert "pdu.QuerySmResp" in said.splitlines()[0]
    for line, name in ((7, "final_date"), (8, "Outbind"), (9, "str"), (10, "destination")):
        assert f'"{name}"' in faults[line]
