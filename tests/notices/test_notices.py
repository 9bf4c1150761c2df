"""Every line that an operator should act on has a code, and every code is explained."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from attrs import fields

from smppgate.cli.main import COMMANDS
from smppgate.daemon.json_lines import OTHERWISE_TOLD
from smppgate.notices import GROUPS, NOTICES, notice_of
from smppgate.notices.reference import page
from smppgate.notices.registry import NAMED
from smppgate.settings.reference import rows
from smppgate.txsmpp.notice import Notice

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "smppgate"
BY_NAME = dict(NAMED)
TELLING = ("tell", "tell_failure", "sum_up")
WITHOUT_A_CODE = ("warn", "warning", "error", "critical", "failure")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Each call of a method in a file, by the name of the method."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def is_of_a_logger(call: ast.Call) -> bool:
    """Whether it is ``self.log.…``, ``log.…``, ``self._log.…``, ``Logger().…``."""
    assert isinstance(call.func, ast.Attribute)
    return ast.unparse(call.func.value).removesuffix("()").lower().endswith(("log", "logger"))


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def told() -> Iterator[tuple[str, ast.Call]]:
    """Each call that names a notice: where it is, and what it is."""
    for path in modules():
        for method, call in calls(path):
            first = call.args[0] if call.args else None
            if method in TELLING and isinstance(first, ast.Name) and first.id in BY_NAME:
                yield f"{path.relative_to(ROOT)}:{call.lineno}", call


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_line_of_a_warning_or_an_error_is_without_a_code(path: Path) -> None:
    """A line that an operator should act on is a `Notice`, and told by `Logger.tell`."""
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}: make it a Notice of smppgate/notices"
        for method, call in calls(path)
        if method in WITHOUT_A_CODE and is_of_a_logger(call)
    ]
    assert found == []


def test_the_words_of_a_call_are_those_of_its_line() -> None:
    """What stands in braces is given, or the log has no line but an error about it."""
    lacking = []
    for place, call in told():
        if ast.unparse(call.func).endswith("sum_up"):
            continue
        notice = BY_NAME[ast.unparse(call.args[0])]
        given = {keyword.arg for keyword in call.keywords}
        if None not in given:
            lacking += [f"{place}: {name}" for name in sorted(words_of(notice) - given)]
    assert lacking == []


def test_no_word_has_the_name_of_what_each_json_line_has() -> None:
    """It would be lost there."""
    clashes = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {keyword.arg}"
        for path in modules()
        for method, call in calls(path)
        if method in (*TELLING, "info", "debug") and is_of_a_logger(call)
        for keyword in call.keywords
        if keyword.arg in OTHERWISE_TOLD and keyword.arg != "line"
    ]
    assert clashes == []


def words_of(notice: Notice) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(notice.text) if name}


def test_every_code_is_used() -> None:
    """By its constant, somewhere else than where it is made."""
    used: set[str] = set()
    for path in modules():
        if path.parent.name == "notices" or path.name == "notices.py":
            continue
        used.update(used_in(path))
    assert [name for name in BY_NAME if name not in used] == []


def used_in(path: Path) -> Iterator[str]:
    """The constants that a module imports, or names with the module that has them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and ".notices" in (node.module or ""):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "messages":
            yield node.attr


def test_codes_and_names_are_unique() -> None:
    for values in ([it.code for it in NOTICES], [it.name for it in NOTICES]):
        assert [value for value, count in Counter(values).items() if count > 1] == []
    assert len(BY_NAME) == len(NAMED)


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.code)
def test_a_code_is_explained(notice: Notice) -> None:
    """It is one of a group, and has sentences that say what it means, why, and what to do."""
    assert re.fullmatch(r"SG-[1-9]\d{3}", notice.code)
    assert sum(notice.code.startswith(group.begin) for group in GROUPS) == 1
    for text in (notice.meaning, notice.cause, notice.remedy):
        assert re.fullmatch(r"[A-Z0-9`\"].*[.)]", text), text
    assert not {"notice", "failure", *OTHERWISE_TOLD} & words_of(notice)


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.code)
def test_what_it_names_is_there(notice: Notice) -> None:
    """Settings, tables, commands and other codes, by their names of today."""
    text = " ".join((notice.meaning, notice.cause, notice.remedy))
    keys, tables = {row.key for row in rows()}, {row.section for row in rows()}
    for quoted in re.findall(r"`([^`]+)`", text):
        words = quoted.split()
        if words[0] == "smppgate":
            assert words[1] in COMMANDS
        elif re.fullmatch(r"[a-z]+_[a-z_]+( = .*)?", quoted):
            assert words[0] in keys
        elif quoted.startswith("["):
            assert quoted.strip("[]").split("]")[0] in tables
    for code in re.findall(r"SG-\d+", text):
        assert notice_of(code) is not None


def test_a_code_is_found_however_it_is_written() -> None:
    assert notice_of("sg-1001") is notice_of("SG-1001") is BY_NAME["LINK_NOT_REACHED"]
    assert notice_of("SG-1") is None


def test_the_documentation_has_every_code() -> None:
    """``python -m smppgate.notices.reference > docs/log-codes.md`` writes it."""
    document = (ROOT / "docs/log-codes.md").read_text(encoding="utf-8")
    assert document == "\n".join((*page(), ""))


def test_a_notice_says_all_that_the_page_has() -> None:
    assert [field.name for field in fields(Notice)] == [
        "code",
        "name",
        "level",
        "text",
        "meaning",
        "cause",
        "remedy",
    ]
