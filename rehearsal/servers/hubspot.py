"""Contacts and deals of a CRM."""

from dataclasses import dataclass

TITLE = "HubSpot"


@dataclass(frozen=True)
class Contact:
    """One person."""

    id: str
    """The person's id."""
    name: str
    """The person's name."""
    company: str
    """Where the person works."""


@dataclass(frozen=True)
class Deal:
    """One deal."""

    id: str
    """Its id."""
    name: str
    """What it is for."""
    stage: str
    """How far it is."""
    amount_usd: int
    """What it is worth, in dollars."""


_CONTACTS = (Contact("1", "Ada Lovelace", "Northwind"), Contact("2", "Grace Hopper", "Contoso"))
_DEALS = (Deal("d-1", "Northwind trial", "qualified", 12_000), Deal("d-2", "Contoso renewal", "won", 48_000))


def search_contacts(query: str) -> list[Contact]:
    """Find contacts by a part of their name or company."""
    return [one for one in _CONTACTS if query.lower() in f"{one.name} {one.company}".lower()]


def list_deals(stage: str | None = None) -> list[Deal]:
    """List deals, all or those at one stage."""
    return [deal for deal in _DEALS if stage in {None, deal.stage}]


def create_contact(name: str, company: str) -> Contact:
    """Create a contact."""
    return Contact(str(len(_CONTACTS) + 1), name, company)


READS = (search_contacts, list_deals)
WRITES = (create_contact,)
