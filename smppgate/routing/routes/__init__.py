"""Which pool a message goes to, by what is written on its outside."""
