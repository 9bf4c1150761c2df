"""The table of routes: all that the admin interface answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from smppgate.admin.event_stream import CONTENT_TYPE, EventStream
from smppgate.admin.messages import TEXT, Answer, json_answer
from smppgate.admin.openapi import document
from smppgate.admin.page import page_routes
from smppgate.admin.process import Process
from smppgate.admin.routes import Call, Parameter, Route, Table
from smppgate.admin.routing import ROUTE_QUERY
from smppgate.admin.source import Acting, Source, Viewing
from smppgate.admin.traffic import traffic_routes
from smppgate.admin.views import ITEMS, LISTS, moment
from smppgate.observe import EventLog, Metrics
from smppgate.settings.admin_side import OPERATOR
from smppgate.settings.log_side import LEVELS
from smppgate.txsmpp.clock import Clock

ROOT = "/api/v1"
MOST_WEIGHT = 256


def table(source: Source, clock: Clock) -> Table:
    """All routes; the document tells of those of the API."""
    routes = [
        *_open(source),
        *_lists(source.views),
        *_views(source),
        *_events(source.events, clock),
        *traffic_routes(source.looks, ROOT),
        Route(
            method="GET",
            path=f"{ROOT}/route",
            handle=source.explain,
            summary="Where a message would go, and why.",
            query=ROUTE_QUERY,
            result={"type": "object"},
            statuses=(404,),
        ),
        *_smscs(source.actions),
        *_accounts(source.actions),
        *_process(source.process),
    ]

    async def openapi(_call: Call) -> Answer:
        return json_answer(document(routes))

    routes.append(
        Route(
            method="GET",
            path=f"{ROOT}/openapi.json",
            handle=openapi,
            summary="This document.",
            result={"type": "object"},
        )
    )
    return Table([*routes, *page_routes()])


def _open(source: Source) -> Iterator[Route]:
    """What anybody may ask."""

    async def readiness(_call: Call) -> Answer:
        if await source.views.is_ready():
            return Answer(content_type=TEXT, body=(b"ready\n",))
        return Answer(status=503, content_type=TEXT, body=(b"not ready\n",))

    yield Route(
        method="GET",
        path="/healthz",
        handle=source.process.health,
        summary="Whether the process answers.",
        role="",
        content_type=TEXT,
    )
    yield Route(
        method="GET",
        path="/readyz",
        handle=readiness,
        summary="Whether the gate can serve: its listeners, its store and a link are up.",
        role="",
        content_type=TEXT,
        statuses=(503,),
    )


def _lists(views: Viewing) -> Iterator[Route]:
    for name, (shape, _) in LISTS.items():
        yield Route(
            method="GET",
            path=f"{ROOT}/{name}",
            handle=partial(_list, views, name),
            summary=f"All {name}.",
            result={"type": "array", "items": _reference(shape.name)},
        )
    for kind, (shape, name, _) in ITEMS.items():
        yield Route(
            method="GET",
            path=f"{ROOT}/{kind}/{{{name}}}",
            handle=partial(_item, views, kind, name),
            summary=f"One of the {kind}.",
            result=_reference(shape.name),
            statuses=(404,),
        )


def _views(source: Source) -> Iterator[Route]:
    views = source.views
    for name, handle, summary, result in (
        ("me", source.process.me, "Who asks, and its role.", "Me"),
        ("state", views.state, "The whole gate.", "State"),
        ("store", views.store, "What the store holds.", "Store"),
    ):
        yield Route(
            method="GET",
            path=f"{ROOT}/{name}",
            handle=handle,
            summary=summary,
            result=_reference(result),
        )
    yield Route(
        method="GET",
        path=f"{ROOT}/history",
        handle=views.history,
        summary="The last five minutes, a sample a second.",
        query=(
            Parameter(
                name="since",
                schema={"type": "string", "format": "date-time"},
                read=moment,
                meaning="only samples after this time",
                default=0.0,
            ),
        ),
        result=_reference("History"),
    )
    yield Route(
        method="GET",
        path="/metrics",
        handle=views.metrics,
        summary="The metrics, for Prometheus.",
        content_type=Metrics.content_type,
        statuses=(404,),
    )


def _events(events: EventLog, clock: Clock) -> Iterator[Route]:
    async def stream(call: Call) -> Answer:
        last = call.asked.headers.get("last-event-id", "")
        since = int(last) if _is_number(last) else call.query["since"]
        return Answer(content_type=CONTENT_TYPE, stream=EventStream(events, clock, since).start)

    yield Route(
        method="GET",
        path=f"{ROOT}/events",
        handle=stream,
        summary="Events as they come: server-sent events.",
        query=(
            Parameter(
                name="since",
                schema={"type": "integer", "minimum": 0},
                read=_number,
                meaning="only events behind this number; the header Last-Event-ID counts first",
                default=0,
            ),
        ),
        content_type=CONTENT_TYPE,
    )


def _smscs(actions: Acting) -> Iterator[Route]:
    for action, summary in (
        ("drain", "Send it no new messages."),
        ("ready", "Send it messages again."),
        ("maint", "Drain it, then unbind and stay away."),
    ):
        yield _operation(
            f"smscs/{{name}}/{action}",
            partial(_with, actions.smsc, action),
            summary,
            "Smsc",
            statuses=(202,),
        )
        yield _operation(
            f"links/{{id}}/{action}",
            partial(_with, actions.link, action),
            summary,
            "Link",
            statuses=(202,),
        )
    yield _operation(
        "smscs/{name}/end-ejection",
        partial(_with, actions.smsc, "end-ejection"),
        "Let it come back in all pools that have ejected it.",
        "Smsc",
    )
    weight = Parameter(
        name="weight",
        schema={"type": ["integer", "null"], "minimum": 0, "maximum": MOST_WEIGHT},
        read=_weight,
        meaning="null for that of the settings",
        is_required=True,
    )
    yield _operation(
        "smscs/{name}/weight",
        actions.weight,
        "Give it another share of messages, until it is null or the settings change.",
        "Smsc",
        body=(weight,),
    )


def _accounts(actions: Acting) -> Iterator[Route]:
    now = Parameter(
        name="now",
        schema={"type": "boolean"},
        read=_flag,
        meaning="do not wait for open requests to be answered",
        default=False,
    )
    account = "accounts/{system_id}"
    for action, summary in (
        ("close", "Accept no new binds."),
        ("open", "Accept binds again."),
    ):
        handle = partial(_with, actions.account, action)
        yield _operation(f"{account}/{action}", handle, summary, "Account")
    yield _operation(
        f"{account}/kick",
        actions.kick_account,
        "Unbind its sessions.",
        "Account",
        body=(now,),
        statuses=(202,),
    )
    yield _operation(
        "sessions/{id}/kick",
        actions.kick_session,
        "Unbind it.",
        "Session",
        body=(now,),
        status=202,
    )
    yield _operation(
        "queues/{system_id}/drop",
        actions.drop,
        "Remove the messages that wait in it.",
        "Queue",
        statuses=(503,),
    )
    yield _operation(
        "queues/{system_id}/retry",
        actions.retry,
        "Send what waits in it at once.",
        "Queue",
    )


def _process(process: Process) -> Iterator[Route]:
    yield _operation(
        "reload",
        process.reload,
        "Read the configuration file again and apply it, as SIGHUP does.",
        "Reloaded",
        statuses=(409, 422, 503),
    )
    level = Parameter(
        name="level",
        schema={"type": "string", "enum": list(LEVELS)},
        read=_level,
        is_required=True,
    )
    yield Route(
        method="GET",
        path=f"{ROOT}/log-level",
        handle=process.level,
        summary="The level of what is logged.",
        result=_reference("LogLevel"),
    )
    yield Route(
        method="PUT",
        path=f"{ROOT}/log-level",
        handle=process.change_level,
        summary="Log events of this level and above.",
        role=OPERATOR,
        body=(level,),
        result=_reference("LogLevel"),
    )


def _operation(path: str, handle: Any, summary: str, result: str, **more: Any) -> Route:
    statuses = more.pop("statuses", ())
    return Route(
        method="POST",
        path=f"{ROOT}/{path}",
        handle=handle,
        summary=summary,
        role=OPERATOR,
        body=more.pop("body", ()),
        result=_reference(result),
        statuses=(*statuses, *((404,) if "{" in path else ())),
        **more,
    )


async def _list(views: Viewing, name: str, _call: Call) -> Answer:
    return await views.list(name)


async def _item(views: Viewing, kind: str, name: str, call: Call) -> Answer:
    return await views.item(kind, call.names[name])


async def _with(handle: Any, action: str, call: Call) -> Answer:
    answer: Answer = await handle(call, action)
    return answer


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


# What is read


def _weight(value: object) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if value is None or (is_whole and 0 <= value <= MOST_WEIGHT):  # type: ignore[operator]
        return value  # type: ignore[return-value]
    raise ValueError(f"must be null, or an integer from 0 to {MOST_WEIGHT}")


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _level(value: object) -> str:
    if value not in LEVELS:
        raise ValueError(f"must be one of {', '.join(LEVELS)}")
    return str(value)


def _number(text: str) -> int:
    if not _is_number(text):
        raise ValueError("must be a number")
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
