"""`python -m plugin.cli`: the command without its script."""

from plugin.cli import main

main()
