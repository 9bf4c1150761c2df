r"""Address ranges: the rule for one, and what a bind asks for.

A range has three forms: ``4477*`` (a prefix; ``*`` alone is every number), ``447700900123``
(exactly that number), and ``^44(77|78)[0-9]{8}$`` (a regular expression for the whole number).

Regular expressions are run for every mobile-originated message, on the event loop. Those
allowed here are a part of Python's whose work is bounded: single characters, ``.``, ``\d``,
sets, groups, alternatives and repetitions. No look-around, no back-references, no lazy forms:
numbers need none. How many ways such an expression has of matching one text is counted from
above; one that has too many could take seconds over one message and is refused. That single
count covers nested repetitions, alternatives under a repetition, and long rows of ``.*``.
Everything accepted compiles (a property test holds that), so nothing is compiled here: it
would take most of the time of reading a large file.

The address_range of a bind is a UNIX regular expression to the specification (SMPP v3.4 §5.2.7,
appendix A), and to those who bind a number, a list of them, or a prefix. `bind_ranges` makes
ranges of all of these; what it makes is held to the same rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError

# A destination address has at most 64 octets and a NUL, in data_sm (SMPP v3.4 §5.2.9).
LONGEST_ADDRESS = 64
LONGEST_REGEX = 256
# Each way costs some tens of nanoseconds: 10 000 stay well under a millisecond.
MOST_WAYS = 10_000
# address_range has 41 octets with its NUL, SMPP v3.4 §4.1.1.
LONGEST_BIND_RANGE = 40

NUMBER = re.compile(rf"[0-9A-Za-z+#]{{1,{LONGEST_ADDRESS}}}")
PREFIX = re.compile(rf"[0-9A-Za-z+#]{{0,{LONGEST_ADDRESS}}}\*")

_SET = r"\[\^?(?:\\d|[0-9A-Za-z+#*](?:-[0-9A-Za-z+#*])?)+\]"
_TOKEN = re.compile(
    rf"(?P<one>{_SET}|[0-9A-Za-z#.]|\\[d+*.#])"
    r"|(?P<open>\((?:\?:)?(?!\?))"
    r"|(?P<close>\))"
    r"|(?P<bar>\|)"
    r"|(?P<repeat>[*+?]|\{(?P<low>[0-9]{1,2})(?:,(?P<high>[0-9]{0,2}))?\})"
)
_SPAN = re.compile(r"([0-9A-Za-z+#*])-([0-9A-Za-z+#*])")

# The same for names and for addresses of letters: what is printable stands for itself, but for
# what has a meaning in an expression.
_NAME_SET = r"\[\^?(?:\\d|[0-9A-Za-z+#*](?:-[0-9A-Za-z+#*])?|[_.@/:,! ])+-?\]"
_NAME_TOKEN = re.compile(
    _TOKEN.pattern.replace(_SET, _NAME_SET)
    .replace("[0-9A-Za-z#.]|", r"[^\\\[\](){}|*+?^$]|")
    .replace(r"\\[d+*.#]", r"\\[d+*.#?()|{}^$\[\]\\-]")
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]|[^\x00-\xff]")
_MARKS = {"*": (0, LONGEST_ADDRESS), "+": (1, LONGEST_ADDRESS), "?": (0, 1)}


# What must stay together when the ranges of a bind are taken apart, else one character.
_PIECE = re.compile(r"\\.|\[[^\]]*\]|\{[0-9]*,[0-9]*\}|.", re.DOTALL)
# In a bind, a + behind a digit repeats it.
_NUMBER_OR_PREFIX = re.compile(r"\+?[0-9A-Za-z#]+\*?|\+?\*")
# An expression that says no more than a prefix or a number.
_PLAIN = re.compile(r"\^(?P<text>(?:[0-9A-Za-z#]|\\[+#])*)(?P<end>(?:\.\*)?\$?)")
_EVERYTHING = frozenset({"", ".*$", "$"})
# One character, repeated, at the end of an expression.
_TAIL = re.compile(rf"(?P<one>{_SET}|\\[d+*.#]|[0-9A-Za-z#.])(?P<mark>[*?+])$")


class _Refused(ValueError):
    """The expression is not one of those allowed; the text says why."""


@attrs.define
class _Level:
    """What is known of the group being read: it changes with each token.

    ``finished`` counts the ways of the alternatives before the last bar, ``ways`` those of the
    present alternative up to its last item, ``item`` those of that item (None: there is
    nothing that could be repeated).
    """

    finished: int = 0
    ways: int = 1
    item: int | None = None

    def add(self, item: int) -> None:
        self.ways = _capped(self.ways * (self.item or 1))
        self.item = item

    def repeat(self, low: int, high: int) -> None:
        if self.item is None:
            raise _Refused("a repetition must follow what it repeats, once")
        times = range(low, min(high, LONGEST_ADDRESS) + 1)
        repeated = _capped(sum(_capped(self.item**count) for count in times))
        self.ways = _capped(self.ways * max(repeated, 1))
        self.item = None

    def bar(self) -> None:
        self.finished = self.total()
        self.ways, self.item = 1, None

    def total(self) -> int:
        return _capped(self.finished + self.ways * (self.item or 1))


def range_problem(text: str) -> str | None:
    """What is wrong with ``text`` as an address range, or None."""
    if text.startswith("^") or text.endswith("$"):
        return _regex_problem(text)
    if NUMBER.fullmatch(text) or PREFIX.fullmatch(text):
        return None
    if not text:
        return "must not be empty; all numbers are '*'"
    return (
        "must be digits ('447700900123'), a prefix ('4477*') or a regular expression "
        f"('^44[0-9]{{10}}$') of at most {LONGEST_ADDRESS} octets a number"
    )


def name_problem(text: str, longest: int = LONGEST_ADDRESS) -> str | None:
    """What is wrong with ``text`` as a pattern of names, ``name``, ``prefix*`` or ``^regex$``.

    None where nothing is. Names are system_ids, and addresses that may be of letters too, such as
    ``My Shop``: any Latin-1.

    :param longest: octets of such a name at the most.
    """
    if not text:
        return "must not be empty; all of them are '*'"
    if _UNPRINTABLE.search(text):
        return "must be Latin-1, without control characters"
    if text.startswith("^"):
        return _regex_problem(text, _NAME_TOKEN)
    if len(text.removesuffix("*")) > longest:
        return f"must be at most {longest} octets"
    return None


def bind_ranges(address_range: bytes) -> tuple[str, ...]:
    """The ranges that a bind asks to serve, each of them without a `range_problem`.

    ``address_range`` is the field of the bind, at most 40 octets without its NUL; none asks for
    nothing. A number is that number, ``4477*`` and ``^4477`` are prefixes, ``5678$`` is every
    number with that end; in any other expression too, what is not anchored may stand anywhere.
    Several are separated by comma, semicolon, space or ``|``. SMPP v3.4 §5.2.7, appendix A.

    :raises PduError: ESME_RBINDFAIL for what is longer, has other characters than printable
        ASCII, or is an expression that is not allowed.
    """
    if len(address_range) > LONGEST_BIND_RANGE:
        raise _not_bound(f"longer than {LONGEST_BIND_RANGE} octets")
    try:
        text = address_range.decode("ascii")
    except UnicodeDecodeError:
        raise _not_bound("must be ASCII") from None
    if not text.isprintable():
        raise _not_bound("must have no control characters")
    found = tuple(dict.fromkeys(_range_of(word) for word in _words(text)))
    for each in found:
        problem = range_problem(each)
        if problem is not None:
            raise _not_bound(problem)
    return found


def _not_bound(problem: str) -> PduError:
    return PduError(f"address_range: {problem}", CommandStatus.ESME_RBINDFAIL)


def _words(text: str) -> Iterator[str]:
    """What is separated in ``text``, outside parentheses."""
    depth, word = 0, ""
    for piece in _PIECE.findall(text):
        if depth == 0 and piece in ",; |":
            if word:
                yield word
            word = ""
        else:
            depth += (piece == "(") - (piece == ")")
            word += piece
    if word:
        yield word


def _range_of(word: str) -> str:
    """The range that ``word`` means, perhaps one that is not allowed."""
    if _NUMBER_OR_PREFIX.fullmatch(word):
        return word
    word = _without_tail(word)
    if word in _EVERYTHING:
        return "*"
    plain = _PLAIN.fullmatch(word)
    if plain:
        text = plain["text"].replace("\\", "")
        return text if plain["end"] == "$" else text + "*"
    before = "" if word.startswith(("^", ".*")) else ".*"
    behind = "" if word.endswith("$") else ".*"
    return f"^{before}{word.removeprefix('^').removesuffix('$')}{behind}$"


def _without_tail(word: str) -> str:
    """The same expression without what an end that is not anchored leaves without meaning.

    ``44[0-9]*`` is found wherever ``44`` is, ``44[0-9]+`` where ``44[0-9]`` is. With ``.*`` behind
    them, as they get it, both would have too many ways to match.
    """
    while (tail := _TAIL.search(word)) is not None:
        kept = tail["one"] if tail["mark"] == "+" else ""
        word = word[: tail.start()] + kept
    return word


def _regex_problem(text: str, tokens: re.Pattern[str] = _TOKEN) -> str | None:
    if len(text) > LONGEST_REGEX:
        return f"a regular expression must be at most {LONGEST_REGEX} characters, not {len(text)}"
    if not (len(text) > 2 and text.startswith("^") and text.endswith("$")):
        return "a regular expression must start with ^ and end with $"
    try:
        ways = _ways(text[1:-1], tokens)
    except _Refused as refused:
        return str(refused)
    if ways > MOST_WAYS:
        return (
            "this regular expression could take too long: it repeats repetitions or "
            "alternatives, or has too many of them"
        )
    return None


def _ways(body: str, tokens: re.Pattern[str]) -> int:
    """From above, the ways in which ``body`` can match one number; more than enough is capped."""
    levels = [_Level()]
    for token in _tokens(body, tokens):
        _take(levels, token)
    if len(levels) > 1:
        raise _Refused("a group is opened and not closed")
    if levels[0].finished:
        raise _Refused("alternatives must be in parentheses: ^(a|b)$")
    return levels[0].total()


def _take(levels: list[_Level], token: re.Match[str]) -> None:
    what = token.lastgroup
    if what == "repeat":
        levels[-1].repeat(*_bounds(token))
    elif what == "one":
        _check_set(token["one"])
        levels[-1].add(1)
    elif what == "open":
        levels.append(_Level())
    elif what == "bar":
        levels[-1].bar()
    elif len(levels) == 1:
        raise _Refused("a group is closed and not opened")
    else:
        group = levels.pop()
        levels[-1].add(group.total())


def _tokens(body: str, tokens: re.Pattern[str]) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(body):
        token = tokens.match(body, at)
        if token is None:
            raise _Refused(f"in a regular expression, {body[at : at + 8]!r} is not understood")
        yield token
        at = token.end()


def _bounds(token: re.Match[str]) -> tuple[int, int]:
    if token["repeat"] in _MARKS:
        return _MARKS[token["repeat"]]
    low = int(token["low"])
    high = low if token["high"] is None else int(token["high"] or LONGEST_ADDRESS)
    if max(low, high) > LONGEST_ADDRESS or low > high:
        raise _Refused(f"{token['repeat']} must count up, to at most {LONGEST_ADDRESS}")
    return low, high


def _check_set(text: str) -> None:
    for low, high in _SPAN.findall(text) if text.startswith("[") else ():
        if low > high:
            raise _Refused(f"{low}-{high} must count up")


def _capped(ways: int) -> int:
    return min(ways, MOST_WAYS + 1)
