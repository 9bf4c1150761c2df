"""What pip installs, in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.e2e.program import ROOT


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that must succeed; gives what it told."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_wheel_brings_the_plugin_and_leaves_twisted_whole(tmp_path: Path) -> None:
    """Installed, `twistd --help` shows smppgate; uninstalled, twistd works without it.

    A wheel with an __init__.py in twisted/ or twisted/plugins/ would overwrite Twisted's, and
    take it along when it goes.
    """
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(".*", "*.egg-info", "build", "__pycache__", "results")
    shutil.copytree(ROOT, source, ignore=ignored)
    pip = (sys.executable, "-m", "pip", "--quiet")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, source, cwd=tmp_path)
    (wheel,) = tmp_path.glob("smppgate-*.whl")
    listed = run(sys.executable, "-m", "zipfile", "--list", wheel, cwd=tmp_path)
    assert "twisted/plugins/smppgate_plugin.py" in listed
    assert "twisted/__init__.py" not in listed
    assert "twisted/plugins/__init__.py" not in listed
    assert "smppgate/py.typed" in listed
    for name in ("index.html", "style/tokens.css", "script/main.js", "script/views/overview.js"):
        assert f"smppgate/admin/page/files/{name}" in listed
    assert "tests/" not in listed
    for name in ("start.toml", "grafana.json", "prometheus-rules.yml", "smppgate.service"):
        assert f"smppgate/samples/{name}" in listed
    for script in (ROOT / "smppgate/store/redis/scripts").iterdir():
        assert f"smppgate/store/redis/scripts/{script.name}" in listed

    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / "bin"
    run(programs / "pip", "--quiet", "install", f"{wheel}[tools]", cwd=tmp_path)
    assert "SMPP load balancer" in run(programs / "twistd", "--help", cwd=tmp_path)
    assert "simulate" in run(programs / "smppgate", "--help", cwd=tmp_path)
    has_its_files(tmp_path / "env", tmp_path)
    says_what_redis_needs(tmp_path / "env", tmp_path)

    run(programs / "pip", "--quiet", "uninstall", "--yes", "smppgate", cwd=tmp_path)
    told = run(programs / "twistd", "--help", cwd=tmp_path)
    assert "smppgate" not in told
    # A plugin of Twisted's own.
    assert "A simple port forwarder" in told or "portforward" in told


def has_its_files(env: Path, folder: Path) -> None:
    """Samples, pages of the manual, and completion, which a shell finds by itself."""
    programs, share = env / "bin", env / "share"
    run(programs / "smppgate", "init", folder / "made", cwd=folder)
    assert "valid" in run(programs / "smppgate", "check", "made/smppgate.toml", cwd=folder)
    for name in ("man/man1/smppgate.1", "man/man5/smppgate.toml.5"):
        assert (share / name).read_text().startswith('.\\"')
    assert (share / "zsh/site-functions/_smppgate").exists()
    loaded = f". {share}/bash-completion/completions/smppgate; complete -p smppgate"
    told = run("bash", "-c", f"PATH={programs}:$PATH; {loaded}", cwd=folder)
    assert "_shtab_smppgate" in told


def says_what_redis_needs(env: Path, folder: Path) -> None:
    """A library more, which is installed with ``smppgate[redis]`` alone."""
    command = [env / "bin/smppgate", "check", "made/smppgate.toml"]
    file = folder / "made/smppgate.toml"
    file.write_text(f'[store]\nkind = "redis"\nurl = "redis://127.0.0.1"\n{file.read_text()}')
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'store.kind: needs txredisapi, which is not installed: pip install "smpp' in done.stderr
