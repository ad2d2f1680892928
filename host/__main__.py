"""``python -m host``: see :mod:`host.command`."""

import sys


def main() -> int:
    try:
        from host.command import main
    except ModuleNotFoundError as error:
        print(f"host: {error.name} is not installed: pip install -e '.[host]'", file=sys.stderr)
        return 2
    return main()


if __name__ == "__main__":
    sys.exit(main())
