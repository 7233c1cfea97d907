"""A file system is made once, waited for when it goes, and never destroyed unasked."""

import pytest
from pydantic import ValidationError

from providers.kit import Difference, Live, ProviderError
from providers.lambda_cloud.errors import ApiError
from providers.lambda_cloud.filesystem import Filesystem, FilesystemInputs
from rehearsal.lambda_cloud import Account, Fault, FaultKind, serve
from rehearsal.lambda_cloud.instances import Fate
from tests.lambda_cloud.resources import SPEED, Kind, emptied

REGION = "us-west-1"


@pytest.fixture(scope="module")
def served():
    with serve(Account.empty(), speed=SPEED) as fake:
        yield fake


@pytest.fixture
def systems(served):
    with emptied(served) as fake:
        yield Kind(fake, Filesystem, FilesystemInputs)


def ids(systems) -> list[str]:
    return [one.id for one in systems.fake.control.state().file_systems]


def mounted(systems, name) -> str:
    """Launch a machine that mounts a file system, and return its id."""
    account = systems.fake.account
    account.ssh_keys.add({"name": "key"})
    body = {
        "region_name": REGION,
        "instance_type_name": "gpu_1x_a10",
        "ssh_key_names": ["key"],
        "file_system_names": [name],
    }
    (machine,) = account.instances.launch(body, Fate())["instance_ids"]
    return str(machine)


@pytest.mark.parametrize("name", ["", "1data", "my data", "data_1", "a" * 61])
def test_a_name_that_the_api_would_refuse_is_refused(name):
    with pytest.raises(ValidationError, match="name"):
        FilesystemInputs.model_validate({"name": name, "region": REGION})


def test_a_file_system_is_made_as_it_is_declared(systems):
    made = systems.create(name="data", region=REGION)
    live = systems.found(made.id)
    assert (live.inputs.name, live.inputs.region) == ("data", REGION)
    assert (live.outputs.mount_point, live.outputs.is_in_use) == ("/lambda/nfs/data", False)


def test_a_name_that_is_taken_names_the_one_to_adopt(systems):
    made = systems.create(name="data", region=REGION)
    with pytest.raises(ProviderError, match=f"in {REGION} with the id {made.id}; adopt it"):
        systems.create(name="data", region="us-east-1")
    assert ids(systems) == [made.id]


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.CONNECTION_RESET, FaultKind.PROVIDER_UNAVAILABLE])
def test_a_create_that_loses_its_answer_makes_one_file_system(systems, kind):
    systems.fake.faults.script(Fault(kind, operation="create-file-system"))
    made = systems.create(name="data", region=REGION)
    assert ids(systems) == [made.id]


def test_one_that_is_not_listed_is_gone(systems):
    assert systems.read("0" * 32) is None


def test_a_list_that_is_refused_never_means_gone(systems):
    systems.fake.faults.script(Fault(FaultKind.UNAUTHORIZED, operation="list-file-systems"))
    with pytest.raises(ApiError, match="nothing was changed"):
        systems.read("0" * 32)


def test_a_deleted_one_is_gone_and_deleting_it_again_succeeds(systems):
    made = systems.create(name="data", region=REGION)
    live = systems.found(made.id)
    systems.delete(made.id, live)
    systems.delete(made.id, live)
    assert ids(systems) == []


def test_deleting_waits_for_the_machine_that_is_being_terminated(systems):
    made = systems.create(name="data", region=REGION)
    machine = mounted(systems, "data")
    live = systems.found(made.id)
    assert live.outputs.is_in_use
    systems.fake.account.instances.terminate([machine])
    systems.delete(made.id, live)
    assert ids(systems) == []


def test_a_protected_one_is_not_deleted(systems):
    made = systems.create(name="data", region=REGION)
    protected = Live(systems.wanted(name="data", region=REGION, deletion_protection=True), made.outputs)
    with pytest.raises(ProviderError, match="destroys its data; set deletionProtection to false"):
        systems.delete(made.id, protected)
    assert ids(systems) == [made.id]


def judged(systems, *, deletion_protection: bool) -> tuple[Difference, ...]:
    """Return what the resource makes of another name."""
    inputs = systems.wanted(name="data", region=REGION, deletion_protection=deletion_protection)
    made = systems.create(name="data", region=REGION)
    found = (Difference("name", "name", replace=True),)

    async def judge(resource) -> tuple[Difference, ...]:
        return tuple(resource.differences({"name": "other", "region": REGION}, Live(inputs, made.outputs), found))

    judgement: tuple[Difference, ...] = systems.run(judge)
    return judgement


def test_a_protected_one_is_not_replaced(systems):
    with pytest.raises(ProviderError, match="another name would replace it"):
        judged(systems, deletion_protection=True)


def test_another_name_replaces_an_unprotected_one(systems):
    assert [one.replace for one in judged(systems, deletion_protection=False)] == [True]
