"""ESMEs: their accounts and sessions, and the session that a message goes to."""
