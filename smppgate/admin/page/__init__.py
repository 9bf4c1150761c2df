"""The page at ``/``: files without a build step, over the API, and with nothing from elsewhere.

Files are read once, when the interface starts; what they are named is all that can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable

from attrs import evolve

from smppgate.admin.messages import Answer
from smppgate.admin.routes import Call, Route

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
"""By the endings of the files' names."""


def page_routes() -> Iterator[Route]:
    """A route for each file; that of ``index.html`` is ``/``."""
    for path, file in _found(files(__name__) / "files"):
        kind = CONTENT_TYPES[path.rpartition(".")[2]]
        yield Route(
            method="GET",
            path=path.removesuffix("index.html"),
            handle=partial(_give, _answer(kind, file.read_bytes())),
            summary="A part of the page.",
            content_type=kind,
        )


def _found(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda found: found.name):
        place = f"{path}/{each.name}"
        if each.is_dir():
            yield from _found(each, place)
        elif place.rpartition(".")[2] in CONTENT_TYPES:
            yield place, each


def _answer(kind: str, octets: bytes) -> Answer:
    tag = f'"{blake2b(octets, digest_size=12).hexdigest()}"'
    # A browser keeps the file and asks each time whether it is still the same.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    return Answer(content_type=kind, headers=headers, body=(octets,))


async def _give(answer: Answer, call: Call) -> Answer:
    tags = call.asked.headers.get("if-none-match", "")
    is_known = answer.headers["ETag"] in tags.replace(" ", "").split(",")
    return evolve(answer, status=304, body=()) if is_known else answer
