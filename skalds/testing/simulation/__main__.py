"""Lives through seeds when run with `python -m skalds.testing.simulation`."""

import sys

from skalds.testing.simulation.run import main

if __name__ == "__main__":
    sys.exit(main())
