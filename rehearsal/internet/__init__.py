"""What machines find outside: one host that has every name which workloads may be led to, and takes connections."""

from rehearsal.internet.place import NAME, start

__all__ = ["NAME", "start"]
