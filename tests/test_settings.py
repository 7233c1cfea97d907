"""What a stack may choose, and what is refused."""

import contextvars
import json
import secrets
from pathlib import Path

import pulumi.runtime
import pytest
import yaml

import catalog
from catalog import CatalogError
from render import render
from render.loops import loops
from render.monitor import Monitor
from settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[1]
CHOICES = {
    "sophia:machines": ["sophia-development"],
    "sophia:mcp_servers": ["all"],
    "sophia:price_book": "2026",
}
FACTS = catalog.load()
SECRET_KEYS = ["fingerprint_key", *(name.lower() for name in FACTS.secrets_of("dev"))]


def load(config: dict[str, object], encrypted: list[str] | None = None) -> Settings:
    """Load the settings of stack `dev` from this configuration, as the engine hands it over: all values text."""

    def loaded() -> Settings:
        monitor = Monitor("sophia", "dev")
        pulumi.runtime.set_mocks(monitor.mocks, project="sophia", stack="dev", monitor=monitor)
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
        keys = [f"sophia:{key}" for key in SECRET_KEYS] if encrypted is None else encrypted
        pulumi.runtime.set_all_config(texts, keys)
        return Settings.load(FACTS)

    with loops():
        return contextvars.copy_context().run(loaded)


@pytest.fixture
def given() -> dict[str, object]:
    """A complete configuration; its secrets are drawn anew each time."""
    return {**CHOICES, **{f"sophia:{key}": f"canary-{secrets.token_hex(8)}" for key in SECRET_KEYS}}


def test_a_complete_configuration_is_read(given):
    settings = load(given)
    assert settings.machines == ("sophia-development",)
    assert settings.mcp_servers == ("all",)
    assert set(settings.secrets) == set(FACTS.secrets_of("dev"))


def test_no_secret_shows_in_the_settings(given):
    canaries = [str(value) for value in given.values() if str(value).startswith("canary")]
    shown = repr(load(given)) + str(load(given))
    assert not [canary for canary in canaries if canary in shown]


def test_a_secret_in_plain_configuration_is_refused_without_showing_it(given):
    plain = [f"sophia:{key}" for key in SECRET_KEYS if key != "openai_api_key"]
    with pytest.raises(SettingsError, match=r"openai_api_key.*must be encrypted.*--secret") as error:
        load(given, encrypted=plain)
    assert str(given["sophia:openai_api_key"]) not in str(error.value)


def test_a_choice_that_is_encrypted_is_refused(given):
    with pytest.raises(SettingsError, match=r"sophia:price_book.*a choice is not a secret"):
        load(given, encrypted=[*(f"sophia:{key}" for key in SECRET_KEYS), "sophia:price_book"])


def test_an_unknown_key_is_refused_and_the_known_ones_are_named(given):
    with pytest.raises(SettingsError, match=r"sophia:machine:.*only declared keys.*machines"):
        load({**given, "sophia:machine": "typo"})


def test_a_key_of_another_namespace_is_refused(given):
    with pytest.raises(SettingsError, match="aws:region"):
        load({**given, "aws:region": "us-east-1"})


def test_every_offence_is_named_at_once(given):
    del given["sophia:fingerprint_key"]
    del given["sophia:price_book"]
    with pytest.raises(SettingsError) as error:
        load({**given, "sophia:colour": "blue", "sophia:machines": "one"})
    text = str(error.value)
    assert all(key in text for key in ("fingerprint_key", "price_book", "colour", "machines")), text


def test_a_missing_secret_says_how_to_give_it_without_argv(given):
    del given["sophia:figma_pat"]
    remedy = r"figma_pat: absent.*pulumi config set --secret sophia:figma_pat.*standard input"
    with pytest.raises(SettingsError, match=remedy):
        load(given)


def test_the_process_environment_fills_no_field(given, monkeypatch):
    monkeypatch.setenv("PRICE_BOOK", "1999")
    monkeypatch.setenv("MACHINES", '["somewhere"]')
    assert load(given).price_book == "2026"


def test_an_unknown_machine_is_refused_with_the_choices():
    with pytest.raises(CatalogError, match=r"sophia-nowhere.*sophia-development"):
        render("dev", choices={"sophia:machines": ["sophia-nowhere"]})


def test_the_ids_of_what_is_taken_over_are_read_and_are_none_by_default(given):
    assert load(given).adopt == {}
    assert load({**given, "sophia:adopt": {"sophia-development": "0" * 32}}).adopt == {"sophia-development": "0" * 32}


def test_prod_without_the_ids_of_its_machines_is_refused_before_anything_is_built():
    with pytest.raises(CatalogError) as error:
        render("prod", choices={"sophia:adopt": {}})
    assert [name for name in FACTS.machines if f"adopt.{name}: absent" in str(error.value)] == [
        name for name, machine in FACTS.machines.items() if machine.owner == "prod"
    ]


def test_every_key_the_program_reads_is_declared_and_typed():
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    fields = set(Settings.model_fields) - {"secrets"}
    assert set(declared) == fields | {name.lower() for name in FACTS.secrets_of("dev")}
    assert all("type" in declaration and "description" in declaration for declaration in declared.values())


def test_exactly_the_secrets_are_declared_secret():
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    assert {key for key, declaration in declared.items() if declaration.get("secret")} == set(SECRET_KEYS)


def test_who_may_come_in_is_a_choice_and_nobody_is_by_default(given):
    entry = {"cidr": "203.0.113.7/32", "reason": "x", "owner": "x", "expires": "2026-12-01T12:00:00Z"}
    assert (load(given).access_ci_public_key, load(given).break_glass) == ("", ())
    chosen = load({**given, "sophia:access_ci_public_key": "key", "sophia:break_glass": [entry]})
    assert (chosen.access_ci_public_key, chosen.break_glass[0].expires_at) == ("key", "2026-12-01T12:00:00Z")


@pytest.mark.parametrize("field", ["cidr", "reason", "owner", "expires"])
def test_what_breaks_the_glass_says_why_for_whom_and_until_when(given, field):
    entry = {"cidr": "203.0.113.7/32", "reason": "x", "owner": "x", "expires": "2026-12-01T12:00:00Z"}
    del entry[field]
    with pytest.raises(SettingsError, match=rf"sophia:break_glass\.0\.{field}: absent"):
        load({**given, "sophia:break_glass": [entry]})


def test_a_stack_that_nobody_could_enter_is_refused_before_anything_is_built():
    with pytest.raises(CatalogError, match=r"sophia:access_ci_public_key: absent"):
        render("dev", choices={"sophia:access_ci_public_key": ""})
