"""`python -m jettison` is the `jettison` command."""

from jettison.cli.app import main

if __name__ == "__main__":
    main()
