"""``python -m xtal`` is the ``xtal`` command."""

from .cli import main

if __name__ == "__main__":
    main()
