"""The choices and secrets of the stack that is being deployed; the only module that touches ``pulumi.Config``."""

import json
from collections.abc import Mapping
from typing import Any, Self

import pulumi
import pulumi.runtime.config
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from catalog import Catalog, CatalogError, Offence, Stack
from catalog.access import BreakGlass
from catalog.gateway import IssuerKind
from catalog.site import FrontEnd, Leaving
from catalog.workload import Replicas
from catalog.zone import DnsDriver

PROJECT = "sophia"
"""The project's name, which is also the namespace of its configuration keys."""

ALL = ("all",)
"""The choice of every MCP server of the catalog."""


class SettingsError(CatalogError):
    """The stack's configuration breaks one or more rules."""

    subject = "the stack's configuration"


class Settings(BaseSettings):
    """What the stack chooses, by name, and the secrets that were injected into it."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, use_attribute_docstrings=True
    )

    machines: tuple[str, ...]
    """Names of the machines the stack consists of."""
    mcp_servers: tuple[str, ...]
    """Names of the MCP servers it runs; the one word ``all`` for every server of the catalog."""
    price_book: str
    """The price book that prices it."""
    replicas: Mapping[str, Replicas] = {}
    """Replica bounds that differ from the catalog's, by server."""
    image_lock: str = "images"
    """The lock that pins its images; the rehearsal has its own."""
    adopt: Mapping[str, str] = {}
    """Ids, by name, of the machines and the SSH key of the Lambda Cloud account that it takes over."""
    ssh_public_key: str = ""
    """Public half of the account's SSH key; needed by the stack that owns the account."""
    access_ci_public_key: str = ""
    """WireGuard public key of continuous integration, which comes in to the hosts as the peer ``ci``."""
    break_glass: tuple[BreakGlass, ...] = ()
    """Networks that come in to the hosts without the access interface, beside the catalog's, until they expire."""
    first_contact: tuple[BreakGlass, ...] = ()
    """The same for whoever meets new hosts, which know no peer yet; from the stack's environment."""
    issuer: IssuerKind = "acme"
    """Who signs the gateway's certificate: an ACME server, or an authority in the cluster, as in rehearsals."""
    dns: DnsDriver = "external"
    """Who keeps the records of the zone; the stack that owns it says so."""
    frontend: FrontEnd = "vercel"
    """Who serves the sites, in the stack that owns them: Vercel, or the cluster; `./sophia sites switch` changes it."""
    frontend_leaving: Leaving = ""
    """Who served them before and still does, until all resolvers have heard of it; `./sophia sites switch` sets it."""
    legacy_projects: Mapping[str, str] = {}
    """Ids, by name, of the projects at Vercel from before that it takes over; none is deleted while it is named."""
    released_projects: tuple[str, ...] = ()
    """Names of those of them that lose their protection: one that is no longer taken over after that is deleted."""
    k3s_version: str = ""
    """The release of K3s that it runs; empty for the newest of the catalog."""
    k3s_artefacts: Mapping[str, Mapping[str, str]] = {}
    """Digests of K3s' programs, by release and architecture, instead of the lock's; the rehearsal gives its own."""
    object_storage_ca: str = ""
    """Certificates, in PEM, of who signs the object storage's beside the public authorities; the rehearsal's own."""
    fingerprint_key: pulumi.Output[str]
    """Key under which secrets are fingerprinted wherever a change of them must be seen."""
    secrets: Mapping[str, pulumi.Output[str]]
    """Secret values by canonical name."""

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the stack's configuration and nothing else: by default the process environment would fill fields."""
        return (init_settings,)

    @classmethod
    def load(cls, catalog: Catalog) -> Self:
        """Return the settings of the stack that is being deployed.

        Args:
            catalog: names the secrets that the stack must have.

        Raises:
            SettingsError: with every offence: an unknown key, a missing one, a secret that is not encrypted, a plain
                value that is, a value of the wrong shape.
        """
        source = _StackConfig(cls, catalog)
        values = source()
        try:
            settings = cls(**values)
        except ValidationError as error:
            raise SettingsError([*source.offences, *_shapes(error, source.absent)]) from None
        if source.offences:
            raise SettingsError(source.offences)
        return settings

    def choose(self, catalog: Catalog) -> Stack:
        """Return the part of the catalog that this stack uses.

        Raises:
            CatalogError: with every name the catalog lacks and every limit the choice breaks.
        """
        return catalog.stack(
            pulumi.get_stack(),
            machines=self.machines,
            mcp_servers=None if self.mcp_servers == ALL else self.mcp_servers,
            replicas=self.replicas,
            price_book=self.price_book,
            image_lock=self.image_lock,
            adopt=self.adopt,
            ssh_public_key=self.ssh_public_key,
            access_ci_public_key=self.access_ci_public_key,
            break_glass=(*self.break_glass, *self.first_contact),
            issuer=self.issuer,
            dns=self.dns,
            frontend=self.frontend,
            frontend_leaving=self.frontend_leaving,
            legacy_projects=self.legacy_projects,
            released_projects=self.released_projects,
            k3s_version=self.k3s_version,
            k3s_artefacts=self.k3s_artefacts,
            object_storage_ca=self.object_storage_ca,
        )


class _StackConfig(PydanticBaseSettingsSource):
    """Reads the declared fields from ``pulumi.Config``, secrets with ``require_secret`` alone."""

    def __init__(self, settings: type[BaseSettings], catalog: Catalog) -> None:
        super().__init__(settings)
        self._config = pulumi.Config(PROJECT)
        self._own = catalog.secrets_of(pulumi.get_stack())
        self.offences: list[Offence] = []
        self.absent: set[str] = set()

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value: Any = None
        if field_name == "secrets":
            value = {name: self._secret(name.lower()) for name in self._own}
        elif field.annotation == pulumi.Output[str]:
            value = self._secret(field_name)
        else:
            value = self._plain(field_name, text=field.annotation is str)
        return value, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        self._refuse_unknown_keys()
        fields = self.settings_cls.model_fields
        found = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _secret(self, key: str) -> pulumi.Output[str]:
        full = f"{PROJECT}:{key}"
        if self._config.get(key) is None:
            self.absent.add(key)
            self._offend(full, "absent", "every declared secret must be given", _give_secret(key))
        elif not pulumi.runtime.config.is_config_secret(full):
            self._offend(full, "[not shown]", "a secret must be encrypted", _give_secret(key))
        else:
            return self._config.require_secret(key)
        return pulumi.Output.secret("")

    def _plain(self, key: str, *, text: bool) -> Any:
        value = self._config.get(key)
        if value is None:
            return None
        if pulumi.runtime.config.is_config_secret(f"{PROJECT}:{key}"):
            self._offend(f"{PROJECT}:{key}", "[not shown]", "a choice is not a secret", f"pulumi config set {key}")
            return None
        if text:
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value

    def _refuse_unknown_keys(self) -> None:
        declared = {*self.settings_cls.model_fields, *map(str.lower, self._own)} - {"secrets"}
        known = {f"{PROJECT}:{key}" for key in declared}
        given = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
        for key in given:
            if key not in known and not key.startswith("pulumi:"):
                remedy = f"remove it, or choose one of: {_plain_keys()}"
                self._offend(key, "[not shown]", "only declared keys are read", remedy)

    def _offend(self, key: str, value: str, rule: str, remedy: str) -> None:
        self.offences.append(Offence(f"Pulumi.{pulumi.get_stack()}.yaml: {key}", value, rule, remedy))


def _give_secret(key: str) -> str:
    return f"run `pulumi config set --secret {PROJECT}:{key}` (it reads the value from standard input)"


def _plain_keys() -> str:
    fields = Settings.model_fields.items()
    return ", ".join(name for name, f in fields if name != "secrets" and f.annotation != pulumi.Output[str])


def _shapes(error: ValidationError, absent: set[str]) -> list[Offence]:
    return [
        Offence(
            f"Pulumi.{pulumi.get_stack()}.yaml: {PROJECT}:{'.'.join(str(part) for part in detail['loc'])}",
            "absent" if detail["type"] == "missing" else repr(detail["input"])[:80],
            detail["msg"],
            "see docs/config.md for the key's type",
        )
        for detail in error.errors()
        if detail["loc"][0] not in absent
    ]


__all__ = ["ALL", "PROJECT", "Settings", "SettingsError"]
