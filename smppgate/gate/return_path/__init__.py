"""Return paths: kept before an ESME hears the id of its message."""
