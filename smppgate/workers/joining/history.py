"""The samples of workers as those of one gate: what happened in the same second is one sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor
from typing import Any

from smppgate.admin.shapes import iso
from smppgate.admin.views import moment
from smppgate.observe import COLUMNS

_LATENCY = COLUMNS.index("latency_seconds")
_MESSAGES, _LATENCIES = len(COLUMNS), len(COLUMNS) + 1

Sample = Sequence[Any]


def joined_history(told: Sequence[Mapping[str, Any]], since: float, now: float) -> dict[str, Any]:
    """What `Views.history` tells of one gate, of these together.

    A sample is of a whole second, and ends with it. The second that is not over has none yet.

    :param since: only samples that end after this time; seconds since 1970, as ``now``.
    """
    smscs = list(dict.fromkeys(name for each in told for name in each["smscs"]))
    seconds: dict[int, list[Sample]] = {}
    for each in told:
        for sample in each["samples"]:
            second = floor(moment(sample[0]))
            if since < second + 1 <= now:
                seconds.setdefault(second, []).append(_by_smscs(sample, each["smscs"], smscs))
    return {
        "interval_seconds": 1,
        "columns": list(COLUMNS),
        "smscs": smscs,
        "samples": [_joined(second + 1, seconds[second]) for second in sorted(seconds)],
    }


def _by_smscs(sample: Sample, own: Sequence[str], smscs: Sequence[str]) -> Sample:
    """The sample for all these SMSCs."""
    if own == smscs:
        return sample
    messages = dict(zip(own, sample[_MESSAGES], strict=True))
    latencies = dict(zip(own, sample[_LATENCIES], strict=True))
    return [
        *sample[:_MESSAGES],
        [messages.get(name, 0) for name in smscs],
        [latencies.get(name, 0.0) for name in smscs],
    ]


def _joined(end: float, samples: Sequence[Sample]) -> list[Any]:
    totals = [sum(each) for each in zip(*(s[1:_MESSAGES] for s in samples), strict=True)]
    weights = [sum(sample[_MESSAGES]) for sample in samples]
    totals[_LATENCY - 1] = _mean((sample[_LATENCY] for sample in samples), weights)
    of_smscs = list(zip(*(sample[_MESSAGES] for sample in samples), strict=True))
    latencies = zip(*(sample[_LATENCIES] for sample in samples), strict=True)
    return [iso(end), *totals, [sum(each) for each in of_smscs], [*_means(latencies, of_smscs)]]


def _means(
    values: Iterable[Sequence[float]], weights: Iterable[Sequence[float]]
) -> Iterator[float]:
    for each, weight in zip(values, weights, strict=True):
        yield _mean(each, weight)


def _mean(values: Iterable[float], weights: Sequence[float]) -> float:
    """By these weights; the greatest where none has any."""
    known = list(values)
    whole = sum(weights)
    if not whole:
        return max(known, default=0.0)
    return sum(v * w for v, w in zip(known, weights, strict=True)) / whole
