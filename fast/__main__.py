"""``python -m fast`` is the command ``bits-back``."""

import sys

from fast.cli import main

if __name__ == "__main__":
    sys.exit(main())
