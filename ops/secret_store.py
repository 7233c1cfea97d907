"""The secrets of one stack in Pulumi ESC, read and written whole, by the official SDK."""

import hashlib
import hmac
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import urllib3
from pulumi_esc_sdk import EscClient, esc_client, exceptions
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential_jitter

from catalog.secret import FINGERPRINT_KEY, SECRET_FUNCTION, SECRETS_SUFFIX, SHARED_ENVIRONMENT
from ops.deployment import Target, require_cloud
from ops.error import SecretsError
from rehearsal import Account, RehearsalError, home
from rehearsal.home import PROJECT
from rehearsal.pulumi_cloud.environments import ORGANISATION

_ADDRESS = "https://api.pulumi.com"

T = TypeVar("T")

_KNOWN = "known"
"""Where it stands in the definition what is known of each value, beside the values themselves."""
_PATIENCE_SECONDS = 20.0
_MARK = 8
"""Characters of a fingerprint."""
_CONFLICT, _NOT_FOUND, _TOO_MANY, _SERVERS = 409, 404, 429, 500
_REMEDIES = {
    401: "log in again with `pulumi login`, or set PULUMI_ACCESS_TOKEN",
    403: "ask for access to the environment, or choose another organisation with PULUMI_ORG",
    _NOT_FOUND: "check PULUMI_ORG; `./sophia secrets push STACK` makes what is lacking",
    _CONFLICT: "somebody changed it meanwhile: run this again",
    _TOO_MANY: "wait a minute and run this again",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a value."""

    since: datetime
    """When it was set."""
    by: str
    """How it was set: by push, or by rotate."""
    step: str = ""
    """How far a rotation has come that is not finished."""

    def until(self, days: int) -> date:
        """Return the day by which it is to be rotated, where that is done every so many days."""
        return (self.since + timedelta(days=days)).date()


@dataclass(slots=True)
class Definition:
    """The definition of a stack's secrets, with their values.

    Args:
        text: the definition, as YAML.
        etag: of the revision that it was read from; empty for one that is not kept yet.
    """

    text: str = field(repr=False)
    etag: str = ""
    _document: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read it, so that whatever else stands there stays as it is.

        Raises:
            SecretsError: it is of another shape.
        """
        try:
            self._document = YAML().load(self.text)
            self._document["values"][PROJECT].items()
        except (YAMLError, KeyError, TypeError, AttributeError):
            msg = f"the definition has no mapping at values.{PROJECT}; compare it with esc/"
            raise SecretsError(msg) from None

    @property
    def groups(self) -> Mapping[str, str]:
        """The group that holds each secret, by its name."""
        return {name: group for group, name, _ in self._kept()}

    @property
    def values(self) -> Mapping[str, str]:
        """The value of each secret that has one, by its name."""
        found = {name: kept[name] for _, name, kept in self._kept()}
        values = {name: one[SECRET_FUNCTION] if isinstance(one, dict) else one for name, one in found.items()}
        return {name: str(value) for name, value in values.items() if value not in {"", None}}

    def known(self, name: str) -> Known | None:
        """Return what is known of a value; none where nobody wrote it down."""
        told: dict[str, Any] = (self._document["values"].get(_KNOWN) or {}).get(name) or {}
        try:
            return Known(datetime.fromisoformat(told["since"]), str(told["by"]), str(told.get("step") or ""))
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, name: str, value: str, *, by: str, moment: datetime, step: str = "") -> None:
        """Give a secret a value.

        Args:
            name: canonical name of the secret.
            value: the value.
            by: how it is set.
            moment: now.
            step: how far a rotation has come that goes on after this.

        Raises:
            SecretsError: the definition has no such name.
        """
        for _, one, kept in self._kept():
            if one == name:
                kept[name] = {SECRET_FUNCTION: value}
                known = self._document["values"].setdefault(_KNOWN, {})
                told = {"since": moment.astimezone(UTC).isoformat(timespec="seconds"), "by": by}
                known[name] = told | ({"step": step} if step else {})
                return
        msg = f"{name}: the environment has no such secret; add it to esc/, and push the definitions"
        raise SecretsError(msg)

    def add(self, committed: "Definition") -> None:
        """Take over the names that a committed definition has and this one lacks, without a value."""
        for name, group in committed.groups.items():
            if name not in self.groups:
                self._document["values"][PROJECT].setdefault(group, {})[name] = {SECRET_FUNCTION: ""}

    def written(self) -> str:
        """Return it as YAML."""
        stream = io.StringIO()
        YAML().dump(self._document, stream)
        return stream.getvalue()

    def mark(self, value: str) -> str:
        """Return the fingerprint of a value, which tells nothing of it; empty for none.

        It is comparable within one stack alone: its key is one of the stack's secrets.
        """
        key = self.values.get(FINGERPRINT_KEY, "")
        return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()[:_MARK] if value else ""

    def _kept(self) -> Iterator[tuple[str, str, Any]]:
        for group, kept in self._document["values"][PROJECT].items():
            yield from ((str(group), str(name), kept) for name in (kept or ()))


@dataclass(frozen=True, slots=True)
class SecretStore:
    """The environments of one stack.

    Args:
        client: the SDK.
        organisation: whose they are.
        stack: name of the stack.
    """

    client: EscClient
    organisation: str
    stack: str

    @property
    def name(self) -> str:
        """The environment of its secrets."""
        return f"{PROJECT}/{self.stack}{SECRETS_SUFFIX}"

    def read(self) -> Definition:
        """Return the definition of its secrets, with their values.

        Raises:
            SecretsError: it cannot be read.
        """
        place = (self.organisation, PROJECT, f"{self.stack}{SECRETS_SUFFIX}")
        answer = self._asked(self.name, lambda: self.client.esc_api.decrypt_environment_with_http_info(*place))
        headers = {name.lower(): value for name, value in (answer.headers or {}).items()}
        return Definition(answer.raw_data.decode("utf-8"), headers.get("etag", ""))

    def create(self, committed: Path) -> None:
        """Make the environments be there as they are committed; the values of one that is there stay.

        Args:
            committed: the folder of the definitions.

        Raises:
            SecretsError: one cannot be made, or is refused.
        """
        for name in (SHARED_ENVIRONMENT, f"{self.stack}{SECRETS_SUFFIX}", self.stack):
            text = (committed / f"{name}.yaml").read_text(encoding="utf-8")
            place = (self.organisation, PROJECT, name)
            there = self._exists(name)
            if not there:
                self._asked(f"{PROJECT}/{name}", partial(self.client.create_environment, *place))
            if not there or not name.endswith(SECRETS_SUFFIX):
                self._put(name, text, "")

    def write(self, definition: Definition) -> None:
        """Make a definition the newest revision, unless somebody changed it since it was read.

        Raises:
            SecretsError: somebody did, or it is refused; nothing was changed.
        """
        self._put(f"{self.stack}{SECRETS_SUFFIX}", definition.written(), definition.etag)

    def opened(self) -> Mapping[str, Any]:
        """Return what the stack is given.

        Raises:
            SecretsError: its environment cannot be opened.
        """
        place = (self.organisation, PROJECT, self.stack)
        found: Mapping[str, Any] = self._asked(
            f"{PROJECT}/{self.stack}", lambda: self.client.open_and_read_environment(*place)
        )[1]
        return found or {}

    def _exists(self, name: str) -> bool:
        place = (self.organisation, PROJECT, name)
        try:
            self._asked(f"{PROJECT}/{name}", lambda: self.client.get_environment(*place))
        except SecretsError as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True

    def _put(self, name: str, text: str, etag: str) -> None:
        place, headers = (self.organisation, PROJECT, name), {"ETag": etag} if etag else {}
        update = self.client.esc_api.update_environment_yaml_with_http_info
        self._asked(f"{PROJECT}/{name}", lambda: update(*place, text, _headers=headers))

    def _asked(self, name: str, act: Callable[[], T]) -> T:
        retrying = Retrying(
            retry=retry_if_exception(_passing),
            stop=stop_after_delay(_PATIENCE_SECONDS),
            wait=wait_exponential_jitter(multiplier=0.5, max=5.0),
            reraise=True,
        )
        try:
            return retrying(act)
        except exceptions.ApiException as error:
            status = int(error.status or 0)
            remedy = _REMEDIES.get(status, "see https://status.pulumi.com, and run this again")
            msg = f"Pulumi ESC, {name}: {status}: {_message(error)}; {remedy}"
            raise SecretsError(msg, status) from None
        except urllib3.exceptions.HTTPError as error:
            msg = f"Pulumi ESC, {name}: no answer ({type(error).__name__}); check the network and PULUMI_BACKEND_URL"
            raise SecretsError(msg) from None


def store_of(stack: str, target: Target) -> SecretStore:
    """Return where the secrets of a stack are kept.

    Args:
        stack: name of the stack.
        target: where the stack is.

    Raises:
        EngineError: the shell points at a rehearsal, and the cloud is meant.
        RehearsalError: no rehearsal is up.
        SecretsError: what opens Pulumi Cloud is not set.
    """
    if target is Target.REHEARSAL:
        account = Account(home())
        if not account.states_status().running:
            msg = "no rehearsal is up, so there is no Pulumi Cloud here; run `./sophia up dev`, or add `--target cloud`"
            raise RehearsalError(msg)
        login = account.login()
        organisation = ORGANISATION
    else:
        require_cloud(os.environ)
        login = {name: os.environ.get(name, "") for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN")}
        organisation = os.environ.get("PULUMI_ORG", "")
        lacking = [
            name
            for name, value in (("PULUMI_ACCESS_TOKEN", login["PULUMI_ACCESS_TOKEN"]), ("PULUMI_ORG", organisation))
            if not value
        ]
        if lacking:
            msg = f"{' and '.join(lacking)}: not set; export what opens Pulumi Cloud, and the name of the organisation"
            raise SecretsError(msg)
    url = login["PULUMI_BACKEND_URL"] or _ADDRESS
    client = esc_client.default_client(host=url, access_token=login["PULUMI_ACCESS_TOKEN"])
    return SecretStore(client, organisation, stack)


def _passing(error: BaseException) -> bool:
    if isinstance(error, exceptions.ApiException):
        return int(error.status or 0) >= _SERVERS or error.status == _TOO_MANY
    return isinstance(error, urllib3.exceptions.HTTPError)


def _message(error: exceptions.ApiException) -> str:
    """Return why the service refuses, in its own words; never the definition that it repeats."""
    try:
        told = json.loads(error.body or "")
        said = [str(told["message"]), *(str(one["summary"]) for one in told.get("diagnostics") or ())]
        return "; ".join(said)
    except (ValueError, KeyError, TypeError):
        return str(error.reason or "it does not say why")
