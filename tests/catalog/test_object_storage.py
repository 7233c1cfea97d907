"""Buckets, and what must hold of them."""

from typing import Any

import pytest
import trustme

from catalog import Catalog, CatalogError
from catalog.secret import SecretKind
from tests.catalog.conftest import Broken

FILE = "catalog/object_storage.yaml"
CERTIFICATE = trustme.CA().cert_pem.bytes().decode()


def names(purpose: str = "backups", **stacks: str | None) -> dict[str, Any]:
    return {"object_storage.yaml": {"buckets": {purpose: {"names": stacks}}}}


def summary(broken: Broken, edits: dict[str, Any]) -> list[tuple[str, str]]:
    return [(offence.path.partition(": ")[2], offence.value) for offence in broken(edits)]


def test_every_stack_has_a_bucket_of_its_own_for_backups(committed: Catalog) -> None:
    found = {stack: committed.object_storage.names(stack)["backups"] for stack in committed.limits.stacks}
    assert found == {stack: f"sophia-ai-backups-{stack}" for stack in ("prod", "staging", "dev")}


def test_what_is_account_wide_has_one_owner(committed: Catalog) -> None:
    assert committed.object_storage.owner == committed.account.owner == "prod"


def test_clients_may_name_the_bucket_before_the_endpoints_name(committed: Catalog) -> None:
    endpoint = committed.object_storage.endpoint
    assert committed.object_storage.hosts("dev") == (endpoint, f"sophia-ai-backups-dev.{endpoint}")


def test_the_key_of_an_encryption_is_not_rotated_by_schedule(committed: Catalog) -> None:
    """What was encrypted under the one before could be opened by nobody."""
    kind = committed.secrets["BACKUP_ENCRYPTION_KEY"].kind
    assert (kind, committed.rotation_days.get(kind)) == (SecretKind.ENCRYPTION_KEY, None)


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Sophia-backups",
        "sophia_backups",
        "sophia.backups",
        "-sophia",
        "sophia-",
        "xn--sophia",
        "sthree-sophia",
        "sophia-s3alias",
        "sophia--ol-s3",
    ],
)
def test_a_name_that_s3_does_not_take_is_refused(broken: Broken, name: str) -> None:
    ((path, _),) = summary(broken, names(dev=name))
    assert path == "buckets.backups.names.dev"


@pytest.mark.parametrize("endpoint", ["https://s3.us-west-2.amazonaws.com", "s3", "10.0.0.1", "s3.example.com:443"])
def test_an_endpoint_is_a_name_and_nothing_else(broken: Broken, endpoint: str) -> None:
    assert summary(broken, {"object_storage.yaml": {"endpoint": endpoint}}) == [("endpoint", endpoint)]


def test_two_stacks_do_not_share_a_bucket(broken: Broken) -> None:
    (offence,) = broken(names(dev="sophia-ai-backups-prod"))
    assert (offence.path, offence.value) == (f"{FILE}: buckets.backups.names.dev", "sophia-ai-backups-prod")
    assert "buckets.backups.names.prod" in offence.rule


def test_every_stack_has_one(broken: Broken) -> None:
    edit = {"object_storage.yaml": lambda tree: tree["buckets"]["backups"]["names"].pop("staging")}
    assert summary(broken, edit) == [("buckets.backups.names.staging", "absent")]


def test_nobody_else_has_one(broken: Broken) -> None:
    assert summary(broken, names(qa="sophia-ai-backups-qa")) == [("buckets.backups.names.qa", "qa")]


def test_the_owner_is_a_stack(broken: Broken) -> None:
    assert summary(broken, {"object_storage.yaml": {"owner": "qa"}}) == [("owner", "qa")]


def test_an_endpoint_of_amazons_is_of_the_region_that_is_signed_for(broken: Broken) -> None:
    found = summary(broken, {"object_storage.yaml": {"region": "eu-west-1"}})
    assert found == [("endpoint", "s3.dualstack.us-west-2.amazonaws.com")]


@pytest.mark.parametrize("key", ["access_key_id", "secret_access_key", "encryption_key"])
def test_what_opens_a_bucket_are_secrets_of_the_catalog(broken: Broken, key: str) -> None:
    found = summary(broken, {"object_storage.yaml": {"buckets": {"backups": {key: "BACKUP_LOST"}}}})
    assert found == [(f"buckets.backups.{key}", "BACKUP_LOST")]


@pytest.mark.parametrize("given", ["", CERTIFICATE, CERTIFICATE * 2, CERTIFICATE.rstrip("\n")])
def test_a_stack_may_trust_authorities_beside_the_public_ones(committed: Catalog, given: str) -> None:
    dev = committed.stack("dev", machines=["sophia-development"], object_storage_ca=given)
    assert dev.object_storage_ca == given


@pytest.mark.parametrize("begins", ["", CERTIFICATE])
def test_what_is_no_certificate_is_refused_and_never_shown(committed: Catalog, begins: str) -> None:
    key = trustme.CA().issue_cert("example.com").private_key_pem.bytes().decode()
    with pytest.raises(CatalogError) as error:
        committed.stack("dev", machines=["sophia-development"], object_storage_ca=begins + key)
    (offence,) = error.value.offences
    assert offence.path == "Pulumi.dev.yaml: sophia:object_storage_ca"
    assert key.splitlines()[1] not in str(error.value)
