"""The configurations in docs/access.md can be used as they stand there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from smppgate.settings import load
from smppgate.settings.model import SECTIONS, TABLES
from tests.certificates import Authority
from tests.docs.blocks import ROOT, Block, blocks_of
from tests.settings import documents

PAGE = ROOT / "docs/access.md"
EXAMPLES = blocks_of(PAGE, "toml")


def files(folder: Path) -> None:
    """Those that the examples name."""
    authority = Authority()
    for name in ("gate", "other"):
        authority.issue(folder, name, x509.DNSName(f"{name}.example"))
    for name in ("partners.pem", "carrier.pem"):
        authority.write(folder, name)
    (folder / "alpha.password").write_text("secret\n")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.place)
def test_an_example_is_valid(tmp_path: Path, example: Block) -> None:
    """With the least of what it leaves out."""
    files(tmp_path)
    given = tomllib.loads(example.text)
    least = {key: value for key, value in documents.minimal().items() if key not in given}
    file = tmp_path / "gate.toml"
    file.write_text(f"{documents.toml(least)}\n{example.text}", encoding="utf-8")
    settings = load(file)
    for section in given:
        assert len(getattr(settings, section)) == len(given[section])


def test_all_of_it_is_shown() -> None:
    """Each key about who may come in is in an example or in a table."""
    assert len(EXAMPLES) == 4
    keys = {key for table in ("listen.tls", "smsc.tls") for key in TABLES[table]._names}
    keys |= {key for key in SECTIONS["esme"]._names if "password" in key} - {"outbind_password"}
    keys |= {"allow", "certificate"}
    page = PAGE.read_text("utf-8")
    assert not {key for key in keys if key not in page} - {"ciphers"}
