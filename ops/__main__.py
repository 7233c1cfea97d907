"""``python -m ops``: what ``./sophia`` runs."""

from ops.cli import main

main()
