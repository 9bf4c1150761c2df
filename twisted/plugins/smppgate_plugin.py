"""Tells ``twistd`` that the ``smppgate`` command exists."""

from twisted.application.service import ServiceMaker

smppgate = ServiceMaker(
    "smppgate", "smppgate.tap", "SMPP load balancer and message router", "smppgate"
)
