"""Rules as a plan has them, and the models' own reading of what they make of a message.

They are of a kind that a model can work out from a body alone, by no code of the gate's: numbers
that messages go to begin otherwise inside of the gate than for ESMEs, and otherwise again for
some SMSCs.
"""

from __future__ import annotations

from random import Random

from attrs import evolve, frozen

from tests.simulation import wire
from tests.simulation.routes import Outside

INSIDE = {b"99": b"97", b"88": b"87"}
"""How numbers begin for ESMEs → inside of the gate."""

TOLD = {0x45: 0x46, 0x0A: 0x45}
"""What SMSCs, and ESMEs, say → what is told in its place."""

MARK, RECEIPT_MARK, FAR = b"RW", b"RCP", b"00"
_PLAN = b"\x03\x08"
"""Type and plan of the numbers that were changed."""


@frozen
class Rewrites:
    """What the rules are.

    :param accounts: system_ids of those whose messages are rewritten begin so. The subscribers of
        dialogues are, whosever messages they are.
    :param doors: SMSCs that get numbers in a form of their own.
    :param statuses: whether statuses become others.
    :param receipts: whether receipts are marked.
    """

    accounts: str
    doors: tuple[str, ...]
    statuses: bool
    receipts: bool

    # As they are written

    def lines(self) -> list[str]:
        """Each as it is written in the configuration."""
        statuses = ", ".join(f"0x{old:02X} = 0x{new:02X}" for old, new in TOLD.items())
        told = [f"set_statuses = {{ {statuses} }}"] if self.statuses else []
        found = [
            _rule(
                "submit",
                f'esme = "{self.accounts}*"',
                'destination = "99*"',
                _prefix("destination", b"99", b"97"),
                "set_destination_ton = 3",
                "set_destination_npi = 8",
                *told,
            ),
            _rule("submit", 'destination = "88*"', _prefix("destination", b"88", b"87")),
            _rule("deliver", 'source = "88*"', _prefix("source", b"88", b"87")),
            _rule("deliver", 'esme = "e*"', 'source = "87*"', _prefix("source", b"87", b"88")),
        ]
        if self.doors:
            doors = ", ".join(f'"{door}"' for door in self.doors)
            text = _prefix("destination", b"", FAR)
            mark = f'set_service_type = "{MARK.decode()}"'
            found.append(_rule("submit", f"smsc = [{doors}]", text, mark))
        if told:
            found.append(_rule("deliver", *told))
        if self.receipts:
            found.append(_rule("receipt", f'set_service_type = "{RECEIPT_MARK.decode()}"'))
        return found

    # As models read them

    def outside(self, account: str, outside: Outside) -> Outside:
        """What routes see of a message."""
        return evolve(outside, destination=self._inside(account, outside.destination))

    def inside(self, account: str, command: int, body: bytes) -> bytes:
        """A message of an account's as routes and keys see it."""
        if command == wire.SUBMIT_MULTI:
            return body
        service_type, plan, number = _parts(body)
        changed = self._inside(account, number)
        # Subscribers keep the type of their numbers.
        if changed[:2] == b"97" != number[:2]:
            plan = _PLAN
        return _joined(body, service_type, plan, changed)

    def at_smsc(self, account: str, command: int, body: bytes, smsc: str) -> bytes:
        """A message of an account's as an SMSC gets it."""
        body = self.inside(account, command, body)
        if smsc not in self.doors:
            return body
        if command == wire.SUBMIT_MULTI:
            return MARK + body[body.index(0) :]
        _, plan, number = _parts(body)
        number = number if number.startswith(FAR) else FAR + number
        return _joined(body, MARK, plan, number)

    def told(self, status: int, request: tuple[str, int, bytes] | None) -> int:
        """What is told in place of a status.

        :param request: account, command and body of the message of an ESME's; None for one of an
            SMSC's.
        """
        if not self.statuses or (request is not None and not self._is_for(*request)):
            return status
        return TOLD.get(status, status)

    def receipt(self, body: bytes) -> bytes:
        """A receipt as an ESME gets it."""
        return RECEIPT_MARK + body[body.index(0) :] if self.receipts else body

    def _is_for(self, account: str, command: int, body: bytes) -> bool:
        """Whether the rule with statuses is for a message."""
        is_many = command == wire.SUBMIT_MULTI
        number = first_of_many(body) if is_many else _parts(body)[2]
        return account.startswith(self.accounts) and number.startswith(b"99")

    def _inside(self, account: str, number: bytes) -> bytes:
        start = number[:2]
        if start == b"99" and not account.startswith(self.accounts):
            return number
        return INSIDE.get(start, start) + number[2:]


def draw(chance: Random, doors: list[str]) -> Rewrites:
    """Some rules.

    :param doors: SMSCs that a rule may be for.
    """
    return Rewrites(
        chance.choice(("e", "e", "e0", "e1")),
        tuple(chance.sample(doors, chance.randint(0, len(doors)))),
        chance.random() < 0.5,
        chance.random() < 0.3,
    )


def _rule(kind: str, *lines: str) -> str:
    return "\n".join(("[[rewrite]]", f'applies_to = "{kind}"', *lines))


def _prefix(side: str, old: bytes, new: bytes) -> str:
    remove = f'remove = "{old.decode()}", ' if old else ""
    return f'set_{side}_prefix = {{ {remove}add = "{new.decode()}" }}'


def first_of_many(body: bytes) -> bytes:
    """The first destination of a submit_multi."""
    _, at = wire.until_nul(body, body.index(0) + 3)
    return wire.until_nul(body, at + 4)[0]


def destination(command: int, body: bytes) -> bytes:
    """The destination of a message with its type and plan in front; of a submit_multi none."""
    if command == wire.SUBMIT_MULTI:
        return b""
    _, plan, number = _parts(body)
    return plan + number


def to_there(cancel: bytes, address: bytes) -> bytes:
    """A cancel_sm of a message to another address, which has its type and plan in front."""
    if not address:
        return cancel
    _, at = wire.until_nul(cancel, 0)
    _, at = wire.until_nul(cancel, at)
    _, at = wire.until_nul(cancel, at + 2)
    return cancel[:at] + address + b"\0"


def from_there(receipt: bytes, address: bytes) -> bytes:
    """A receipt from another address, which has its type and plan in front."""
    begin = receipt.index(0) + 1
    return receipt[:begin] + address + receipt[receipt.index(0, begin + 2) :]


def _parts(body: bytes) -> tuple[bytes, bytes, bytes]:
    """service_type, type and plan of the destination, and that."""
    service_type, at = wire.until_nul(body, 0)
    _, at = wire.until_nul(body, at + 2)
    return service_type, body[at : at + 2], wire.until_nul(body, at + 2)[0]


def _joined(body: bytes, service_type: bytes, plan: bytes, number: bytes) -> bytes:
    """The same body with others."""
    _, after_service = wire.until_nul(body, 0)
    _, at = wire.until_nul(body, after_service + 2)
    _, behind = wire.until_nul(body, at + 2)
    return b"".join(
        (service_type, b"\0", body[after_service:at], plan, number, b"\0", body[behind:])
    )
