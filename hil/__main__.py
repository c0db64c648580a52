"""python -m hil: the same as hotpress-hil."""

import sys

from hil.cli import app


def main() -> None:
    try:
        app(prog_name="hotpress-hil")
    except KeyboardInterrupt:  # before the loop took the signal over
        sys.exit(130)


if __name__ == "__main__":
    main()
