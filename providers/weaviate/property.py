"""Properties: names, data types, how each is searched.

Source: Weaviate 1.39.0, `entities/schema/{validation,data_types}.go`, `usecases/schema/class.go`.
"""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from providers.kit import Model
from providers.kit.checking import suggestion

_ARRAYS: Final = ("text", "int", "number", "boolean", "date", "uuid", "object")
PRIMITIVES: Final = (
    *_ARRAYS,
    "geoCoordinates",
    "phoneNumber",
    "blob",
    "blobHash",
    *(f"{kind}[]" for kind in _ARRAYS),
)
TEXT: Final = frozenset({"text", "text[]"})
OBJECT: Final = frozenset({"object", "object[]"})
RANGED: Final = frozenset({"int", "number", "date"})
_NOT_NESTED: Final = frozenset({"geoCoordinates", "phoneNumber"})
_RESERVED: Final = frozenset({"_additional", "_id", "id"})
_SUFFIXES: Final = ("_searchable", "_rangeable", "_temp", "__meta_count", "_propertyLength", "_nullState")
_REFERENCE: Final = re.compile(r"[A-Z][_0-9A-Za-z]*( \| [A-Z][_0-9A-Za-z]*)*")

Tokenization = Literal["word", "lowercase", "whitespace", "field", "trigram", "gse", "gse_ch", "kagome_kr", "kagome_ja"]
_NESTED_TOKENIZATION: Final = frozenset({"word", "lowercase", "whitespace", "field"})


def _named(name: str) -> str:
    if name in _RESERVED:
        message = f"{name} is reserved by Weaviate; choose another, such as source_{name.strip('_')}"
        raise ValueError(message)
    if name.endswith(_SUFFIXES):
        message = f"names ending in {', '.join(_SUFFIXES)} are the server's own; choose another"
        raise ValueError(message)
    return name


def _typed(kind: str) -> str:
    if kind in PRIMITIVES or _REFERENCE.fullmatch(kind):
        return kind
    if kind.removesuffix("[]") == "string":
        message = f"{kind} is deprecated; write text{kind.removeprefix('string')} with tokenization field or whitespace"
    else:
        message = f"{kind!r} is no data type of Weaviate; {suggestion(kind, PRIMITIVES)}"
    raise ValueError(message)


def _is_text(given: dict[str, Any]) -> bool:
    return given.get("data_type") in TEXT


def _tokenization(given: dict[str, Any]) -> Literal["word"] | None:
    return "word" if _is_text(given) else None


def _nested_filterable(given: dict[str, Any]) -> bool:
    return given.get("data_type") not in {"blob", "blobHash"}


class TextAnalyzer(Model):
    """How a text is prepared before it is searched."""

    ascii_fold: bool = False
    """Whether accents are left out: `é` is found by `e`."""
    ascii_fold_ignore: tuple[str, ...] = ()
    """Letters that keep their accents."""
    stopword_preset: str | None = None
    """The words that are not searched: `en`, `none`, or a preset of the collection."""


class NestedProperty(Model):
    """A property inside an object."""

    name: Annotated[str, Field(pattern=r"^[_A-Za-z][_0-9A-Za-z]*$")]
    """Its name."""
    data_type: Annotated[str, AfterValidator(_typed)]
    """What it holds: `text`, `int`, `number`, `boolean`, `date`, `uuid`, `blob`, `object`, or a list: `text[]`."""
    description: str = ""
    """What it is for."""
    tokenization: Tokenization | None = Field(default_factory=_tokenization)
    """How a text is divided into words: `word` unless said otherwise."""
    index_filterable: bool = Field(default_factory=_nested_filterable)
    """Whether filters find it: yes, except where it is a blob."""
    index_searchable: bool = Field(default_factory=_is_text)
    """Whether keyword search finds it: yes where it is a text."""
    index_range_filters: bool = False
    """Whether comparisons by size are fast; for `int`, `number` and `date`."""
    nested_properties: tuple["NestedProperty", ...] = ()
    """What an object holds, sorted by name."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        problems = [*self._problems()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> list[str]:
        kind = self.data_type
        said = {
            f"{kind} holds no text, so it has no tokenization; leave it out": self.tokenization and kind not in TEXT,
            f"{kind} holds no text, so keyword search cannot find it; leave indexSearchable out": (
                self.index_searchable and kind not in TEXT
            ),
            f"indexRangeFilters is for {', '.join(sorted(RANGED))}, and it holds {kind}; leave it out": (
                self.index_range_filters and kind not in RANGED
            ),
            f"{kind} needs nestedProperties: say what it holds": kind in OBJECT and not self.nested_properties,
            f"{kind} holds no other properties; leave nestedProperties out": kind not in OBJECT
            and bool(self.nested_properties),
            "a text needs a tokenization; word is the usual one": kind in TEXT and self.tokenization is None,
        }
        names = [one.name for one in self.nested_properties]
        said |= {f"nestedProperties names {name} twice": True for name in {n for n in names if names.count(n) > 1}}
        for one in self.nested_properties:
            if one.data_type in _NOT_NESTED or _REFERENCE.fullmatch(one.data_type):
                said[f"{one.data_type} cannot be inside an object; declare {one.name} beside it"] = True
            if one.tokenization and one.tokenization not in _NESTED_TOKENIZATION:
                said[f"inside an object, {one.name} cannot have the tokenization {one.tokenization}"] = True
        return [text for text, wrong in said.items() if wrong]


class Property(NestedProperty):
    """A property of a collection's objects."""

    name: Annotated[str, Field(pattern=r"^[_a-z][_0-9A-Za-z]{0,230}$"), AfterValidator(_named)]
    """Its name, beginning with a small letter; another name is another property."""
    data_type: Annotated[str, AfterValidator(_typed)]
    """What it holds: `text`, `int`, `number`, `boolean`, `date`, `uuid`, `geoCoordinates`, `phoneNumber`, `blob`,
    `blobHash`, `object`, a list such as `text[]`, or names of collections it refers to: `Author | Publisher`."""
    index_filterable: bool = True
    """Whether filters find it."""
    skip_vectorization: bool = False
    """Whether the vectorizers leave it out."""
    vectorize_property_name: bool = False
    """Whether the vectorizers see its name, too."""
    text_analyzer: TextAnalyzer | None = None
    """How a text is prepared before it is searched."""


def by_name(given: tuple[NestedProperty, ...]) -> tuple[NestedProperty, ...]:
    """Return properties in the order of their names, at every depth: theirs means nothing to the server."""
    ordered = sorted(given, key=lambda one: one.name)
    return tuple(
        one.model_copy(update={"nested_properties": by_name(one.nested_properties)}) if one.nested_properties else one
        for one in ordered
    )
