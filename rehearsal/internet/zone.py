"""What a resolver knows of a zone: it asks the zone's authority, and keeps each answer for as long as that says."""

import time

import dns.exception
import dns.rdatatype
import dns.resolver
from dnslib import QTYPE, RCODE, RR, DNSRecord

_SECONDS = 2.0


class Zone:
    """The names of one zone, as its authority answers, kept meanwhile (RFC 1034, section 5.3.3).

    Args:
        name: the zone's name.
        authority: the address of its authority.
    """

    def __init__(self, name: str, authority: str) -> None:
        self._name = name
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = [authority]
        self._resolver.cache = dns.resolver.LRUCache()
        self._resolver.lifetime = _SECONDS

    def has(self, host: str) -> bool:
        """Return whether a name is one of it.

        Args:
            host: the name.
        """
        return f".{host.rstrip('.').lower()}".endswith(f".{self._name}")

    def answer(self, request: DNSRecord, reply: DNSRecord) -> None:
        """Fill in what the authority answers, with the time for which that may still be kept.

        Args:
            request: the question.
            reply: what is answered.
        """
        name, kind = str(request.q.qname), dns.rdatatype.from_text(QTYPE[request.q.qtype])
        try:
            found = self._resolver.resolve(name, kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            reply.header.rcode = RCODE.NXDOMAIN
            return
        except dns.exception.DNSException:
            reply.header.rcode = RCODE.SERVFAIL
            return
        left = max(0, int(found.expiration - time.time()))
        for one in found.response.answer:
            for record in one:
                text = f"{one.name} {left} IN {dns.rdatatype.to_text(record.rdtype)} {record.to_text()}"
                reply.add_answer(*RR.fromZone(text))
