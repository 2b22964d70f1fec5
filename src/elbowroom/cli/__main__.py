"""`python -m elbowroom.cli` is the command `elbowroom`."""

import sys

from elbowroom.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
