"""The hosts of a stack: what every machine looks like before anything of the platform runs on it."""
