"""Environments of Pulumi ESC in the rehearsal's Pulumi Cloud, by the unmodified SDK and the unmodified command line."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pulumi_esc_sdk import EscClient, esc_client, exceptions

from tests.pulumi_cloud.conftest import Run, Served, drawn

pytestmark = pytest.mark.engine

ORG, PROJECT, NAME = "rehearsal", "sophia", "dev-secrets"
ONE = (ORG, PROJECT, NAME)


@pytest.fixture
def sdk(served: Served) -> EscClient:
    """The SDK."""
    return esc_client.default_client(host=served.url, access_token=served.token)


def definition(value: str, **more: str) -> str:
    """A definition with a secret."""
    document: dict[str, Any] = {"values": {"key": {"fn::secret": value}, **more}}
    return json.dumps(document)


def test_what_the_sdk_keeps_it_reads_and_opens_again(sdk: EscClient) -> None:
    value = drawn()
    sdk.create_environment(*ONE)
    sdk.update_environment_yaml(*ONE, definition(value, word="plain"))
    kept, raw = sdk.get_environment(*ONE)
    assert "ciphertext" in raw.decode()
    assert value not in raw.decode()
    assert kept.values is not None
    _, opened, _ = sdk.open_and_read_environment(*ONE)
    assert opened == {"key": value, "word": "plain"}
    session = sdk.open_environment(*ONE)
    held, word = sdk.read_open_environment_property(*ONE, session.id, "key")
    assert (word, held.secret) == (value, True)
    _, decrypted = sdk.decrypt_environment(*ONE)
    assert value in decrypted
    listed = sdk.list_environments(ORG).environments
    assert listed is not None
    assert [(one.project, one.name) for one in listed] == [(PROJECT, NAME)]


def test_every_change_is_a_revision_that_can_be_read_opened_and_tagged(sdk: EscClient) -> None:
    first, second = drawn(), drawn()
    sdk.create_environment(*ONE)
    for value in (first, second):
        sdk.update_environment_yaml(*ONE, definition(value))
    revisions = sdk.list_environment_revisions(*ONE)
    assert [one.number for one in revisions] == [3, 2, 1]
    assert [one.number for one in sdk.list_environment_revisions(*ONE, before=3, count=1)] == [2]
    assert sdk.open_and_read_environment_at_version(*ONE, "2")[1] == {"key": first}
    sdk.create_environment_revision_tag(*ONE, "stable", 2)
    assert sdk.open_and_read_environment_at_version(*ONE, "stable")[1] == {"key": first}
    sdk.update_environment_revision_tag(*ONE, "stable", 3)
    assert sdk.get_environment_revision_tag(*ONE, "stable").revision == 3
    listed = sdk.list_environment_revision_tags(*ONE).tags
    assert listed is not None
    assert {one.name: one.revision for one in listed} == {"latest": 3, "stable": 3}
    sdk.delete_environment_revision_tag(*ONE, "stable")
    with pytest.raises(exceptions.NotFoundException):
        sdk.get_environment_revision_tag(*ONE, "stable")


def test_tags_tell_what_is_known_of_an_environment(sdk: EscClient) -> None:
    sdk.create_environment(*ONE)
    made = sdk.create_environment_tag(*ONE, "owner", "platform")
    assert (made.name, made.value) == ("owner", "platform")
    sdk.update_environment_tag(*ONE, "owner", "platform", "owner", "data")
    listed = sdk.list_environment_tags(*ONE).tags
    assert listed is not None
    assert {name: tag.value for name, tag in listed.items()} == {"owner": "data"}
    with pytest.raises(exceptions.ApiException, match="Conflict"):
        sdk.create_environment_tag(*ONE, "owner", "another")
    sdk.delete_environment_tag(*ONE, "owner")
    assert sdk.list_environment_tags(*ONE).tags == {}


def test_an_environment_is_cloned_and_removed_unless_another_imports_it(sdk: EscClient) -> None:
    value = drawn()
    sdk.create_environment(*ONE)
    sdk.update_environment_yaml(*ONE, definition(value))
    sdk.clone_environment(*ONE, PROJECT, "copied")
    assert sdk.open_and_read_environment(ORG, PROJECT, "copied")[1] == {"key": value}
    sdk.create_environment(ORG, PROJECT, "dev")
    sdk.update_environment_yaml(ORG, PROJECT, "dev", f"imports: [{PROJECT}/{NAME}]")
    assert sdk.open_and_read_environment(ORG, PROJECT, "dev")[1] == {"key": value}
    with pytest.raises(exceptions.ApiException, match="imported by sophia/dev"):
        sdk.delete_environment(*ONE)
    sdk.delete_environment(ORG, PROJECT, "dev")
    sdk.delete_environment(*ONE)
    with pytest.raises(exceptions.NotFoundException):
        sdk.get_environment(*ONE)


def test_what_is_not_valid_is_refused_and_changes_nothing(sdk: EscClient) -> None:
    sdk.create_environment(*ONE)
    for wrong, told in (("values: {a: '${b}'}", "unknown property"), (f"imports: [{PROJECT}/{NAME}]", "cyclic import")):
        with pytest.raises(exceptions.BadRequestException, match=told):
            sdk.update_environment_yaml(*ONE, wrong)
    found = sdk.check_environment_yaml(ORG, "values: {a: '${b}'}").diagnostics
    assert found
    assert ["unknown property" in str(one.summary) for one in found] == [True]
    assert [one.number for one in sdk.list_environment_revisions(*ONE)] == [1]
    with pytest.raises(exceptions.ApiException, match="already exists"):
        sdk.create_environment(*ONE)


def test_who_has_not_the_token_is_refused(served: Served) -> None:
    wrong = esc_client.default_client(host=served.url, access_token=drawn())
    with pytest.raises(exceptions.UnauthorizedException):
        wrong.list_environments(ORG)
    with pytest.raises(exceptions.NotFoundException):
        esc_client.default_client(host=served.url, access_token=served.token).list_environments("another")


def test_two_who_change_one_environment_do_not_lose_the_first_ones_change(served: Served, sdk: EscClient) -> None:
    sdk.create_environment(*ONE)
    place, headers = "/".join(("/api/esc/environments", *ONE)), {"Authorization": f"token {served.token}"}
    with httpx.Client(base_url=served.url, headers=headers, trust_env=False) as client:
        read = client.get(place).raise_for_status()
        tag = {"ETag": read.headers["ETag"]}
        assert client.patch(place, content="values: {by: first}", headers=tag).is_success
        late = client.patch(place, content="values: {by: second}", headers=tag)
    assert late.status_code == httpx.codes.CONFLICT
    assert sdk.open_and_read_environment(*ONE)[1] == {"by": "first"}


def test_what_is_kept_outlives_the_service_and_holds_no_secret_that_can_be_read(
    serve: Callable[[], Served], served: Served, sdk: EscClient
) -> None:
    value = drawn()
    sdk.create_environment(*ONE)
    sdk.update_environment_yaml(*ONE, definition(value))
    again = serve()
    assert esc_client.default_client(host=again.url, access_token=again.token).open_and_read_environment(*ONE)[1] == {
        "key": value
    }
    files = [path for path in served.root.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".key"}
    assert [path for path in files if value.encode() in path.read_bytes()] == []
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    with sqlite3.connect(served.root / "environments.db") as database:
        assert database.execute("SELECT count(*) FROM revision").fetchone() == (2,)


def test_the_command_line_makes_edits_opens_and_runs(pulumi: Run) -> None:
    value, name = drawn(), f"{ORG}/{PROJECT}/{NAME}"
    pulumi("env", "init", name)
    pulumi("env", "set", name, "environmentVariables.KEY", "--secret", "--file", "-", text=value)
    pulumi("env", "set", name, "pulumiConfig.sophia:word", "plain")
    assert value not in pulumi("env", "get", name).stdout
    assert pulumi("env", "open", name, "environmentVariables.KEY").stdout.strip() == json.dumps(value)
    assert pulumi("env", "run", name, "-i", "--", "sh", "-c", 'test "$KEY" = ' + value).stdout == ""
    pulumi("env", "version", "tag", f"{name}@stable", "@2")
    assert "stable" in pulumi("env", "version", "history", name).stdout
    assert name.partition("/")[2] in pulumi("env", "ls").stdout
    told = pulumi("env", "edit", name, "--file", "-", text="values: {a: '${b}'}")
    assert 'unknown property "b"' in told.stdout + told.stderr
    pulumi("env", "rm", name, "--yes")
    assert NAME not in pulumi("env", "ls").stdout
