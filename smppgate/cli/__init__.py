"""The ``smppgate`` console command."""
