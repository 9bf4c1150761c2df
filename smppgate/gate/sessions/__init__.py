"""Sessions on transports: what ESMEs connect to, and the gate's links to SMSCs."""
