"""The API under schemathesis: requests made of its own OpenAPI document, and ones near it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.admin import Client
from tests.e2e.ports import free_port
from tests.e2e.test_admin import hash_of, running

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)


def test_whatever_is_asked_the_answer_is_one_of_the_document_and_never_500(tmp_path: Path) -> None:
    port = free_port()
    admin = (
        f'[admin]\nendpoint = ["unix:STATE_DIR/admin.sock", "tcp:{port}:interface=127.0.0.1"]\n'
        f'[[admin.user]]\nname = "otto"\npassword_hash = "{hash_of("secret")}"\n'
        'role = "operator"\n'
    )
    with running(tmp_path, "run", "alpha", "beta", admin=admin) as at:
        # Streams have no end, and an SMSC that is put aside makes readyz a 503.
        streams = (f"/api/v1/{name}" for name in ("events", "trace", "capture"))
        excluded = (*streams, "/readyz")
        options = [word for path in excluded for word in ("--exclude-path", path)]
        options += ["--auth", "otto:secret", "--checks", CHECKS]
        options += ["--max-examples", "25", "--seed", "1", "--no-color"]
        url = f"http://127.0.0.1:{port}/api/v1/openapi.json"
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", url, *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        said = done.stdout[-5000:] + done.stderr[-2000:]
        assert done.returncode == 0, said
        assert re.search(r"(\d{3,}) generated, \1 passed", said), said
        assert Client(port, "otto", "secret").ask("GET", "/healthz") == (200, "ok\n")
        assert "could not" not in at.gate.log
