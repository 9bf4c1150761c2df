"""``python -m smppgate``: the console command."""

import sys

from smppgate.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
