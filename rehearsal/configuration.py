"""The generated configuration of a stack: the committed choices, and fake secrets in place of real ones."""

import hashlib
import json
import platform
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rehearsal import access
from rehearsal.error import RehearsalError
from rehearsal.home import PROJECT, Folder, write_private
from rehearsal.passphrase import Cipher
from rehearsal.state import State

_SSH_KEY = "LAMBDA_SSH_PRIVATE_KEY"

_FORMAT = "1"
"""Part of the fingerprint: another number makes every file be written anew."""


def write(
    folder: Folder,
    *,
    committed: Path,
    secret_names: Sequence[str],
    account: Mapping[str, Any] | None = None,
    k3s: Mapping[str, str] | None = None,
) -> Path:
    """Write the configuration that the engine is given with ``--config-file``, and return its path.

    It is the committed stack file without ``environment`` (a ``file://`` backend cannot open one), plus the rehearsal's
    image lock, what stands in for K3s, what only the account knows, and one fake value per secret. The values are drawn
    once per stack and kept, so that a second run changes nothing; the committed file is only read.

    Args:
        folder: the rehearsal.
        committed: the stack file in the repository.
        secret_names: canonical names, such as ``OPENAI_API_KEY``.
        account: what the stack takes over from the account, by key of the configuration.
        k3s: the digest of what stands in for each release of K3s.

    Raises:
        RehearsalError: when the committed file cannot be read or holds a secret, or the passphrase is lost.
    """
    passphrase = _passphrase(folder)
    values = {name.lower(): value for name, value in _fake_values(folder, secret_names).items()}
    generated = {**(account or {}), **access.choices(folder, values), **_artefacts(k3s or {})}
    chosen = _read(committed)
    broken = [*generated.get("break_glass", ()), *chosen.get(f"{PROJECT}:break_glass", ())]
    choices = {**{f"{PROJECT}:{key}": value for key, value in generated.items()}, **chosen}
    if broken:
        choices[f"{PROJECT}:break_glass"] = broken
    fingerprint = _fingerprint(choices, passphrase, values)
    if _fingerprint_of(folder.configuration) == fingerprint:
        return folder.configuration
    cipher = _cipher(folder, passphrase)
    secure = {f"{PROJECT}:{key}": {"secure": cipher.encrypt(value)} for key, value in values.items()}
    document = {
        "encryptionsalt": cipher.encryption_salt,
        "config": {**choices, f"{PROJECT}:image_lock": "rehearsal", f"{PROJECT}:issuer": "own-ca", **secure},
    }
    header = f"# Generated from {committed}; edit that one.\n# inputs: {fingerprint}\n"
    return write_private(folder.configuration, header + yaml.safe_dump(document, sort_keys=False))


def secret(folder: Folder, name: str) -> str | None:
    """Return one of a stack's fake secrets by its canonical name; nothing before it was drawn."""
    return _drawn(folder).get(name)


def _read(committed: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(committed.read_text(encoding="utf-8")) or {}
    except OSError as error:
        message = f"{committed}: cannot be read ({error.strerror}); choose a stack that has a Pulumi.<stack>.yaml file"
        raise RehearsalError(message) from None
    except yaml.YAMLError as error:
        message = f"{committed}: is not YAML: {error}; mend the file"
        raise RehearsalError(message) from None
    config = document.get("config") or {} if isinstance(document, dict) else None
    if not isinstance(config, dict):
        message = f"{committed}: must be a mapping with a mapping under `config`; mend the file"
        raise RehearsalError(message)
    held = sorted(key for key, value in config.items() if isinstance(value, dict) and "secure" in value)
    if held or "encryptionsalt" in document:
        message = (
            f"{committed}: {', '.join(held) or 'encryptionsalt'}: a committed stack file holds no secrets; "
            "remove it, secrets come from the stack's environment"
        )
        raise RehearsalError(message)
    return config


def _passphrase(folder: Folder) -> str:
    if folder.passphrase.exists():
        return folder.passphrase.read_text(encoding="utf-8")
    kept = State(folder).kept
    if kept.exists():
        message = (
            f"{folder.passphrase}: is missing, and with it every secret in {kept.checkpoint} is lost; "
            f"run `./sophia down {folder.stack}` and `./sophia up {folder.stack}`: a rehearsal holds nothing "
            "that cannot be made again"
        )
        raise RehearsalError(message)
    passphrase = secrets.token_urlsafe(32)
    folder.salt.unlink(missing_ok=True)
    write_private(folder.passphrase, passphrase)
    return passphrase


def _cipher(folder: Folder, passphrase: str) -> Cipher:
    """The salt is kept: with another one than its state's the engine would derive two keys in every command."""
    if folder.salt.exists():
        return Cipher(passphrase, folder.salt.read_text(encoding="utf-8"))
    cipher = Cipher(passphrase)
    write_private(folder.salt, cipher.encryption_salt)
    return cipher


def _fake_values(folder: Folder, names: Sequence[str]) -> dict[str, str]:
    known = _drawn(folder)
    missing = set(names) - known.keys()
    if missing:
        # The prefix lets anyone who meets such a value know that it opens nothing.
        made = {name: f"rehearsal-{secrets.token_hex(20)}" for name in sorted(missing)}
        known |= made | {name: access.private_key() for name in missing & {access.CI_KEY}}
        write_private(folder.secrets, json.dumps(known, indent=1))
    drawn = {name: known[name] for name in sorted(set(names))}
    key = folder.account.private_key
    # The machines admit this one alone.
    return drawn | ({_SSH_KEY: key.read_text(encoding="utf-8")} if _SSH_KEY in drawn and key.exists() else {})


def _artefacts(digests: Mapping[str, str]) -> dict[str, Any]:
    """Return the choice of K3s' programs: every machine is of this computer's architecture, whatever it stands for."""
    architecture = {"aarch64": "arm64", "x86_64": "amd64"}.get(platform.machine(), platform.machine())
    artefacts = {release: {architecture: digest} for release, digest in digests.items()}
    return {"k3s_artefacts": artefacts} if artefacts else {}


def _drawn(folder: Folder) -> dict[str, str]:
    known: dict[str, str] = json.loads(folder.secrets.read_text(encoding="utf-8")) if folder.secrets.exists() else {}
    return known


def _fingerprint(choices: Mapping[str, Any], passphrase: str, plain: Mapping[str, str]) -> str:
    """What the file is made of; keyed, so that it tells nothing about a value."""
    inputs = json.dumps([_FORMAT, choices, plain], sort_keys=True, default=str)
    return hashlib.blake2b(inputs.encode(), key=passphrase.encode(), digest_size=16).hexdigest()


def _fingerprint_of(file: Path) -> str | None:
    if not file.exists():
        return None
    lines = file.read_text(encoding="utf-8").splitlines()[:2]
    return lines[-1].removeprefix("# inputs: ") if lines else None
