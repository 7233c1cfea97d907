"""What a collection is declared as, with every default explicit.

Source: Weaviate 1.39.0, `usecases/schema/class.go` and `usecases/config/config_handler.go` for the defaults,
`entities/schema/validation.go` and `adapters/repos/db/ttl/config.go` for the rules.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from providers.kit import LOCAL, REPLACE, Live, Model
from providers.weaviate.property import Property, by_name
from providers.weaviate.vector_index import Vector

TIMESTAMPS: Final = frozenset({"_creationTimeUnix", "_lastUpdateTimeUnix"})
LEAST_TTL_SECONDS: Final = 60
_ENGLISH: Final = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with"
)
STOPWORDS: Final[Mapping[str, frozenset[str]]] = {"en": frozenset(_ENGLISH.split())}
"""What the server's own presets hold: `adapters/repos/db/inverted/stopwords/presets.go`."""
VECTOR_NAME: Final = r"^[_A-Za-z][_0-9A-Za-z]{0,229}$"


class Bm25(Model):
    """How keyword search weighs words."""

    k1: Annotated[float, Field(ge=0)] = 1.2
    """How soon a word that occurs often counts no more."""
    b: Annotated[float, Field(ge=0, le=1)] = 0.75
    """How much long texts are held back."""


class Stopwords(Model):
    """Words that keyword search passes over."""

    preset: Annotated[str, Field(min_length=1)] = "en"
    """`en`, or `none`."""
    additions: tuple[str, ...] = ()
    """More such words, none of which the preset has."""
    removals: tuple[str, ...] = ()
    """Words of the preset that are searched all the same."""

    @model_validator(mode="after")
    def _says_each_once(self) -> Self:
        # The server drops the first, so that they would differ for ever, and refuses the second.
        had = STOPWORDS.get(self.preset, frozenset()).intersection(self.additions)
        both = {*self.additions}.intersection(self.removals)
        problems = [f"additions: the preset {self.preset} has {one}; leave it out" for one in sorted(had)]
        problems += [f"{one} is in additions and in removals; leave it out of one" for one in sorted(both)]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class InvertedIndex(Model):
    """Keyword search and filters."""

    bm25: Bm25 = Bm25()
    """How keyword search weighs words."""
    stopwords: Stopwords = Stopwords()
    """Words that keyword search passes over."""
    stopword_presets: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Presets of stop words that text analyzers name."""
    cleanup_interval_seconds: Annotated[int, Field(ge=1)] = 60
    """Seconds between two clean-ups after deletions."""
    index_timestamps: bool = False
    """Whether filters find when an object was made and last changed."""
    index_null_state: bool = False
    """Whether filters find what is not set."""
    index_property_length: bool = False
    """Whether filters find how long a value is."""


class MultiTenancy(Model):
    """Whether each tenant has objects of its own."""

    enabled: bool = False
    """Whether there are tenants."""
    auto_tenant_creation: bool = False
    """Whether writing to a tenant that does not exist makes it."""
    auto_tenant_activation: bool = False
    """Whether using a tenant that is not active activates it."""

    @model_validator(mode="after")
    def _has_tenants(self) -> Self:
        said = [name for name in ("autoTenantCreation", "autoTenantActivation") if _set(self, name)]
        if said and not self.enabled:
            message = f"{' and '.join(said)} without tenants; set enabled, or leave it out"
            raise ValueError(message)
        return self


def _set(model: Model, wire: str) -> bool:
    return bool(model.model_dump(by_alias=True)[wire])


class Replication(Model):
    """How many copies there are, and who wins where they differ."""

    factor: Annotated[int, Field(ge=1)] = 1
    """On how many nodes each object is."""
    deletion_strategy: Literal["NoAutomatedResolution", "DeleteOnConflict", "TimeBasedResolution"] = (
        "TimeBasedResolution"
    )
    """What holds where one node has an object that another has deleted."""


class Module(Model):
    """A module that works on results, and its settings."""

    module: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """The server's name for it, such as `generative-anthropic`."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Its settings, by its own names."""


def _prefixed(prefix: str) -> Any:
    def checked(module: Module) -> Module:
        if not module.module.startswith(prefix):
            message = f"{module.module} is not one; its name begins with {prefix}"
            raise ValueError(message)
        return module

    return AfterValidator(checked)


class ObjectTtl(Model):
    """When objects end by themselves; the server needs OBJECTS_TTL_DELETE_SCHEDULE."""

    enabled: bool = True
    """Whether they do."""
    default_ttl_seconds: Annotated[int, Field(alias="defaultTtl")]
    """How many seconds after the time below; at least 60 after the timestamps."""
    delete_on: str = "_creationTimeUnix"
    """The time that counts: `_creationTimeUnix`, `_lastUpdateTimeUnix`, or a property of the type `date`."""
    filter_expired_objects: bool = False
    """Whether searches leave out what has ended and is still there."""


_VectorName = Annotated[str, StringConstraints(pattern=VECTOR_NAME)]


class CollectionInputs(Model):
    """What a collection is declared as."""

    name: Annotated[str, REPLACE, Field(pattern=r"^[A-Z][_0-9A-Za-z]{0,239}$")]
    """Its name, beginning with a capital."""
    description: str = ""
    """What it is for."""
    properties: Annotated[tuple[Property, ...], AfterValidator(by_name)] = ()
    """What its objects hold, sorted by name."""
    vectors: dict[_VectorName, Vector] = Field(default_factory=dict)
    """The vectors of each object, by name."""
    vector: Vector | None = None
    """The one vector without a name that older collections have instead; where neither is given, clients bring it."""
    inverted_index: InvertedIndex = InvertedIndex()
    """Keyword search and filters."""
    multi_tenancy: MultiTenancy = MultiTenancy()
    """Whether each tenant has objects of its own."""
    replication: Replication = Replication()
    """How many copies there are."""
    shards: Annotated[int, Field(ge=1)] | None = None
    """Into how many parts it is divided; one per node unless said, and none where tenants divide it."""
    generative: Annotated[Module, _prefixed("generative-")] | None = None
    """The module that writes texts from what is found."""
    reranker: Annotated[Module, _prefixed("reranker-")] | None = None
    """The module that sorts what is found again."""
    object_ttl: ObjectTtl | None = None
    """When objects end by themselves."""
    behind_alias: Annotated[bool, REPLACE] = False
    """Whether `name` is an alias, and the collection behind it is `<name>_v1`, `_v2` and so on: then a change that
    needs another collection can be made without a moment in which the name leads nowhere."""
    on_breaking_change: Annotated[Literal["refuse", "migrate"], LOCAL] = "refuse"
    """What a change does that the server cannot do in place while there are objects: it is refused, or the objects
    are copied to a new version behind the alias."""
    renames: Annotated[dict[str, str], LOCAL] = Field(default_factory=dict)
    """Names that properties had before, and have now: a migration copies their values over."""
    drops: Annotated[tuple[str, ...], LOCAL] = ()
    """Properties and vectors whose values may go in a migration."""
    previous_versions: Literal["keep", "drop"] = "keep"
    """Whether versions that were migrated from stay, or are dropped."""
    undeclared_properties: Annotated[Literal["report", "ignore", "remove"], LOCAL] = "report"
    """What happens about properties that somebody else added: they are reported as drift and left, passed over, or
    removed, which is a breaking change."""
    deletion_protection: Annotated[bool, LOCAL] = False
    """Whether deleting or replacing it is refused; one that holds objects is never replaced."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        problems = [*self._problems()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if self.vector is not None and self.vectors:
            yield "vector and vectors exclude each other; give the unnamed one a name among vectors"
        if self.multi_tenancy.enabled and self.shards is not None:
            yield "shards: tenants divide this collection; leave it out"
        if self.on_breaking_change == "migrate" and not self.behind_alias:
            yield "onBreakingChange: migrate needs behindAlias, or readers would lose the name on the way"
        if self.behind_alias and re.search(r"_next$|_lease_", self.name):
            yield "name: behind an alias, names with _lease_ or ending in _next are migrations' own; choose another"
        yield from self._of_properties()
        yield from self._renames()
        if self.object_ttl is not None:
            yield from self._ttl(self.object_ttl)

    def _of_properties(self) -> Iterator[str]:
        names = [one.name.lower() for one in self.properties]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"properties: {name} is declared twice (upper and lower case are the same); rename one"
        made = any(one.vectorizer.startswith("text2vec-") for one in self.every_vector.values())
        presets = {"en", "none", *self.inverted_index.stopword_presets}
        for one in self.properties:
            if not made and (one.skip_vectorization or one.vectorize_property_name):
                yield f"properties: nothing makes vectors of texts, so leave out what {one.name} says of that"
            preset = one.text_analyzer.stopword_preset if one.text_analyzer else None
            if preset is not None and preset not in presets:
                yield f"properties: {one.name} names the preset {preset}; declare it in invertedIndex.stopwordPresets"

    def _renames(self) -> Iterator[str]:
        declared = {one.name for one in self.properties}
        for old, new in self.renames.items():
            if new not in declared:
                yield f"renames: {old} becomes {new}, which properties does not declare; declare it"
            if old in declared:
                yield f"renames: {old} becomes {new}, and is declared still; remove one of the two"

    def _ttl(self, ttl: ObjectTtl) -> Iterator[str]:
        if ttl.delete_on in TIMESTAMPS:
            if ttl.default_ttl_seconds < LEAST_TTL_SECONDS:
                yield f"objectTtl: defaultTtl is {ttl.default_ttl_seconds}; give at least {LEAST_TTL_SECONDS} seconds"
            if not self.inverted_index.index_timestamps:
                yield f"objectTtl: deleteOn {ttl.delete_on} needs invertedIndex.indexTimestamps; set it"
            return
        dates = [
            p.name for p in self.properties if p.data_type == "date" and (p.index_filterable or p.index_range_filters)
        ]
        if ttl.delete_on not in dates:
            choices = ", ".join([*sorted(TIMESTAMPS), *dates])
            yield f"objectTtl: deleteOn {ttl.delete_on} is no date that filters find; use one of {choices}"

    @property
    def every_vector(self) -> Mapping[str, Vector]:
        """Its vectors by name, the one without a name under the empty one."""
        return self.vectors or {"": self.vector or Vector()}


class CollectionOutputs(Model):
    """What is known of a collection beyond its inputs."""

    class_name: str
    """The collection's own name: that of a version where its name is an alias."""
    previous: tuple[str, ...] = ()
    """Versions that were migrated from and are still there."""
    object_count: int
    """How many objects it held when it was last read; of one with tenants, how many tenants."""
    unfinished: bool = False
    """Whether a migration was begun and has not come to its end; the next update ends it."""
    declared_properties: tuple[str, ...] = ()
    """Names of the properties that were declared when it was last written."""
    vectorizer_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """All settings of each vector's module, the module's own defaults among them, as they were last written."""


Known = Live[CollectionInputs, CollectionOutputs]
"""A collection that exists, as it was recorded or read."""
