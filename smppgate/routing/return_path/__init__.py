"""Return paths: what leads a receipt, or a query, to the ESME session and the id it belongs to."""
