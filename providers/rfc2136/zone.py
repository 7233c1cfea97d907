"""The records of a zone that are ours, as one resource: every change of them is one update."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Self

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from pydantic import AfterValidator, Field, model_validator
from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, ProviderError, Resource
from providers.rfc2136.client import Client, Held, Key

_ALIAS: Final = "CNAME"
_TYPES: Final = ("A", "AAAA", "CAA", _ALIAS, "HTTPS", "MX", "SRV", "TXT")
_NAMING: Final = frozenset({_ALIAS, "MX", "SRV"})
"""Types whose values end with a name."""
_HOST: Final = re.compile(r"(\*\.)?([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?\.)+[a-z]{2,63}")
_LONGEST: Final = 253


class RecordSet(Model):
    """All records of one type at one name (RFC 2181, section 5)."""

    ttl: Annotated[int, Field(ge=1, le=2147483647)]
    """How long they may be kept, in seconds."""
    values: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(lambda given: tuple(sorted({*given})))]
    """What they say, as zone files have it: a name with a dot at its end, a text in quotes. Sorted, each once."""


def _key(text: str) -> Key:
    host, _, kind = text.partition(" ")
    return host, kind


def _spelled(records: Mapping[str, RecordSet]) -> Mapping[str, RecordSet]:
    """Return record sets with each value as authorities give it back: one spelling for what is the same."""
    spelled: dict[str, RecordSet] = {}
    wrong: list[str] = []
    for name, one in sorted(records.items()):
        host, kind = _key(name)
        if not _HOST.fullmatch(host) or len(host) > _LONGEST or kind not in _TYPES:
            wrong.append(f"{name!r} is no host and type; write `app.example.com A`, with one of: {', '.join(_TYPES)}")
            continue
        values: set[str] = set()
        for text in one.values:
            try:
                values.add(_value(kind, text))
            except ValueError as error:
                wrong.append(f"{name}: {error}")
        if kind == _ALIAS and len(values) > 1:
            wrong.append(f"{name}: a name is another one of one name alone (RFC 1034, section 3.6.2); keep one value")
        spelled[name] = one.model_copy(update={"values": tuple(sorted(values))})
    aliases = {host for host, kind in map(_key, spelled) if kind == _ALIAS}
    wrong += [
        f"{name}: nothing stands beside a CNAME (RFC 1034, section 3.6.2); remove it, or the CNAME"
        for name in spelled
        if _key(name)[0] in aliases and _key(name)[1] != _ALIAS
    ]
    if wrong:
        raise ValueError("; ".join(wrong))
    return spelled


def _value(kind: str, text: str) -> str:
    if kind in _NAMING and not text.endswith("."):
        message = f"{text} would be a name below the zone's; end it with a dot"
        raise ValueError(message)
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text).to_text()
    except (dns.exception.DNSException, ValueError) as error:
        message = f"{text!r} is no value of {kind} ({error}); write it as zone files have it"
        raise ValueError(message) from None


class ZoneInputs(Model):
    """What a zone is declared as."""

    name: Annotated[str, REPLACE, Field(pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,63}$")]
    """The zone's name; the authority has it already."""
    records: Annotated[Mapping[str, RecordSet], AfterValidator(_spelled)]
    """Its record sets that are ours, by host and type such as `app.example.com A`; others of the zone stay."""

    @model_validator(mode="after")
    def _within(self) -> Self:
        hosts = [_key(name)[0] for name in self.records]
        if strange := [host for host in hosts if host != self.name and not host.endswith(f".{self.name}")]:
            message = f"{', '.join(strange)}: no names of the zone {self.name}; remove them"
            raise ValueError(message)
        if f"{self.name} {_ALIAS}" in self.records:
            message = (
                f"{self.name}: the zone's own name is never another one (RFC 1912, section 2.4); give it an address"
            )
            raise ValueError(message)
        return self


class ZoneOutputs(Model):
    """Nothing is known of a zone beyond its inputs."""


class Zone(Resource[ZoneInputs, ZoneOutputs, Client]):
    """The record sets of a zone that are ours: what is declared stands there, what is not ours is never touched.

    All that changes is one update, which the authority applies as a whole or not at all, and only as long as nobody
    else has changed what is replaced. A record set that stood there before with other values is not taken over unless
    it is imported. The zone itself, with its SOA and NS, is the authority's own.
    """

    @override
    async def create(self, inputs: ZoneInputs, operation: Operation) -> Created[ZoneOutputs]:
        await self._change(inputs.name, {}, _held(inputs))
        return Created(inputs.name, ZoneOutputs())

    @override
    async def read(
        self, resource_id: str, known: Live[ZoneInputs, ZoneOutputs] | None, operation: Operation
    ) -> Live[ZoneInputs, ZoneOutputs] | None:
        there = await self.client.zone(resource_id)
        # An import takes over all of it, and whoever declares less then removes the rest knowingly.
        ours = there if known is None else _held(known.inputs)
        records = {
            f"{host} {kind}": RecordSet(ttl=one.ttl, values=one.values)
            for (host, kind), one in sorted(there.items())
            if (host, kind) in ours and kind in _TYPES
        }
        return Live(ZoneInputs.model_construct(name=resource_id, records=records), ZoneOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[ZoneInputs, ZoneOutputs],
        inputs: ZoneInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> ZoneOutputs:
        await self._change(resource_id, _held(old.inputs), _held(inputs))
        return ZoneOutputs()

    @override
    async def delete(self, resource_id: str, old: Live[ZoneInputs, ZoneOutputs], operation: Operation) -> None:
        there = await self.client.zone(resource_id)
        # Whatever stands there by now that is not what was made here is somebody else's.
        made = {key: one for key, one in _held(old.inputs).items() if there.get(key) == one}
        await self.client.change(resource_id, made, {})

    async def _change(self, name: str, before: Mapping[Key, Held], wanted: Mapping[Key, Held]) -> None:
        there = await self.client.zone(name)
        if foreign := _foreign(there, before, wanted):
            what = f"{name} has {', '.join(foreign)} already, and nobody here made that"
            raise ProviderError(what, f'remove them there, or adopt the zone: give the resource import_="{name}"')
        # What somebody changed since it was recorded is drift, which a refresh shows, and this run is to repair.
        ours = {key: there[key] for key in {**before, **wanted} if key in there}
        await self.client.change(name, ours, wanted)


def _held(inputs: ZoneInputs) -> dict[Key, Held]:
    return {_key(name): Held(one.ttl, tuple(one.values)) for name, one in inputs.records.items()}


def _foreign(there: Mapping[Key, Held], before: Mapping[Key, Held], wanted: Mapping[Key, Held]) -> list[str]:
    """Return record sets that are not ours and stand where one of ours is to be, or beside it where nothing may."""
    hosts = {host for host, _ in wanted}

    def in_the_way(key: Key) -> bool:
        host, kind = key
        if key in wanted:
            return there[key] != wanted[key]
        return (host in hosts and kind == _ALIAS) or (host, _ALIAS) in wanted

    return sorted(" ".join(key) for key in there if key not in before and in_the_way(key))
