"""Whether the public sites answer as declared: who serves them, what they say, and with which certificate."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import dns.exception
import dns.resolver

from catalog import Stack
from catalog.site import Domain, FrontEnd
from ops.site_rows import SiteRow

T = TypeVar("T")

_SECONDS: Final = 10.0
_DAY: Final = 86400
_AT_ONCE: Final = 8
_HTTPS: Final = 443
_SETTLING: Final = 20.0
_PAUSE: Final = 0.5
_SOON_DAYS: Final = 14
"""A certificate that is good for less was to be renewed by now: Vercel and cert-manager do it a month before."""
_PERMANENT, _OK, _UNAUTHORIZED = 308, 200, 401


class Inside(Protocol):
    """Does something where clients come from."""

    def __call__(self, act: Callable[[], T]) -> T:
        """Return what it returns."""


@dataclass(frozen=True, slots=True)
class Vantage:
    """Where clients come from."""

    inside: Inside
    """Does something there."""
    resolver: str
    """The address that is asked for names; empty for this computer's own."""
    authorities: tuple[str, ...]
    """Certificates, in PEM, of those whose signatures are trusted; empty for the public ones."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a host answered."""

    address: str
    """Where it was asked."""
    status: int
    """The status."""
    headers: Mapping[str, str]
    """What it said, by lower-case names."""
    ends: float
    """When its certificate ends, in seconds since the epoch."""

    @property
    def served_by(self) -> FrontEnd:
        """Who answered."""
        return "vercel" if self.headers.get("server") == "Vercel" else "cluster"


def check(stack: Stack, vantage: Vantage) -> tuple[SiteRow, ...]:
    """Return each host of the sites with what is not as declared.

    Args:
        stack: the stack that owns the sites.
        vantage: where clients come from.
    """
    hosts = [(name, host, domain) for name, site in stack.sites.sites.items() for host, domain in site.domains.items()]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        rows = threads.map(lambda one: _row(stack, vantage, *one), hosts)
        return tuple(rows)


def settled(stack: Stack, vantage: Vantage) -> tuple[SiteRow, ...]:
    """Return the same as soon as all is as declared, or what is wrong when time is up.

    Resolvers lead to the side of before for as long as their answers say, and that serves too meanwhile; so who serves
    is no matter here, as long as both do.

    Args:
        stack: the stack that owns the sites.
        vantage: where clients come from.
    """
    ends = time.monotonic() + _SETTLING
    while True:
        rows = check(stack, vantage)
        if not any(row.wrong for row in rows) or time.monotonic() > ends:
            return rows
        time.sleep(_PAUSE)


def ask(vantage: Vantage, host: str, path: str = "/") -> Answered:
    """Return what a host answers to whoever asks for it by its name.

    Args:
        vantage: where clients come from.
        host: the host.
        path: what is asked for.

    Raises:
        OSError: nobody answers there, or with another's certificate.
        dns.exception.DNSException: the name leads nowhere.
    """
    return vantage.inside(partial(_asked, host, path, vantage))


def _asked(host: str, path: str, vantage: Vantage) -> Answered:
    resolver = dns.resolver.Resolver(configure=not vantage.resolver)
    if vantage.resolver:
        resolver.nameservers = [vantage.resolver]
    resolver.lifetime = _SECONDS
    address = str(resolver.resolve(host, "A")[0])
    context = ssl.create_default_context(cadata="".join(vantage.authorities) or None)
    with (
        socket.create_connection((address, _HTTPS), timeout=_SECONDS) as raw,
        context.wrap_socket(raw, server_hostname=host) as secure,
    ):
        connection = http.client.HTTPSConnection(host, timeout=_SECONDS)
        connection.sock = secure
        connection.request("GET", path, headers={"User-Agent": "sophia"})
        response = connection.getresponse()
        response.read()
        said = {name.lower(): value for name, value in response.getheaders()}
        certificate: Any = secure.getpeercert()
        ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        return Answered(address, response.status, said, ends)


def _row(stack: Stack, vantage: Vantage, site: str, host: str, domain: Domain) -> SiteRow:
    try:
        found = ask(vantage, host)
    except ssl.SSLCertVerificationError as error:
        return SiteRow(host=host, site=site, wrong=(f"its certificate is not to be trusted: {error.verify_message}",))
    except (OSError, dns.exception.DNSException, http.client.HTTPException) as error:
        return SiteRow(host=host, site=site, wrong=(f"nobody answers ({type(error).__name__})",))
    days = int((found.ends - time.time()) // _DAY)
    wrong = [*_wrong(stack, found, domain)]
    if days < _SOON_DAYS:
        wrong.append(f"its certificate ends in {days} days, and was to be renewed before")
    return SiteRow(
        host=host,
        site=site,
        address=found.address,
        served_by=found.served_by,
        status=found.status,
        certificate_days=days,
        wrong=tuple(wrong),
    )


def _wrong(stack: Stack, found: Answered, domain: Domain) -> list[str]:
    wrong = []
    if found.served_by not in stack.sides:
        wrong.append(f"{found.served_by} serves it, and {stack.sides[0]} is declared")
    expected = _status(domain, found.served_by)
    if found.status != expected:
        wrong.append(f"it answers {found.status}, not {expected}")
    led = urlsplit(found.headers.get("location", "")).hostname
    if domain.redirect and led != domain.redirect:
        wrong.append(f"it leads on to {led}, not to {domain.redirect}")
    for name, value in stack.headers.items():
        if found.headers.get(name.lower()) != value:
            wrong.append(f"{name} is {found.headers.get(name.lower(), 'absent')}")
    return wrong


def _status(domain: Domain, side: FrontEnd) -> int:
    if domain.redirect:
        return _PERMANENT
    # At Vercel what is no production asks who one is (sites.protection).
    return _UNAUTHORIZED if domain.branch and side == "vercel" else _OK
