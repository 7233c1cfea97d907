"""A stateful stand-in for Vercel: its API, for one team, and an edge that serves the team's sites by their hosts."""

from rehearsal.vercel_cloud.place import NAME, VercelHost

__all__ = ["NAME", "VercelHost"]
