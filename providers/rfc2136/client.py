"""One zone's authority: what it holds, and changes of it, all or nothing.

Sources: RFC 2136 (updates, applied as a whole or not at all, section 3.4), RFC 5936 (transfers), RFC 8945 (TSIG).
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.tsigkeyring
import dns.update
import dns.xfr
import dns.zone

from providers.kit import ProviderError
from providers.rfc2136.config import Rfc2136Config

_SECONDS: Final = 10.0
"""How long the authority may take to answer; it answers from memory."""
_TRANSFER: Final = "transfer"
_CHANGE: Final = "change"
_AGAIN: Final = "run the command again; what it holds is read first"
_KEY: Final = "see that DNS_UPDATE_KEYNAME, DNS_UPDATE_KEYSECRET and DNS_UPDATE_KEYALGORITHM are those of a key it has"
_LET: Final = (
    "let the key change and transfer the zone there (Knot: acl; BIND: update-policy, allow-transfer), "
    "and see that it is the zone's primary authority"
)
_REFUSED: Final[Mapping[dns.rcode.Rcode, str]] = {
    dns.rcode.REFUSED: _LET,
    dns.rcode.NOTAUTH: _LET,
    dns.rcode.NOTZONE: "declare only names of the zone",
    dns.rcode.SERVFAIL: "read the authority's log: it could not apply what it was sent, and holds what it held",
    dns.rcode.FORMERR: "read the authority's log: it does not take what it was sent",
    dns.rcode.NOTIMP: "name an authority that takes dynamic updates (RFC 2136)",
}
_CHANGED: Final = frozenset({dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN})
"""What it answers when the zone is not as it was when it was read."""

_OF_THE_ZONE: Final = frozenset(
    {
        dns.rdatatype.SOA,
        dns.rdatatype.NS,
        dns.rdatatype.DNSKEY,
        dns.rdatatype.CDS,
        dns.rdatatype.CDNSKEY,
        dns.rdatatype.NSEC3PARAM,
        dns.rdatatype.RRSIG,
        dns.rdatatype.NSEC,
    }
)
"""What makes a zone one, and is its authority's business."""

Key = tuple[str, str]
"""A host and a type of records, by which a record set is known."""


@dataclass(frozen=True, slots=True)
class Held:
    """A record set, in the form of zone files."""

    ttl: int
    """How long it may be kept, in seconds."""
    values: tuple[str, ...]
    """What its records say, sorted."""


class Client:
    """Speaks to one authority.

    Args:
        config: where it is, and the key that it takes.
    """

    def __init__(self, config: Rfc2136Config) -> None:
        self._config = config
        self._ring = dns.tsigkeyring.from_text({config.key_name: (config.key_algorithm, config.key_secret)})

    @property
    def authority(self) -> str:
        """How messages name it."""
        return f"{self._config.server} port {self._config.port}"

    async def zone(self, name: str) -> dict[Key, Held]:
        """Return all record sets of a zone but those that make it one, by host and type.

        Args:
            name: the zone's name.

        Raises:
            ProviderError: it does not answer, or refuses; so it does, too, for a zone that it does not have.
        """
        found = dns.zone.Zone(dns.name.from_text(name), relativize=False)
        query, _ = dns.xfr.make_query(found, keyring=self._ring)
        try:
            async with asyncio.timeout(_SECONDS):
                await dns.asyncquery.inbound_xfr(
                    self._config.server, found, query, port=self._config.port, lifetime=_SECONDS
                )
        except dns.xfr.TransferError as error:
            raise self._refusal(_TRANSFER, name, error.rcode) from None
        except (dns.exception.DNSException, OSError, TimeoutError, EOFError) as error:
            raise self._unheard(name, error) from None
        return {
            (str(host).rstrip(".").lower(), dns.rdatatype.to_text(rdataset.rdtype)): Held(
                rdataset.ttl, tuple(sorted(one.to_text(relativize=False) for one in rdataset))
            )
            for host, rdataset in found.iterate_rdatasets()
            if rdataset.rdtype not in _OF_THE_ZONE or str(host) != str(found.origin)
        }

    async def change(self, name: str, old: Mapping[Key, Held], new: Mapping[Key, Held]) -> None:
        """Make record sets of a zone others, all at once and only as long as they are what they were.

        Args:
            name: the zone's name.
            old: what they are now; a set that is absent is not there.
            new: what they are to be; a set that is absent is to go.

        Raises:
            ProviderError: it does not answer, refuses, or holds something else by now; or it did not do all of it.
        """
        changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        if not changed:
            return
        await self._send(name, changed, new, required=old)
        if not (left := await self._other(name, changed, new)):
            return
        # An authority behind a gateway may say yes and do less: what is half done is in the way of the next run.
        await self._send(name, changed, old)
        back = "what was there before is there again" if not await self._other(name, changed, old) else "it stays so"
        what = f"{self.authority}: it said that it changed {name}, and held something else at {', '.join(left)}; {back}"
        raise ProviderError(what, "read its log, and run the command again")

    async def _send(
        self, name: str, changed: Sequence[Key], new: Mapping[Key, Held], required: Mapping[Key, Held] | None = None
    ) -> None:
        update = dns.update.UpdateMessage(name, keyring=self._ring)
        for host, kind in changed if required is not None else ():
            if one := (required or {}).get((host, kind)):
                update.present(f"{host}.", kind, *one.values)
            else:
                update.absent(f"{host}.", kind)
        for host, kind in changed:
            update.delete(f"{host}.", kind)
        for host, kind in changed:
            if one := new.get((host, kind)):
                update.add(f"{host}.", one.ttl, kind, *one.values)
        try:
            answer = await dns.asyncquery.tcp(update, self._config.server, timeout=_SECONDS, port=self._config.port)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise self._unheard(name, error) from None
        rcode = answer.rcode()
        if rcode in _CHANGED:
            what = f"{self.authority}: somebody changed {name} since it was read"
            raise ProviderError(what, _AGAIN)
        if rcode != dns.rcode.NOERROR:
            raise self._refusal(_CHANGE, name, rcode)

    async def _other(self, name: str, keys: Iterable[Key], wanted: Mapping[Key, Held]) -> list[str]:
        """Return where the zone holds something else than is wanted."""
        there = await self.zone(name)
        return sorted(" ".join(key) for key in keys if there.get(key) != wanted.get(key))

    def _refusal(self, verb: str, name: str, rcode: int | None) -> ProviderError:
        code = dns.rcode.Rcode(rcode or dns.rcode.SERVFAIL)
        said = f"{self.authority}: it does not {verb} {name} ({dns.rcode.to_text(code)})"
        return ProviderError(said, _REFUSED.get(code, _AGAIN))

    def _unheard(self, name: str, error: Exception) -> ProviderError:
        if isinstance(error, dns.exception.FormError) and "TSIG" in str(error):
            # It signs what it answers to a key that it knows and lets in.
            return ProviderError(f"{self.authority}: it does not let the key change {name}", _LET)
        if isinstance(
            error, dns.tsig.PeerError | dns.tsig.BadSignature | dns.tsig.BadTime | dns.message.UnknownTSIGKey
        ):
            return ProviderError(f"{self.authority}: it does not take the key ({type(error).__name__})", _KEY)
        what = f"{self.authority}: no usable answer about {name} ({type(error).__name__})"
        return ProviderError(what, "see that DNS_UPDATE_SERVER and DNS_UPDATE_PORT lead there by TCP")
