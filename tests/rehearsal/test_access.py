"""How the engine comes in to the machines of a rehearsal: keys that fit a lock, and an entry that ends."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

import catalog
from catalog.access import BreakGlass, WireGuardKey
from catalog.shape import fits
from rehearsal import access, configuration
from rehearsal.home import Folder
from rehearsal.machines.names import RUNNER

SECRETS = (access.CI_KEY, "OPENAI_API_KEY")


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config: {}\n", encoding="utf-8")
    return file


def written(folder: Folder, committed: Path) -> dict[str, Any]:
    file = configuration.write(folder, committed=committed, secret_names=SECRETS)
    config: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    return config


def entry(config: dict[str, Any]) -> BreakGlass:
    (only,) = config["sophia:break_glass"]
    return BreakGlass.model_validate(only)


def set_end(folder: Folder, end: datetime) -> None:
    known = json.loads(folder.first_contact.read_text(encoding="utf-8"))
    folder.first_contact.write_text(json.dumps({**known, "expires": end.isoformat()}), encoding="utf-8")


def test_the_secret_of_ci_is_one_of_the_catalog() -> None:
    assert access.CI_KEY in catalog.load().secrets


def test_the_public_half_is_what_wireguard_makes_of_the_private_one() -> None:
    # RFC 7748, 6.1: Alice's keys.
    private = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="  # pragma: allowlist secret
    assert access.public_key(private) == "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="  # pragma: allowlist secret


def test_every_private_key_is_another_and_has_wireguards_form() -> None:
    keys = {access.private_key() for _ in range(3)}
    assert len(keys) == 3
    assert all(fits(TypeAdapter(WireGuardKey), key) for key in keys)


def test_the_configuration_holds_the_public_half_of_the_secret_beside_it(folder: Folder, committed: Path) -> None:
    config = written(folder, committed)
    private = configuration.secret(folder, access.CI_KEY)
    assert private
    assert config["sophia:access_ci_public_key"] == access.public_key(private)
    assert [*config["sophia:access_ci_private_key"]] == ["secure"]
    assert private not in folder.configuration.read_text(encoding="utf-8")


def test_the_key_stays_from_run_to_run(folder: Folder, committed: Path) -> None:
    first = written(folder, committed)["sophia:access_ci_public_key"]
    committed.write_text("config: {sophia:price_book: '2025'}\n", encoding="utf-8")
    assert written(folder, committed)["sophia:access_ci_public_key"] == first


def test_the_engines_own_address_breaks_the_glass_for_a_day(folder: Folder, committed: Path) -> None:
    found = entry(written(folder, committed))
    assert found.cidr == f"{RUNNER}/32"
    assert timedelta(hours=23) < found.expires - datetime.now(UTC) <= timedelta(hours=24)
    assert found.reason.startswith("first contact")


def test_the_entry_stays_as_it_is_so_that_a_second_run_changes_nothing(folder: Folder, committed: Path) -> None:
    written(folder, committed)
    set_end(folder, datetime.now(UTC) + timedelta(hours=2))
    assert written(folder, committed)["sophia:break_glass"] == written(folder, committed)["sophia:break_glass"]
    assert entry(written(folder, committed)).expires < datetime.now(UTC) + timedelta(hours=3)


@pytest.mark.parametrize("left", [timedelta(minutes=5), timedelta(days=-3)])
def test_an_entry_that_would_end_in_a_run_is_renewed(folder: Folder, committed: Path, left: timedelta) -> None:
    written(folder, committed)
    set_end(folder, datetime.now(UTC) + left)
    assert entry(written(folder, committed)).expires > datetime.now(UTC) + timedelta(hours=23)


def test_without_the_key_of_ci_nobody_is_let_in(folder: Folder) -> None:
    assert access.choices(folder, {"openai_api_key": "x"}) == {}
    assert not folder.first_contact.exists()


def test_the_generated_choices_are_ones_that_the_catalog_takes(folder: Folder, committed: Path) -> None:
    config = written(folder, committed)
    stack = catalog.load().stack(
        "dev",
        machines=["sophia-development"],
        image_lock="rehearsal",
        adopt={},
        access_ci_public_key=config["sophia:access_ci_public_key"],
        break_glass=(entry(config),),
    )
    assert [*stack.access.peers] == ["ci"]
