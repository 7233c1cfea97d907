"""Collections of the vector store: what each holds, where its vectors come from, who may do what with them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import override

from catalog.model import DnsLabel, EnvName, Model

CollectionName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{0,99}$")]
"""The name of a collection, as Weaviate has it: with a capital, and here without underscores, which versions have."""

DataType = Literal[
    "text",
    "text[]",
    "int",
    "int[]",
    "number",
    "number[]",
    "boolean",
    "boolean[]",
    "date",
    "date[]",
    "uuid",
    "uuid[]",
]
"""What a property may hold."""

Hosting = Literal["self-hosted", "cloud"]
"""A server in the stack's own cluster, or one of Weaviate Cloud."""


VECTOR_STORE = "weaviate"
"""The data service that is the server of a stack's own cluster."""


class Property(Model):
    """One property of a collection's objects; a data type alone stands for one of which nothing else is said."""

    type: DataType
    """What it holds."""
    description: str = ""
    """What it is for, where its name does not say it."""
    tokenization: Literal["word", "lowercase", "whitespace", "field", "trigram"] | None = None
    """How a text is divided into words; `field` for one that is compared as a whole, such as an id."""
    range: bool = False
    """Whether comparisons by size are fast."""

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, given: Any) -> Any:
        return {"type": given} if isinstance(given, str) else given

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        alone = schema["properties"]["type"]["enum"]
        return {"anyOf": [{"enum": alone, "type": "string"}, schema]}


class Collection(Model):
    """One file of ``catalog/collections/``, named by the collection."""

    name: CollectionName
    """Its name."""
    description: Annotated[str, Field(min_length=8, max_length=120)]
    """What it is for, in one line."""
    owner: Annotated[str, Field(pattern=r"^[a-z]+_team$")]
    """The team that answers for it."""
    data_class: Literal["public", "internal", "confidential"]
    """How carefully its content is kept."""
    optional: bool = False
    """Whether only stacks have it that choose it."""
    vectorizer: Literal["default", "none"] = "default"
    """Whether the platform's module makes its vectors, or whoever writes brings them."""
    properties: Annotated[Mapping[Annotated[str, Field(pattern=r"^[a-z][_a-z0-9]*$")], Property], Field(min_length=1)]
    """What its objects hold, by name."""


class Module(Model):
    """A module of the server."""

    module: Annotated[str, Field(pattern=r"^[a-z0-9][-a-z0-9]*$")]
    """The server's name for it, such as `text2vec-openai`."""
    settings: Mapping[str, Any] = {}
    """Its settings, by its own names."""


class Role(Model):
    """What those who have a role may do."""

    collections: str = "*"
    """With which collections: a name, or a pattern of Weaviate's."""
    objects: tuple[Literal["create", "read", "update", "delete"], ...] = ()
    """What with their objects."""
    backups: bool = False
    """Whether they make backups, and restore them."""


class User(Model):
    """Who has a key of its own."""

    roles: Annotated[tuple[DnsLabel, ...], Field(min_length=1)]
    """Its roles."""
    secret: EnvName
    """The name by which workloads use its key, as they use the secrets of ``catalog/secrets.yaml``."""


class Weaviate(Model):
    """The file ``catalog/weaviate.yaml``."""

    hosting: Mapping[DnsLabel, Hosting]
    """Where the collections of each stack are."""
    vectorizer: Module
    """What makes vectors, unless a collection says that whoever writes brings them."""
    generative: Module | None = None
    """What writes texts from what is found."""
    hybrid_alpha: Annotated[float, Field(ge=0, le=1)]
    """What hybrid searches are weighed by: 0 is keywords alone, 1 meaning alone."""
    roles: Mapping[DnsLabel, Role]
    """Roles by name."""
    users: Mapping[DnsLabel, User]
    """Users by name."""

    def serves(self, stack: str, service: str) -> bool:
        """Tell whether a data service runs in a stack's own cluster: all do but a vector store hosted elsewhere.

        Args:
            stack: name of the stack.
            service: name of the data service.
        """
        return service != VECTOR_STORE or self.hosting.get(stack) == "self-hosted"
