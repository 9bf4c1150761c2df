"""The alerts, the dashboard and the documentation name metrics that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smppgate.observe.families import FAMILIES
from smppgate.observe.family import WORKER, Joining
from smppgate.observe.reference import fields, metrics, reasons
from smppgate.observe.worker_families import WORKER_FAMILIES

ROOT = Path(__file__).parents[2]
LABELS = {
    name: {
        *family.labels,
        *({"le"} if name.endswith("_bucket") else ()),
        # Only of a gate of several workers; elsewhere it is as if it were empty.
        *({WORKER} if family.joining is Joining.EACH else ()),
    }
    for family in (*FAMILIES, *WORKER_FAMILIES)
    for name in family.sample_names
}
OF_SCRAPES = {"instance", "job"}
OF_PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
LABELS |= {name: {WORKER} for name in OF_PROCESS}

_TOKEN = re.compile(r'"[^"]*"|\$__\w+|[a-zA-Z_:][\w:]*|[0-9.]+[smhd]?|[<>=!~]+|\S')
_FUNCTIONS = {"sum", "rate", "deriv", "increase", "histogram_quantile"}
_WORDS = {"by", "and", "or", "unless"}


class Expression:
    """A PromQL expression, as far as names and labels go.

    :ivar metrics: each name with the labels that its matchers name.
    :ivar groupings: the labels that each ``by`` keeps.
    """

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self.metrics: list[tuple[str, set[str]]] = []
        self.groupings: list[set[str]] = []
        self._balance = 0
        while self._tokens:
            self._next()
        assert not self._balance, f"brackets of {text}"

    def _next(self) -> None:
        token = self._tokens.pop(0)
        self._balance += (token in "([{") - (token in ")]}")
        if token == "by":
            self.groupings.append(set(self._within("(", ")")))
        elif re.fullmatch(r"[a-zA-Z_:][\w:]*", token) and token not in _FUNCTIONS | _WORDS:
            self.metrics.append((token, set(self._matchers())))
            if self._tokens[:1] == ["["]:
                assert re.fullmatch(r"\[(\d+[smhd]|\$__rate_interval)\]", "".join(self._range()))

    def _within(self, begin: str, end: str) -> Iterator[str]:
        assert self._tokens.pop(0) == begin
        while (token := self._tokens.pop(0)) != end:
            if token != ",":
                yield token

    def _matchers(self) -> Iterator[str]:
        if self._tokens[:1] == ["{"]:
            found = list(self._within("{", "}"))
            assert len(found) % 3 == 0
            for label, operator, value in zip(found[::3], found[1::3], found[2::3], strict=True):
                assert operator in ("=", "!=", "=~", "!~")
                assert value.startswith('"')
                yield label

    def _range(self) -> Iterator[str]:
        while (token := self._tokens.pop(0)) != "]":
            yield token
        yield token


def rules() -> list[tuple[str, str]]:
    """Each alert of the file with its expression: of YAML, what the file uses of it."""
    text = (ROOT / "etc/prometheus-rules.yml").read_text(encoding="utf-8")
    found = []
    for part in text.split("- alert: ")[1:]:
        name, _, rest = part.partition("\n")
        expression = re.search(r"expr: (?:>-\n((?: {10}.*\n)+)|(.*)\n)", rest)
        assert expression is not None, name
        found.append((name, " ".join((expression[1] or expression[2]).split())))
        labels = set(re.findall(r"\$labels\.(\w+)", rest))
        assert labels <= _labels_of(Expression(found[-1][1])), name
        assert "summary: " in rest, name
    return found


def panels() -> list[tuple[str, str]]:
    """Each panel of the dashboard with its expressions."""
    dashboard = json.loads((ROOT / "etc/grafana.json").read_text(encoding="utf-8"))
    found = []
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            found.append((panel["title"], target["expr"]))
            labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert labels <= _labels_of(Expression(target["expr"])), panel["title"]
    return found


def _labels_of(expression: Expression) -> set[str]:
    if expression.groupings:
        return set.intersection(*expression.groupings)
    labels = (LABELS[name] for name, _ in expression.metrics)
    return set.intersection(*labels)


@pytest.mark.parametrize(("name", "expression"), rules() + panels())
def test_expressions_name_metrics_and_labels_that_there_are(name: str, expression: str) -> None:
    found = Expression(expression)
    assert found.metrics, name
    for metric, matched in found.metrics:
        assert metric in LABELS, metric
        assert matched <= LABELS[metric], metric
    kept = set().union(*found.groupings)
    assert kept <= OF_SCRAPES.union(*(LABELS.get(name, set()) for name, _ in found.metrics))


@pytest.mark.parametrize(
    "wrong",
    [
        "smppgate_no_such_metric",
        'smppgate_pool_up{smsc="alpha"}',
        "sum by (smsc) (smppgate_pool_up)",
    ],
)
def test_what_is_not_there_is_found(wrong: str) -> None:
    with pytest.raises(AssertionError):
        test_expressions_name_metrics_and_labels_that_there_are("wrong", wrong)


@pytest.mark.parametrize(("name", "expression"), rules() + panels())
def test_expressions_are_as_true_of_several_workers(name: str, expression: str) -> None:
    """What is left out there is of other nodes; what each worker has for itself is told apart."""
    found = Expression(expression)
    by_name = {each: family for family in FAMILIES for each in family.sample_names}
    for metric, _ in found.metrics:
        family = by_name.get(metric)
        if family is not None and family.joining is Joining.EACH:
            assert all(WORKER in kept for kept in found.groupings), name
        if family is not None and family.joining is Joining.NONE:
            assert metric == "smppgate_peer_state"


def test_there_is_an_alert_for_all_that_an_operator_has_to_know() -> None:
    names = [name for name, _ in rules()]
    assert names == list(dict.fromkeys(names))
    wanted = {"LinkDown", "PoolDown", "FewReceipts", "Failures", "QueueGrowing", "ReactorLag"}
    assert {f"Smppgate{name}" for name in wanted} <= set(names)


def test_the_documentation_has_every_metric() -> None:
    document = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    assert document.endswith("\n".join((*metrics(), "")))


@pytest.mark.parametrize("table", [fields, reasons], ids=["fields", "reasons"])
def test_the_documentation_has_every_field_of_a_line_and_every_reason(table: Any) -> None:
    document = (ROOT / "docs/messages.md").read_text(encoding="utf-8")
    assert "\n\n" + "\n".join((*table(), "")) in document
