"""Records of zones that Vercel keeps."""

from rehearsal.vercel_cloud.records import Account, Json, Record
from rehearsal.vercel_cloud.refusal import bad, missing


def add(account: Account, domain: str, body: Json) -> Json:
    """Add a record to a zone."""
    made = Record(domain=domain, **body)
    others = [one for one in account.records.values() if (one.domain, one.name) == (domain, made.name)]
    if any(one.type != made.type and "CNAME" in {one.type, made.type} for one in others):
        bad(f"a CNAME record stands alone at {made.name or domain}.")
    account.records[made.uid] = made
    return {"uid": made.uid}


def show(account: Account, own: str) -> Json:
    """Return a record."""
    found = account.records.get(own)
    if found is None:
        missing("Record")
    return {**found.model_dump(exclude={"type"}), "recordType": found.type}


def update(account: Account, own: str, body: Json) -> Json:
    """Change a record."""
    show(account, own)
    account.records[own] = account.records[own].model_copy(update=body)
    return show(account, own)


def remove(account: Account, own: str) -> None:
    """Remove a record."""
    show(account, own)
    del account.records[own]
