"""Return paths: they lead from an SMSC's message id to the ESME session and the ESME's id."""
