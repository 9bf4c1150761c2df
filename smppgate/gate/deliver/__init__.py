"""Requests of SMSCs, receipts among them, to ESMEs."""
