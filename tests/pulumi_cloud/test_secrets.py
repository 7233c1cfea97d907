"""The stacks' secrets, pushed, compared, rotated and audited, in the rehearsal's Pulumi Cloud by the official SDK."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pulumi_esc_sdk import EscClient, esc_client

import catalog
from catalog import CatalogError
from ops.error import SecretsError
from ops.secret_audit import audited, lacking
from ops.secret_push import compared, given, pushed, times
from ops.secret_rotation import due, rotated
from ops.secret_rows import Deed
from ops.secret_store import Definition, SecretStore
from tests.pulumi_cloud.conftest import Faults, Served, drawn

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[2]
FACTS = catalog.load()
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)
SEALING, PASSWORD, FOREIGN = (
    "MCP_REQUEST_STATE_KEY",
    "POSTGRES_PASSWORD",
    "LINEAR_API_KEY",
)  # pragma: allowlist secret - names
ALIAS = "POSTGRESQL_PASSWORD"  # pragma: allowlist secret - a name


@pytest.fixture
def client(served: Served) -> EscClient:
    """The SDK."""
    return esc_client.default_client(host=served.url, access_token=served.token)


@pytest.fixture
def store(client: EscClient) -> SecretStore:
    """The environments of dev, as they are committed."""
    made = SecretStore(client, "rehearsal", "dev")
    made.create(ROOT / "esc")
    return made


def give(store: SecretStore, variables: Mapping[str, str], moment: datetime = NOW) -> dict[str, Deed]:
    """Push variables, and return what became of each secret."""
    kept = store.read()
    rows = pushed(kept, given(FACTS, variables), {}, moment)
    store.write(kept)
    return {row.name: row.deed for row in rows}


def test_variables_become_secrets_also_under_older_names_and_a_second_push_changes_nothing(store: SecretStore) -> None:
    first, second = drawn(), drawn()
    deeds = give(store, {FOREIGN: first, ALIAS: second, "UNHEARD_OF": drawn()})
    assert (deeds[FOREIGN], deeds[PASSWORD], deeds["FINGERPRINT_KEY"]) == (Deed.SET, Deed.SET, Deed.DRAWN)
    assert {*deeds.values()} == {Deed.SET, Deed.DRAWN, Deed.ABSENT}
    opened = store.opened()
    assert opened["pulumiConfig"][f"sophia:{FOREIGN.lower()}"] == first
    assert opened["pulumiConfig"][f"sophia:{PASSWORD.lower()}"] == second
    again = give(store, {FOREIGN: first})
    assert (again[FOREIGN], again[PASSWORD], again["FINGERPRINT_KEY"]) == (Deed.SAME, Deed.UNGIVEN, Deed.UNGIVEN)


def test_what_is_newer_in_esc_stays_and_what_is_newer_outside_takes_its_place(store: SecretStore) -> None:
    old, new = drawn(), drawn()
    give(store, {FOREIGN: old})
    wanted = given(FACTS, {FOREIGN: new})
    kept = store.read()
    for told, deed in (({}, Deed.KEPT), ({FOREIGN: BEFORE}, Deed.KEPT), ({FOREIGN: AFTER}, Deed.REPLACED)):
        row = next(one for one in compared(kept, wanted, told) if one.name == FOREIGN)
        assert row.deed == deed
        assert row.given != row.kept
        assert not {old, new} & {*row.model_dump().values()}, "a value is shown"
    kept.put(FOREIGN, f"{old} {new}", by="rotate", moment=NOW, step="offered")
    row = next(one for one in compared(kept, wanted, {FOREIGN: AFTER}) if one.name == FOREIGN)
    assert row.deed == Deed.KEPT, "a rotation is under way"


def test_two_names_of_one_secret_must_agree() -> None:
    value = drawn()
    assert given(FACTS, {PASSWORD: value, ALIAS: value})[PASSWORD] == (PASSWORD, value)
    with pytest.raises(CatalogError, match=f"{PASSWORD} and {ALIAS}: one secret has one value") as refused:
        given(FACTS, {PASSWORD: value, ALIAS: drawn()})
    assert value not in str(refused.value)


def test_githubs_list_tells_when_each_was_set() -> None:
    page = {"total_count": 2, "secrets": [{"name": FOREIGN, "updated_at": "2026-11-29T12:00:00Z"}]}
    assert times(page) == times([page]) == {FOREIGN: BEFORE}


def test_what_people_wrote_into_a_definition_stays() -> None:
    text = "# ours\nvalues:\n  sophia:\n    ai:\n      KEY: {'fn::secret': old}  # whose\n  more: [1, 2]\n"
    kept = Definition(text)
    kept.put("KEY", "new", by="push", moment=NOW)
    written = kept.written()
    assert ("# ours" in written, "# whose" in written, "more: [1, 2]" in written) == (True, True, True)
    assert Definition(written).values == {"KEY": "new"}
    with pytest.raises(SecretsError, match="NONE: the environment has no such secret"):
        kept.put("NONE", "x", by="push", moment=NOW)
    for other in ("[", "values: {}", "a"):
        with pytest.raises(SecretsError, match=r"no mapping at values\.sophia"):
            Definition(other)


def test_a_secret_that_takes_overlapping_values_is_never_refused_while_it_is_rotated(store: SecretStore) -> None:
    old = drawn()
    give(store, {SEALING: old})
    seen: list[list[str]] = []

    def up() -> list[str]:
        seen.append(store.opened()["pulumiConfig"][f"sophia:{SEALING.lower()}"].split())
        return []

    (row,) = rotated(store, FACTS, [SEALING], up=up, moment=AFTER)
    new = seen[-1][0]
    assert seen == [[old, new], [new, old], [new]], "taken before it is used, and left after all use the next"
    assert len(new) >= 32
    assert row.steps[-1] == "nobody takes the old one any more"
    assert not {old, new} & {*row.steps}
    known = store.read().known(SEALING)
    assert known is not None
    assert (known.by, known.step, known.since) == ("rotate", "", AFTER)


@pytest.mark.parametrize(("name", "fails_at"), [(SEALING, 1), (SEALING, 2), (SEALING, 3), (PASSWORD, 1)])
def test_a_rotation_that_was_interrupted_goes_on_with_its_step(store: SecretStore, name: str, fails_at: int) -> None:
    old = drawn()
    runs: list[list[str]] = []
    give(store, {name: old})

    def up() -> list[str]:
        runs.append(store.read().values[name].split())
        return ["a pod does not come up"] if len(runs) == fails_at else []

    with pytest.raises(SecretsError, match=f"{name}: .*a pod does not come up") as told:
        rotated(store, FACTS, [name], up=up, moment=AFTER)
    assert not {*runs[-1]} & {*str(told.value).split()}, "a value is shown"
    assert name in due(store.read(), FACTS, NOW.date()), "what was begun is due"
    (row,) = rotated(store, FACTS, [name], up=up, moment=AFTER)
    assert runs[fails_at] == runs[fails_at - 1], "the step that failed is done again"
    assert old not in store.read().values[name]
    assert row.steps


def test_what_a_machine_cannot_rotate_is_a_task_with_a_date(store: SecretStore) -> None:
    give(store, {FOREIGN: drawn()})
    (row,) = rotated(store, FACTS, [FOREIGN], up=lambda: pytest.fail("nothing was changed"), moment=NOW)
    assert (row.steps, row.due) == ((), (NOW + timedelta(days=30)).date())
    assert "./sophia secrets push dev" in row.task
    with pytest.raises(CatalogError, match="NAME: NONE: the catalog has no such secret"):
        rotated(store, FACTS, ["NONE"], up=list, moment=NOW)


def test_an_audit_finds_what_is_old_unknown_shared_short_and_without_a_value(store: SecretStore) -> None:
    same, short = drawn(), "short"
    give(store, {FOREIGN: drawn()}, NOW - timedelta(days=40))
    give(store, {"SLACK_BOT_TOKEN": same, "SLACK_APP_TOKEN": same, "FIGMA_PAT": short, PASSWORD: same + "x"})
    prod = Definition(store.read().written())
    rows = {row.name: row for row in audited("dev", {"dev": store.read(), "prod": prod}, FACTS, NOW)}
    assert rows[FOREIGN].age_days == 40
    assert any("to be rotated by 2026-11-20" in one for one in rows[FOREIGN].findings)
    assert (rows[FOREIGN].users, rows[FOREIGN].owners) == (("`linear`",), (FACTS.mcp["linear"].owner,))
    assert any("dev SLACK_APP_TOKEN" in one for one in rows["SLACK_BOT_TOKEN"].findings)
    assert any(f"prod {PASSWORD}" in one for one in rows[PASSWORD].findings), "each stack has passwords of its own"
    assert any("shorter" in one for one in rows["FIGMA_PAT"].findings)
    assert any("no value" in one for one in rows["NOTION_API_KEY"].findings)
    told = json.dumps([row.model_dump(mode="json") for row in rows.values()])
    assert same not in told


def test_what_an_environment_lacks_is_told_with_who_needs_it(store: SecretStore) -> None:
    give(store, {FOREIGN: drawn()})
    told = [*lacking("dev", store.opened(), FACTS)]
    assert not [one for one in told if FOREIGN.lower() in one]
    (asana,) = [one for one in told if "asana_api_token" in one]
    assert "needed by `asana`; export ASANA_API_TOKEN, and run `./sophia secrets push dev`" in asana


def test_two_who_write_at_once_do_not_lose_the_first_ones_change(store: SecretStore) -> None:
    first, second = store.read(), store.read()
    first.put(FOREIGN, "first", by="push", moment=NOW)
    second.put("NOTION_API_KEY", "second", by="push", moment=NOW)
    store.write(first)
    with pytest.raises(SecretsError, match=r"409: .*changed meanwhile.*run this again"):
        store.write(second)
    assert store.read().values[FOREIGN] == "first"


def test_who_may_not_or_asks_for_what_is_not_there_is_told_what_to_do(served: Served, client: EscClient) -> None:
    wrong = esc_client.default_client(host=served.url, access_token=drawn())
    with pytest.raises(SecretsError, match=r"dev-secrets: 401: .*pulumi login"):
        SecretStore(wrong, "rehearsal", "dev").read()
    with pytest.raises(SecretsError, match=r"404: .*PULUMI_ORG"):
        SecretStore(client, "another", "dev").read()
    away = esc_client.default_client(host="http://127.0.0.1:9", access_token=drawn())
    with pytest.raises(SecretsError, match="no answer"):
        SecretStore(away, "rehearsal", "dev").read()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(faults: Faults, store: SecretStore, status: int) -> None:
    faults.answers = [status, status]
    assert store.read().groups
    assert faults.answers == []


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.secret_store._PATIENCE_SECONDS", 4.0)
