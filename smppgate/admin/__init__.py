"""The HTTP face of a gate: API, page and metrics, for its operators."""

from smppgate.admin.service import AdminService

__all__ = ["AdminService"]
