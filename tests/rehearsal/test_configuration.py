"""The generated configuration: committed choices, fake secrets, and a committed file that is only read."""

import base64
import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rehearsal import RehearsalError
from rehearsal.configuration import write
from rehearsal.home import Folder

COMMITTED = """\
environment:
  - sophia/dev
config:
  sophia:machines: [sophia-development]
  sophia:price_book: "2026"
"""
SECRETS = ("OPENAI_API_KEY", "SLACK_BOT_TOKEN")


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(COMMITTED, encoding="utf-8")
    return file


def _document(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def _decrypted(folder: Folder, key: str) -> str:
    """The value of a key, by the steps of the engine's own source."""
    document = _document(folder.configuration)
    salt = base64.b64decode(document["encryptionsalt"].split(":")[1])
    passphrase = folder.passphrase.read_bytes()
    cipher = AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase, salt, 1_000_000, 32))
    _, nonce, text = document["config"][key]["secure"].split(":")
    return cipher.decrypt(base64.b64decode(nonce), base64.b64decode(text), None).decode()


def test_the_environment_is_dropped(folder: Folder, committed: Path) -> None:
    assert "environment" not in _document(write(folder, committed=committed, secret_names=SECRETS))


def test_the_committed_choices_stay(folder: Folder, committed: Path) -> None:
    config = _document(write(folder, committed=committed, secret_names=SECRETS))["config"]
    assert (config["sophia:machines"], config["sophia:price_book"]) == (["sophia-development"], "2026")


def test_the_rehearsal_adds_its_lock_and_the_secrets_and_nothing_else(folder: Folder, committed: Path) -> None:
    config = _document(write(folder, committed=committed, secret_names=SECRETS))["config"]
    added = config.keys() - {"sophia:machines", "sophia:price_book"}
    assert added == {"sophia:image_lock", "sophia:issuer", "sophia:openai_api_key", "sophia:slack_bot_token"}
    assert (config["sophia:image_lock"], config["sophia:issuer"]) == ("rehearsal", "own-ca")


def test_every_secret_is_encrypted(folder: Folder, committed: Path) -> None:
    config = _document(write(folder, committed=committed, secret_names=SECRETS))["config"]
    secret = ("sophia:openai_api_key", "sophia:slack_bot_token")
    assert [[*config[key]] for key in secret] == [["secure"]] * 2


def test_no_secret_stands_in_the_file_in_plain(folder: Folder, committed: Path) -> None:
    text = write(folder, committed=committed, secret_names=SECRETS).read_text(encoding="utf-8")
    hidden = (_decrypted(folder, "sophia:openai_api_key"), folder.passphrase.read_text())
    assert [value in text for value in hidden] == [False, False]


def test_a_fake_value_says_that_it_is_one(folder: Folder, committed: Path) -> None:
    write(folder, committed=committed, secret_names=SECRETS)
    assert _decrypted(folder, "sophia:openai_api_key").startswith("rehearsal-")


def test_fake_values_stay_when_everything_else_changes(folder: Folder, committed: Path) -> None:
    write(folder, committed=committed, secret_names=SECRETS)
    before = _decrypted(folder, "sophia:openai_api_key")
    committed.write_text(COMMITTED.replace("2026", "2025"), encoding="utf-8")
    write(folder, committed=committed, secret_names=(*SECRETS, "ASANA_TOKEN"))
    assert _decrypted(folder, "sophia:openai_api_key") == before, "a new value would roll every pod that uses it"


def test_two_stacks_have_different_fake_values(folder: Folder, committed: Path) -> None:
    write(folder, committed=committed, secret_names=SECRETS)
    prod = Folder(folder.home, "prod")
    prod.create()
    write(prod, committed=committed, secret_names=SECRETS)
    assert _decrypted(folder, "sophia:openai_api_key") != _decrypted(prod, "sophia:openai_api_key")


def test_the_salt_stays_when_a_choice_changes(folder: Folder, committed: Path) -> None:
    before = _document(write(folder, committed=committed, secret_names=SECRETS))["encryptionsalt"]
    committed.write_text(COMMITTED.replace("2026", "2025"), encoding="utf-8")
    assert _document(write(folder, committed=committed, secret_names=SECRETS))["encryptionsalt"] == before


def test_a_second_run_writes_nothing(folder: Folder, committed: Path) -> None:
    before = write(folder, committed=committed, secret_names=SECRETS).stat()
    after = write(folder, committed=committed, secret_names=SECRETS).stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_the_committed_file_is_only_read(folder: Folder, committed: Path) -> None:
    committed.chmod(0o400)
    write(folder, committed=committed, secret_names=SECRETS)
    assert committed.read_text(encoding="utf-8") == COMMITTED


def test_passphrase_values_and_configuration_are_their_owners_alone(folder: Folder, committed: Path) -> None:
    previous = os.umask(0)
    try:
        write(folder, committed=committed, secret_names=SECRETS)
    finally:
        os.umask(previous)
    files = (folder.passphrase, folder.secrets, folder.configuration)
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3


def test_a_lost_passphrase_says_what_is_lost_and_what_to_do(folder: Folder, committed: Path) -> None:
    write(folder, committed=committed, secret_names=SECRETS)
    state = folder.state / ".pulumi/stacks/sophia/dev.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}", encoding="utf-8")
    folder.passphrase.unlink()
    with pytest.raises(RehearsalError) as error:
        write(folder, committed=committed, secret_names=SECRETS)
    told = str(error.value)
    assert [part in told for part in (str(folder.passphrase), str(state), "./sophia down dev")] == [True] * 3
    assert not folder.passphrase.exists(), "a new passphrase would hide the loss until the engine fails"


def test_a_lost_passphrase_without_state_is_made_anew(folder: Folder, committed: Path) -> None:
    write(folder, committed=committed, secret_names=SECRETS)
    folder.passphrase.unlink()
    write(folder, committed=committed, secret_names=SECRETS)
    assert _decrypted(folder, "sophia:openai_api_key").startswith("rehearsal-")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("config: [", "is not YAML"),
        ("- a\n", "must be a mapping"),
        ("config: a\n", "must be a mapping"),
        (
            "config:\n  sophia:openai_api_key: {secure: v1:a:b}\n",
            "sophia:openai_api_key: a committed stack file holds no",
        ),
        ("encryptionsalt: v1:a:v1:b:c\n", "encryptionsalt: a committed stack file holds no secrets"),
    ],
)
def test_a_committed_file_that_cannot_be_used_is_named(folder: Folder, committed: Path, text: str, told: str) -> None:
    committed.write_text(text, encoding="utf-8")
    with pytest.raises(RehearsalError, match=f"Pulumi.dev.yaml: .*{told}"):
        write(folder, committed=committed, secret_names=SECRETS)


def test_a_stack_without_a_committed_file_is_named(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match=r"Pulumi\.qa\.yaml: cannot be read"):
        write(folder, committed=tmp_path / "Pulumi.qa.yaml", secret_names=SECRETS)


def test_an_empty_committed_file_is_no_choices(folder: Folder, committed: Path) -> None:
    committed.write_text("", encoding="utf-8")
    assert "sophia:image_lock" in _document(write(folder, committed=committed, secret_names=()))["config"]


def test_k3s_is_what_stands_in_for_it_on_this_computer(folder: Folder, committed: Path) -> None:
    file = write(folder, committed=committed, secret_names=(), k3s={"v1.36.2+k3s1": "a" * 64})
    ((release, programs),) = _document(file)["config"]["sophia:k3s_artefacts"].items()
    assert (release, [*programs.values()]) == ("v1.36.2+k3s1", ["a" * 64])


def test_sessions_are_opened_with_the_key_that_the_machines_admit(folder: Folder, committed: Path) -> None:
    names = ("LAMBDA_SSH_PRIVATE_KEY",)
    write(folder, committed=committed, secret_names=names)
    assert _decrypted(folder, "sophia:lambda_ssh_private_key").startswith("rehearsal-")
    folder.account.create()
    folder.account.private_key.write_text("the key", encoding="utf-8")
    write(folder, committed=committed, secret_names=names)
    assert _decrypted(folder, "sophia:lambda_ssh_private_key") == "the key"
