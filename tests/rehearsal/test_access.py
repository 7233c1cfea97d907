"""How the engine comes in to the machines of a rehearsal: keys that fit a lock, and an entry that ends."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

import catalog
from catalog.access import BreakGlass, WireGuardKey
from catalog.secret import CI_KEY
from catalog.shape import fits
from rehearsal import access
from rehearsal.home import Folder
from rehearsal.machines.names import RUNNER

PRIVATE = access.private_key()


def entry(folder: Folder) -> BreakGlass:
    (only,) = access.choices(folder, PRIVATE)["first_contact"]
    return BreakGlass.model_validate(only)


def set_end(folder: Folder, end: datetime) -> None:
    known = json.loads(folder.first_contact.read_text(encoding="utf-8"))
    folder.first_contact.write_text(json.dumps({**known, "expires": end.isoformat()}), encoding="utf-8")


def test_the_secret_of_ci_is_one_of_the_catalog() -> None:
    assert CI_KEY in catalog.load().secrets


def test_the_public_half_is_what_wireguard_makes_of_the_private_one() -> None:
    # RFC 7748, 6.1: Alice's keys.
    private = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="  # pragma: allowlist secret
    assert access.public_key(private) == "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="  # pragma: allowlist secret


def test_every_private_key_is_another_and_has_wireguards_form() -> None:
    keys = {access.private_key() for _ in range(3)}
    assert len(keys) == 3
    assert all(fits(TypeAdapter(WireGuardKey), key) for key in keys)


def test_the_engines_own_address_breaks_the_glass_for_a_day(folder: Folder) -> None:
    found = entry(folder)
    assert found.cidr == f"{RUNNER}/32"
    assert timedelta(hours=23) < found.expires - datetime.now(UTC) <= timedelta(hours=24)
    assert found.reason.startswith("first contact")


def test_the_entry_stays_as_it_is_so_that_a_second_run_changes_nothing(folder: Folder) -> None:
    entry(folder)
    set_end(folder, datetime.now(UTC) + timedelta(hours=2))
    assert access.choices(folder, PRIVATE) == access.choices(folder, PRIVATE)
    assert entry(folder).expires < datetime.now(UTC) + timedelta(hours=3)


@pytest.mark.parametrize("left", [timedelta(minutes=5), timedelta(days=-3)])
def test_an_entry_that_would_end_in_a_run_is_renewed(folder: Folder, left: timedelta) -> None:
    entry(folder)
    set_end(folder, datetime.now(UTC) + left)
    assert entry(folder).expires > datetime.now(UTC) + timedelta(hours=23)


def test_the_choices_are_ones_that_the_catalog_takes(folder: Folder) -> None:
    stack = catalog.load().stack(
        "dev",
        machines=["sophia-development"],
        image_lock="rehearsal",
        adopt={},
        access_ci_public_key=access.choices(folder, PRIVATE)["access_ci_public_key"],
        break_glass=(entry(folder),),
    )
    assert [*stack.access.peers] == ["ci"]
