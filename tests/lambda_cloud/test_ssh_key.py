"""A public key is in the account once, under one name, and never a private half."""

import asyncio
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from providers.kit import ProviderError
from providers.lambda_cloud.errors import ApiError
from providers.lambda_cloud.ssh_key import SshKey, SshKeyInputs, fingerprint, key_text
from rehearsal.lambda_cloud import Account, Fault, FaultKind, serve
from tests.lambda_cloud.resources import SPEED, Kind, emptied, public_key


@pytest.fixture(scope="module")
def served():
    with serve(Account.empty(), speed=SPEED) as fake:
        yield fake


@pytest.fixture
def keys(served):
    with emptied(served) as fake:
        yield Kind(fake, SshKey, SshKeyInputs)


def names(keys) -> list[str]:
    return [key.name for key in keys.fake.control.state().ssh_keys]


def test_comment_and_spaces_mean_nothing():
    line = public_key()
    kind, text, _ = line.split()
    assert key_text(f"  {kind}   {text}  another comment\n") == f"{kind} {text}" == key_text(line)


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 AAAA!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5", "not a key"])
def test_what_is_no_public_key_is_refused(line):
    with pytest.raises(ValueError, match="not one public key"):
        key_text(line)


def test_two_keys_in_one_are_refused():
    with pytest.raises(ValueError, match="not one public key"):
        key_text(f"{public_key()}\n{public_key()}")


def test_a_private_key_is_refused_and_never_repeated():
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    with pytest.raises(ValidationError) as caught:
        SshKeyInputs.model_validate({"name": "laptop", "publicKey": private})
    message = str(caught.value)
    assert "this is a private key" in message
    assert not any(line in message for line in private.splitlines())


def test_the_fingerprint_is_the_one_that_ssh_keygen_shows(tmp_path):
    line = public_key()
    file = tmp_path / "key.pub"
    file.write_text(line)
    shown = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True).stdout
    assert fingerprint(line) in shown.split()


def test_what_is_no_key_has_no_fingerprint():
    assert fingerprint("a kind of later years") is None


def test_a_key_is_added_as_it_is_declared_without_its_comment(keys):
    line = public_key()
    made = keys.create(name="laptop", public_key=line)
    live = keys.found(made.id)
    assert (live.inputs.name, live.inputs.public_key) == ("laptop", line.rpartition(" ")[0])
    assert live.outputs == made.outputs


def test_the_comment_of_a_live_key_is_no_difference(keys):
    line = public_key()
    keys.fake.account.ssh_keys.add({"name": "laptop", "public_key": line})
    (live,) = keys.fake.control.state().ssh_keys
    assert keys.found(live.id).inputs.public_key == key_text(line)


def test_a_second_key_of_the_same_text_names_the_one_to_adopt(keys):
    line = public_key()
    made = keys.create(name="laptop", public_key=line)
    with pytest.raises(ProviderError, match=f"'laptop' with the id {made.id}; .*import_=\"{made.id}\""):
        keys.create(name="phone", public_key=f"{key_text(line)} other comment")
    assert names(keys) == ["laptop"]


def test_a_second_key_of_the_same_name_is_refused(keys):
    keys.create(name="laptop", public_key=public_key())
    with pytest.raises(ProviderError, match="choose another name"):
        keys.create(name="laptop", public_key=public_key())
    assert names(keys) == ["laptop"]


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.CONNECTION_RESET, FaultKind.SERVER_ERROR])
def test_a_create_that_loses_its_answer_makes_one_key(keys, kind):
    keys.fake.faults.script(Fault(kind, operation="add-ssh-key"))
    made = keys.create(name="laptop", public_key=public_key())
    assert [key.id for key in keys.fake.control.state().ssh_keys] == [made.id]


def test_a_key_that_is_not_listed_is_gone(keys):
    assert keys.read("0" * 32) is None


@pytest.mark.parametrize("kind", [FaultKind.UNAUTHORIZED, FaultKind.ACCOUNT_INACTIVE])
def test_a_list_that_is_refused_never_means_gone(keys, kind):
    keys.fake.faults.script(Fault(kind, operation="list-ssh-keys"))
    with pytest.raises(ApiError, match="nothing was changed"):
        keys.read("0" * 32)


def test_a_deleted_key_is_gone(keys):
    made = keys.create(name="laptop", public_key=public_key())
    keys.delete(made.id, keys.found(made.id))
    assert names(keys) == []


def test_deleting_what_is_gone_succeeds(keys):
    made = keys.create(name="laptop", public_key=public_key())
    live = keys.found(made.id)
    keys.delete(made.id, live)
    keys.delete(made.id, live)
    assert names(keys) == []


def test_two_creates_at_once_of_one_text_make_one_key(keys):
    line = public_key()

    async def both(resource):
        wanted = [keys.wanted(name=name, public_key=line) for name in ("laptop", "phone")]
        attempts = [resource.create(one, keys.operation) for one in wanted]
        return await asyncio.gather(*attempts, return_exceptions=True)

    outcomes = keys.run(both)
    assert sum(isinstance(outcome, ProviderError) for outcome in outcomes) == 1
    assert len(names(keys)) == 1
