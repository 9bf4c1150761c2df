"""smppgate: an SMPP load balancer and message router on Twisted."""
