"""Where clients from outside come in."""
