"""Typed classes of the rfc2136 provider, generated from its models by ``providers.kit.sdk``."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi


class RecordSetArgs(TypedDict):
    """All records of one type at one name (RFC 2181, section 5)."""

    ttl: pulumi.Input[int]
    """How long they may be kept, in seconds."""

    values: pulumi.Input[Sequence[pulumi.Input[str]]]
    """What they say, as zone files have it: a name with a dot at its end, a text in quotes. Sorted, each once."""


@pulumi.input_type
class _RecordSetArgs:
    ttl: pulumi.Input[int]
    values: pulumi.Input[Sequence[pulumi.Input[str]]]


@pulumi.output_type
class RecordSet:
    """All records of one type at one name (RFC 2181, section 5)."""

    ttl: int
    """How long they may be kept, in seconds."""

    values: Sequence[str]
    """What they say, as zone files have it: a name with a dot at its end, a text in quotes. Sorted, each once."""


@pulumi.input_type
class _ZoneArgs:
    name: pulumi.Input[str]
    records: pulumi.Input[Mapping[str, pulumi.Input[_RecordSetArgs]]]


class Zone(pulumi.CustomResource):
    """The record sets of a zone that are ours: what is declared stands there, what is not ours is never touched.

    All that changes is one update, which the authority applies as a whole or not at all, and only as long as nobody
    else has changed what is replaced. A record set that stood there before with other values is not taken over
    unless it is imported. The zone itself, with its SOA and NS, is the authority's own.
    """

    name: pulumi.Output[str]
    """The zone's name; the authority has it already."""

    records: pulumi.Output[Mapping[str, RecordSet]]
    """Its record sets that are ours, by host and type such as `app.example.com A`; others of the zone stay."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        records: pulumi.Input[Mapping[str, pulumi.Input[RecordSetArgs]]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: The zone's name; the authority has it already.
            records: Its record sets that are ours, by host and type such as `app.example.com A`; others of the zone
                stay.
            opts: options of the resource.
        """
        args = _ZoneArgs.__new__(_ZoneArgs)
        args.__dict__.update(
            name=name,
            records=records,
        )
        props: Any = args
        super().__init__("rfc2136:index:Zone", resource_name, props, opts)


class Provider(pulumi.ProviderResource):
    """Configuration of the rfc2136 provider, for resources that name it."""

    def __init__(
        self,
        resource_name: str,
        *,
        fingerprint_key: pulumi.Input[str] | None = None,
        server: pulumi.Input[str] | None = None,
        port: pulumi.Input[int] | None = None,
        key_name: pulumi.Input[str] | None = None,
        key_secret: pulumi.Input[str] | None = None,
        key_algorithm: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            fingerprint_key: Key under which write-only values are fingerprinted, so that a change of one shows
                without storing it.
            server: Address of the zone's primary authority.
            port: Its port, for TCP.
            key_name: Name of the TSIG key that may change and transfer the zone.
            key_secret: The key, in base64. Given by the environment, it is never stored.
            key_algorithm: Its algorithm (RFC 8945, section 6); weaker ones are not taken.
            opts: options of the resource.
        """
        props: dict[str, Any] = {
            "fingerprintKey": None if fingerprint_key is None else pulumi.Output.secret(fingerprint_key),
            "server": server,
            "port": None if port is None else pulumi.Output.json_dumps(port),
            "keyName": key_name,
            "keySecret": None if key_secret is None else pulumi.Output.secret(key_secret),
            "keyAlgorithm": key_algorithm,
        }
        super().__init__("rfc2136", resource_name, props, opts)
