"""The gate as a process of its own: signals, systemd, log files. A host of its own needs none."""
