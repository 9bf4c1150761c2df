"""Sessions on transports: with ESMEs and with SMSCs, and the services that begin them."""
