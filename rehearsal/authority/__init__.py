"""The authority of the platform's zone in a rehearsal: a real one, outside of the machines."""

from rehearsal.authority.place import NAME, AuthorityHost

__all__ = ["NAME", "AuthorityHost"]
