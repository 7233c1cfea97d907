"""Programs that run on a host as root: the standard library alone, JSON in, JSON out, no secret in an argument."""
