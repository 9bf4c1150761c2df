"""What is made of a running gate's events and state: metrics, a history, a log of events."""

from smppgate.observe.event_log import EventLog, LoggedEvent
from smppgate.observe.history import COLUMNS, History, Sample
from smppgate.observe.metrics import Metrics
from smppgate.observe.observer import Observer
from smppgate.observe.telling import Telling

__all__ = [
    "COLUMNS",
    "EventLog",
    "History",
    "LoggedEvent",
    "Metrics",
    "Observer",
    "Sample",
    "Telling",
]
