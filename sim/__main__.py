"""``python -m sim``: see :mod:`sim.command`."""

import sys

try:
    from sim.command import main
except ModuleNotFoundError as error:
    print(f"python -m sim: {error.name} is not installed: pip install '.[sim]'", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
