"""Commands between the master and a worker about the worker's own life.

Commands of other areas stand in modules of their own.
"""

from __future__ import annotations

from twisted.protocols import amp

from smppgate.workers.long_octets import LongOctets

STOPPED = "it is stopped"
"""Why a worker cannot start that a signal has stopped."""


class CannotStart(Exception):
    """A worker cannot start, for the reason that its text gives."""


class SettingsRefused(Exception):
    """A worker does not take new settings and has changed nothing: its text has a fault a line."""


class NoListener(Exception):
    """A worker has no listener of this name: its settings are not the newest."""


# To a worker


class Begin(amp.Command):
    """Be worker ``number``, counted from 1; answered when it listens. `Serve` follows.

    ``common`` is a pickled `smppgate.workers.common.Common`.
    """

    arguments = [(b"number", amp.Integer()), (b"common", LongOctets())]
    errors = {CannotStart: b"CANNOT_START"}


class Serve(amp.Command):
    """All other workers listen: bind at them. Answered when the store is open."""

    errors = {CannotStart: b"CANNOT_START"}


class Reload(amp.Command):
    """Go by another ``common`` from now on; answered when it is applied."""

    arguments = [(b"common", LongOctets())]
    errors = {SettingsRefused: b"SETTINGS_REFUSED"}


class Take(amp.Command):
    """Serve this connection, which came to the listener of that name."""

    arguments = [(b"listener", amp.Unicode()), (b"connection", amp.Descriptor())]


class Listen(amp.Command):
    """Accept connections to the listener of that name on this socket too, which listens."""

    arguments = [(b"listener", amp.Unicode()), (b"listening", amp.Descriptor())]
    errors = {NoListener: b"NO_LISTENER"}


class Stop(amp.Command):
    """Stop in order, but for what `EndLinks` says. ``at_once`` waits for no peer any more."""

    arguments = [(b"at_once", amp.Boolean())]


class EndLinks(amp.Command):
    """No worker serves ESMEs any more: let go of the SMSCs, too."""


class Ping(amp.Command):
    """Give a sign of life."""


class OpenFilesAnew(amp.Command):
    """Open all files of logs anew under their paths."""


class LogState(amp.Command):
    """Write the state of the worker into the log."""


# To the master


class Load(amp.Command):
    """The connections of a listener that are open, and how many were handed over in all."""

    arguments = [
        (b"listener", amp.Unicode()),
        (b"open", amp.Integer()),
        (b"taken", amp.Integer()),
    ]
    requiresAnswer = False


class Stopping(amp.Command):
    """A worker begins to stop, and takes no connections any more."""

    requiresAnswer = False


class Status(amp.Command):
    """How many sessions with ESMEs are bound, how many links are, and how many there are to be."""

    arguments = [
        (b"esmes", amp.Integer()),
        (b"links_up", amp.Integer()),
        (b"links", amp.Integer()),
    ]
    requiresAnswer = False


class EsmesEnded(amp.Command):
    """A worker that stops serves no ESME any more, and waits for `EndLinks`."""

    requiresAnswer = False


class Log(amp.Command):
    """An event of the worker's log, as `twisted.logger.eventAsJSON` writes it."""

    arguments = [(b"event", LongOctets())]
    requiresAnswer = False
