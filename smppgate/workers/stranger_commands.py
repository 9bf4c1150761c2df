"""Commands between a worker, with its `SharedStrangers`, and the master, with the `AllKnown`.

They are the methods of `AllStrangers`. What needs an answer has it in the turn in which it comes.
"""

from __future__ import annotations

from twisted.protocols import amp

LISTENER = (b"listener", amp.Unicode())
ADDRESS = (b"address", amp.Unicode())
NAME = (b"name", amp.String())


class AdmitAddress(amp.Command):
    """See `AllAddresses.admit`."""

    arguments = [LISTENER, ADDRESS, (b"limit", amp.Integer())]
    response = [(b"is_admitted", amp.Boolean())]


class LeaveAddress(amp.Command):
    """See `AllAddresses.leave`."""

    arguments = [LISTENER, ADDRESS]
    requiresAnswer = False


class TakeTurn(amp.Command):
    """See `AllGuesses.turn`. ``patience``: seconds in which the bind must be judged."""

    arguments = [ADDRESS, NAME, (b"patience", amp.Float())]
    response = [(b"wait", amp.Float(optional=True)), (b"failures", amp.Integer())]


class Failures(amp.Command):
    """See `AllGuesses.failures`."""

    arguments = [ADDRESS, NAME]
    response = [(b"failures", amp.Integer())]


class GuessFailed(amp.Command):
    """See `AllGuesses.failed`."""

    arguments = [ADDRESS, NAME, (b"before", amp.Integer(optional=True))]
    requiresAnswer = False


class GuessBound(amp.Command):
    """See `AllGuesses.bound`."""

    arguments = [ADDRESS, NAME]
    requiresAnswer = False


class GuessEnded(amp.Command):
    """See `AllGuesses.ended`."""

    arguments = [ADDRESS]
    requiresAnswer = False
