"""Typed classes of the weaviate provider, generated from its models by ``providers.kit.sdk``."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi


class NestedPropertyArgs(TypedDict):
    """A property inside an object."""

    name: pulumi.Input[str]
    """Its name."""

    data_type: pulumi.Input[str]
    """What it holds: `text`, `int`, `number`, `boolean`, `date`, `uuid`, `blob`, `object`, or a list: `text[]`."""

    description: NotRequired[pulumi.Input[str]]
    """What it is for."""

    tokenization: NotRequired[pulumi.Input[str]]
    """How a text is divided into words: `word` unless said otherwise."""

    index_filterable: NotRequired[pulumi.Input[bool]]
    """Whether filters find it: yes, except where it is a blob."""

    index_searchable: NotRequired[pulumi.Input[bool]]
    """Whether keyword search finds it: yes where it is a text."""

    index_range_filters: NotRequired[pulumi.Input[bool]]
    """Whether comparisons by size are fast; for `int`, `number` and `date`."""

    nested_properties: "NotRequired[pulumi.Input[Sequence[pulumi.Input[NestedPropertyArgs]]]]"
    """What an object holds, sorted by name."""


@pulumi.input_type
class _NestedPropertyArgs:
    name: pulumi.Input[str]
    data_type: pulumi.Input[str] = pulumi.property("dataType")
    description: pulumi.Input[str]
    tokenization: pulumi.Input[str]
    index_filterable: pulumi.Input[bool] = pulumi.property("indexFilterable")
    index_searchable: pulumi.Input[bool] = pulumi.property("indexSearchable")
    index_range_filters: pulumi.Input[bool] = pulumi.property("indexRangeFilters")
    nested_properties: "pulumi.Input[Sequence[pulumi.Input[_NestedPropertyArgs]]]" = pulumi.property("nestedProperties")


@pulumi.output_type
class NestedProperty:
    """A property inside an object."""

    name: str
    """Its name."""

    data_type: str = pulumi.property("dataType")
    """What it holds: `text`, `int`, `number`, `boolean`, `date`, `uuid`, `blob`, `object`, or a list: `text[]`."""

    description: str
    """What it is for."""

    tokenization: str | None
    """How a text is divided into words: `word` unless said otherwise."""

    index_filterable: bool | None = pulumi.property("indexFilterable")
    """Whether filters find it: yes, except where it is a blob."""

    index_searchable: bool | None = pulumi.property("indexSearchable")
    """Whether keyword search finds it: yes where it is a text."""

    index_range_filters: bool = pulumi.property("indexRangeFilters")
    """Whether comparisons by size are fast; for `int`, `number` and `date`."""

    nested_properties: "Sequence[NestedProperty]" = pulumi.property("nestedProperties")
    """What an object holds, sorted by name."""


class TextAnalyzerArgs(TypedDict):
    """How a text is prepared before it is searched."""

    ascii_fold: NotRequired[pulumi.Input[bool]]
    """Whether accents are left out: `é` is found by `e`."""

    ascii_fold_ignore: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Letters that keep their accents."""

    stopword_preset: NotRequired[pulumi.Input[str]]
    """The words that are not searched: `en`, `none`, or a preset of the collection."""


@pulumi.input_type
class _TextAnalyzerArgs:
    ascii_fold: pulumi.Input[bool] = pulumi.property("asciiFold")
    ascii_fold_ignore: pulumi.Input[Sequence[pulumi.Input[str]]] = pulumi.property("asciiFoldIgnore")
    stopword_preset: pulumi.Input[str] = pulumi.property("stopwordPreset")


@pulumi.output_type
class TextAnalyzer:
    """How a text is prepared before it is searched."""

    ascii_fold: bool = pulumi.property("asciiFold")
    """Whether accents are left out: `é` is found by `e`."""

    ascii_fold_ignore: Sequence[str] = pulumi.property("asciiFoldIgnore")
    """Letters that keep their accents."""

    stopword_preset: str | None = pulumi.property("stopwordPreset")
    """The words that are not searched: `en`, `none`, or a preset of the collection."""


class PropertyArgs(TypedDict):
    """A property of a collection's objects."""

    name: pulumi.Input[str]
    """Its name, beginning with a small letter; another name is another property."""

    data_type: pulumi.Input[str]
    """What it holds: `text`, `int`, `number`, `boolean`, `date`, `uuid`, `geoCoordinates`, `phoneNumber`, `blob`,
    `blobHash`, `object`, a list such as `text[]`, or names of collections it refers to: `Author | Publisher`.
    """

    description: NotRequired[pulumi.Input[str]]
    """What it is for."""

    tokenization: NotRequired[pulumi.Input[str]]
    """How a text is divided into words: `word` unless said otherwise."""

    index_filterable: NotRequired[pulumi.Input[bool]]
    """Whether filters find it."""

    index_searchable: NotRequired[pulumi.Input[bool]]
    """Whether keyword search finds it: yes where it is a text."""

    index_range_filters: NotRequired[pulumi.Input[bool]]
    """Whether comparisons by size are fast; for `int`, `number` and `date`."""

    nested_properties: NotRequired[pulumi.Input[Sequence[pulumi.Input[NestedPropertyArgs]]]]
    """What an object holds, sorted by name."""

    skip_vectorization: NotRequired[pulumi.Input[bool]]
    """Whether the vectorizers leave it out."""

    vectorize_property_name: NotRequired[pulumi.Input[bool]]
    """Whether the vectorizers see its name, too."""

    text_analyzer: NotRequired[pulumi.Input[TextAnalyzerArgs]]
    """How a text is prepared before it is searched."""


@pulumi.input_type
class _PropertyArgs:
    name: pulumi.Input[str]
    data_type: pulumi.Input[str] = pulumi.property("dataType")
    description: pulumi.Input[str]
    tokenization: pulumi.Input[str]
    index_filterable: pulumi.Input[bool] = pulumi.property("indexFilterable")
    index_searchable: pulumi.Input[bool] = pulumi.property("indexSearchable")
    index_range_filters: pulumi.Input[bool] = pulumi.property("indexRangeFilters")
    nested_properties: pulumi.Input[Sequence[pulumi.Input[_NestedPropertyArgs]]] = pulumi.property("nestedProperties")
    skip_vectorization: pulumi.Input[bool] = pulumi.property("skipVectorization")
    vectorize_property_name: pulumi.Input[bool] = pulumi.property("vectorizePropertyName")
    text_analyzer: pulumi.Input[_TextAnalyzerArgs] = pulumi.property("textAnalyzer")


@pulumi.output_type
class Property:
    """A property of a collection's objects."""

    name: str
    """Its name, beginning with a small letter; another name is another property."""

    data_type: str = pulumi.property("dataType")
    """What it holds: `text`, `int`, `number`, `boolean`, `date`, `uuid`, `geoCoordinates`, `phoneNumber`, `blob`,
    `blobHash`, `object`, a list such as `text[]`, or names of collections it refers to: `Author | Publisher`.
    """

    description: str
    """What it is for."""

    tokenization: str | None
    """How a text is divided into words: `word` unless said otherwise."""

    index_filterable: bool = pulumi.property("indexFilterable")
    """Whether filters find it."""

    index_searchable: bool | None = pulumi.property("indexSearchable")
    """Whether keyword search finds it: yes where it is a text."""

    index_range_filters: bool = pulumi.property("indexRangeFilters")
    """Whether comparisons by size are fast; for `int`, `number` and `date`."""

    nested_properties: Sequence[NestedProperty] = pulumi.property("nestedProperties")
    """What an object holds, sorted by name."""

    skip_vectorization: bool = pulumi.property("skipVectorization")
    """Whether the vectorizers leave it out."""

    vectorize_property_name: bool = pulumi.property("vectorizePropertyName")
    """Whether the vectorizers see its name, too."""

    text_analyzer: TextAnalyzer | None = pulumi.property("textAnalyzer")
    """How a text is prepared before it is searched."""


class PqEncoderArgs(TypedDict):
    """How product quantization encodes a segment."""

    type: NotRequired[pulumi.Input[str]]
    """The encoder."""

    distribution: NotRequired[pulumi.Input[str]]
    """The distribution that `tile` assumes."""


@pulumi.input_type
class _PqEncoderArgs:
    type: pulumi.Input[str]
    distribution: pulumi.Input[str]


@pulumi.output_type
class PqEncoder:
    """How product quantization encodes a segment."""

    type: str
    """The encoder."""

    distribution: str
    """The distribution that `tile` assumes."""


class ProductQuantizationArgs(TypedDict):
    """Product quantization: segments of a vector become indexes into a table that is trained on the first objects."""

    bit_compression: NotRequired[pulumi.Input[bool]]
    """Whether codes take less than a byte; without effect in present servers."""

    segments: NotRequired[pulumi.Input[int]]
    """How many segments; 0 lets the server choose by the vector's length."""

    centroids: NotRequired[pulumi.Input[int]]
    """How many entries the table of a segment has."""

    training_limit: NotRequired[pulumi.Input[int]]
    """How many objects it is trained on."""

    encoder: NotRequired[pulumi.Input[PqEncoderArgs]]
    """How a segment is encoded."""


@pulumi.input_type
class _ProductQuantizationArgs:
    bit_compression: pulumi.Input[bool] = pulumi.property("bitCompression")
    segments: pulumi.Input[int]
    centroids: pulumi.Input[int]
    training_limit: pulumi.Input[int] = pulumi.property("trainingLimit")
    encoder: pulumi.Input[_PqEncoderArgs]


@pulumi.output_type
class ProductQuantization:
    """Product quantization: segments of a vector become indexes into a table that is trained on the first objects."""

    bit_compression: bool = pulumi.property("bitCompression")
    """Whether codes take less than a byte; without effect in present servers."""

    segments: int
    """How many segments; 0 lets the server choose by the vector's length."""

    centroids: int
    """How many entries the table of a segment has."""

    training_limit: int = pulumi.property("trainingLimit")
    """How many objects it is trained on."""

    encoder: PqEncoder
    """How a segment is encoded."""


class ScalarQuantizationArgs(TypedDict):
    """Scalar quantization: each dimension becomes one byte."""

    training_limit: NotRequired[pulumi.Input[int]]
    """How many objects its range is taken from."""

    rescore_limit: NotRequired[pulumi.Input[int]]
    """How many candidates are compared again by their whole vectors."""


@pulumi.input_type
class _ScalarQuantizationArgs:
    training_limit: pulumi.Input[int] = pulumi.property("trainingLimit")
    rescore_limit: pulumi.Input[int] = pulumi.property("rescoreLimit")


@pulumi.output_type
class ScalarQuantization:
    """Scalar quantization: each dimension becomes one byte."""

    training_limit: int = pulumi.property("trainingLimit")
    """How many objects its range is taken from."""

    rescore_limit: int = pulumi.property("rescoreLimit")
    """How many candidates are compared again by their whole vectors."""


class RotationalQuantizationArgs(TypedDict):
    """Rotational quantization: no training, 4 or 32 times smaller."""

    bits: NotRequired[pulumi.Input[str]]
    """Bits a dimension takes."""

    rescore_limit: NotRequired[pulumi.Input[int]]
    """How many candidates are compared again by their whole vectors: 20, or 512 where a dimension takes one bit."""


@pulumi.input_type
class _RotationalQuantizationArgs:
    bits: pulumi.Input[str]
    rescore_limit: pulumi.Input[int] = pulumi.property("rescoreLimit")


@pulumi.output_type
class RotationalQuantization:
    """Rotational quantization: no training, 4 or 32 times smaller."""

    bits: str
    """Bits a dimension takes."""

    rescore_limit: int | None = pulumi.property("rescoreLimit")
    """How many candidates are compared again by their whole vectors: 20, or 512 where a dimension takes one bit."""


class MuveraArgs(TypedDict):
    """One vector in place of many, for search by late interaction."""

    ksim: NotRequired[pulumi.Input[int]]
    """Bits by which space is divided."""

    dprojections: NotRequired[pulumi.Input[int]]
    """Dimensions of a projection."""

    repetitions: NotRequired[pulumi.Input[int]]
    """How many projections."""


@pulumi.input_type
class _MuveraArgs:
    ksim: pulumi.Input[int]
    dprojections: pulumi.Input[int]
    repetitions: pulumi.Input[int]


@pulumi.output_type
class Muvera:
    """One vector in place of many, for search by late interaction."""

    ksim: int
    """Bits by which space is divided."""

    dprojections: int
    """Dimensions of a projection."""

    repetitions: int
    """How many projections."""


class MultivectorArgs(TypedDict):
    """Many vectors for one object, as models of late interaction (ColBERT) give them."""

    aggregation: NotRequired[pulumi.Input[str]]
    """How similarities are joined."""

    muvera: NotRequired[pulumi.Input[MuveraArgs]]
    """Whether, and how, they are joined to one vector."""


@pulumi.input_type
class _MultivectorArgs:
    aggregation: pulumi.Input[str]
    muvera: pulumi.Input[_MuveraArgs]


@pulumi.output_type
class Multivector:
    """Many vectors for one object, as models of late interaction (ColBERT) give them."""

    aggregation: str
    """How similarities are joined."""

    muvera: Muvera | None
    """Whether, and how, they are joined to one vector."""


class HnswArgs(TypedDict):
    """A graph in memory: fast at any size."""

    distance: NotRequired[pulumi.Input[str]]
    """How far apart two vectors are."""

    ef: NotRequired[pulumi.Input[int]]
    """Candidates of a search; -1 chooses by the search's limit within the bounds below."""

    ef_construction: NotRequired[pulumi.Input[int]]
    """Candidates while the graph is built."""

    max_connections: NotRequired[pulumi.Input[int]]
    """Neighbours a vector has."""

    dynamic_ef_min: NotRequired[pulumi.Input[int]]
    """Least candidates where `ef` is -1."""

    dynamic_ef_max: NotRequired[pulumi.Input[int]]
    """Most candidates where `ef` is -1."""

    dynamic_ef_factor: NotRequired[pulumi.Input[int]]
    """Candidates per result where `ef` is -1."""

    vector_cache_max_objects: NotRequired[pulumi.Input[int]]
    """How many vectors stay in memory."""

    flat_search_cutoff: NotRequired[pulumi.Input[int]]
    """With a filter that leaves fewer objects than these, all are compared."""

    filter_strategy: NotRequired[pulumi.Input[str]]
    """How a filter is applied to the graph."""

    cleanup_interval_seconds: NotRequired[pulumi.Input[int]]
    """Seconds between two repairs after deletions."""

    skip: NotRequired[pulumi.Input[bool]]
    """Whether vectors are stored but not indexed."""

    pq: NotRequired[pulumi.Input[ProductQuantizationArgs]]
    """Product quantization; at most one quantization is used, and one that is on stays on."""

    bq: NotRequired[pulumi.Input[bool]]
    """Binary quantization: a dimension becomes one bit."""

    sq: NotRequired[pulumi.Input[ScalarQuantizationArgs]]
    """Scalar quantization."""

    rq: NotRequired[pulumi.Input[RotationalQuantizationArgs]]
    """Rotational quantization."""

    multivector: NotRequired[pulumi.Input[MultivectorArgs]]
    """Many vectors for one object."""


@pulumi.input_type
class _HnswArgs:
    distance: pulumi.Input[str]
    ef: pulumi.Input[int]
    ef_construction: pulumi.Input[int] = pulumi.property("efConstruction")
    max_connections: pulumi.Input[int] = pulumi.property("maxConnections")
    dynamic_ef_min: pulumi.Input[int] = pulumi.property("dynamicEfMin")
    dynamic_ef_max: pulumi.Input[int] = pulumi.property("dynamicEfMax")
    dynamic_ef_factor: pulumi.Input[int] = pulumi.property("dynamicEfFactor")
    vector_cache_max_objects: pulumi.Input[int] = pulumi.property("vectorCacheMaxObjects")
    flat_search_cutoff: pulumi.Input[int] = pulumi.property("flatSearchCutoff")
    filter_strategy: pulumi.Input[str] = pulumi.property("filterStrategy")
    cleanup_interval_seconds: pulumi.Input[int] = pulumi.property("cleanupIntervalSeconds")
    skip: pulumi.Input[bool]
    pq: pulumi.Input[_ProductQuantizationArgs]
    bq: pulumi.Input[bool]
    sq: pulumi.Input[_ScalarQuantizationArgs]
    rq: pulumi.Input[_RotationalQuantizationArgs]
    multivector: pulumi.Input[_MultivectorArgs]


@pulumi.output_type
class Hnsw:
    """A graph in memory: fast at any size."""

    distance: str
    """How far apart two vectors are."""

    ef: int
    """Candidates of a search; -1 chooses by the search's limit within the bounds below."""

    ef_construction: int = pulumi.property("efConstruction")
    """Candidates while the graph is built."""

    max_connections: int = pulumi.property("maxConnections")
    """Neighbours a vector has."""

    dynamic_ef_min: int = pulumi.property("dynamicEfMin")
    """Least candidates where `ef` is -1."""

    dynamic_ef_max: int = pulumi.property("dynamicEfMax")
    """Most candidates where `ef` is -1."""

    dynamic_ef_factor: int = pulumi.property("dynamicEfFactor")
    """Candidates per result where `ef` is -1."""

    vector_cache_max_objects: int = pulumi.property("vectorCacheMaxObjects")
    """How many vectors stay in memory."""

    flat_search_cutoff: int = pulumi.property("flatSearchCutoff")
    """With a filter that leaves fewer objects than these, all are compared."""

    filter_strategy: str = pulumi.property("filterStrategy")
    """How a filter is applied to the graph."""

    cleanup_interval_seconds: int = pulumi.property("cleanupIntervalSeconds")
    """Seconds between two repairs after deletions."""

    skip: bool
    """Whether vectors are stored but not indexed."""

    pq: ProductQuantization | None
    """Product quantization; at most one quantization is used, and one that is on stays on."""

    bq: bool
    """Binary quantization: a dimension becomes one bit."""

    sq: ScalarQuantization | None
    """Scalar quantization."""

    rq: RotationalQuantization | None
    """Rotational quantization."""

    multivector: Multivector | None
    """Many vectors for one object."""


class FlatBinaryQuantizationArgs(TypedDict):
    """Binary quantization of a flat index."""

    rescore_limit: NotRequired[pulumi.Input[int]]
    """How many candidates are compared again by their whole vectors; -1 as the server chooses."""

    cache: NotRequired[pulumi.Input[bool]]
    """Whether the small vectors stay in memory."""


@pulumi.input_type
class _FlatBinaryQuantizationArgs:
    rescore_limit: pulumi.Input[int] = pulumi.property("rescoreLimit")
    cache: pulumi.Input[bool]


@pulumi.output_type
class FlatBinaryQuantization:
    """Binary quantization of a flat index."""

    rescore_limit: int = pulumi.property("rescoreLimit")
    """How many candidates are compared again by their whole vectors; -1 as the server chooses."""

    cache: bool
    """Whether the small vectors stay in memory."""


class FlatRotationalQuantizationArgs(TypedDict):
    """Rotational quantization of a flat index."""

    bits: NotRequired[pulumi.Input[str]]
    """Bits a dimension takes."""

    rescore_limit: NotRequired[pulumi.Input[int]]
    """How many candidates are compared again by their whole vectors; -1 as the server chooses."""

    cache: NotRequired[pulumi.Input[bool]]
    """Whether the small vectors stay in memory."""


@pulumi.input_type
class _FlatRotationalQuantizationArgs:
    bits: pulumi.Input[str]
    rescore_limit: pulumi.Input[int] = pulumi.property("rescoreLimit")
    cache: pulumi.Input[bool]


@pulumi.output_type
class FlatRotationalQuantization:
    """Rotational quantization of a flat index."""

    bits: str
    """Bits a dimension takes."""

    rescore_limit: int = pulumi.property("rescoreLimit")
    """How many candidates are compared again by their whole vectors; -1 as the server chooses."""

    cache: bool
    """Whether the small vectors stay in memory."""


class FlatArgs(TypedDict):
    """Every vector is compared: small, for few objects, such as many tenants have."""

    distance: NotRequired[pulumi.Input[str]]
    """How far apart two vectors are."""

    vector_cache_max_objects: NotRequired[pulumi.Input[int]]
    """How many vectors stay in memory."""

    bq: NotRequired[pulumi.Input[FlatBinaryQuantizationArgs]]
    """Binary quantization."""

    rq: NotRequired[pulumi.Input[FlatRotationalQuantizationArgs]]
    """Rotational quantization."""


@pulumi.input_type
class _FlatArgs:
    distance: pulumi.Input[str]
    vector_cache_max_objects: pulumi.Input[int] = pulumi.property("vectorCacheMaxObjects")
    bq: pulumi.Input[_FlatBinaryQuantizationArgs]
    rq: pulumi.Input[_FlatRotationalQuantizationArgs]


@pulumi.output_type
class Flat:
    """Every vector is compared: small, for few objects, such as many tenants have."""

    distance: str
    """How far apart two vectors are."""

    vector_cache_max_objects: int = pulumi.property("vectorCacheMaxObjects")
    """How many vectors stay in memory."""

    bq: FlatBinaryQuantization | None
    """Binary quantization."""

    rq: FlatRotationalQuantization | None
    """Rotational quantization."""


class DynamicArgs(TypedDict):
    """Flat at first, a graph from a number of objects on; the server needs ASYNC_INDEXING."""

    distance: NotRequired[pulumi.Input[str]]
    """How far apart two vectors are."""

    threshold: NotRequired[pulumi.Input[int]]
    """From how many objects on there is a graph."""

    hnsw: NotRequired[pulumi.Input[HnswArgs]]
    """The graph."""

    flat: NotRequired[pulumi.Input[FlatArgs]]
    """What is there before it."""


@pulumi.input_type
class _DynamicArgs:
    distance: pulumi.Input[str]
    threshold: pulumi.Input[int]
    hnsw: pulumi.Input[_HnswArgs]
    flat: pulumi.Input[_FlatArgs]


@pulumi.output_type
class Dynamic:
    """Flat at first, a graph from a number of objects on; the server needs ASYNC_INDEXING."""

    distance: str
    """How far apart two vectors are."""

    threshold: int
    """From how many objects on there is a graph."""

    hnsw: Hnsw
    """The graph."""

    flat: Flat
    """What is there before it."""


class HfreshQuantizationArgs(TypedDict):
    """Rotational quantization of an index on disk; it is always on."""

    rescore_limit: NotRequired[pulumi.Input[int]]
    """How many candidates are compared again by their whole vectors."""


@pulumi.input_type
class _HfreshQuantizationArgs:
    rescore_limit: pulumi.Input[int] = pulumi.property("rescoreLimit")


@pulumi.output_type
class HfreshQuantization:
    """Rotational quantization of an index on disk; it is always on."""

    rescore_limit: int = pulumi.property("rescoreLimit")
    """How many candidates are compared again by their whole vectors."""


class HfreshArgs(TypedDict):
    """Clusters on disk: for more vectors than fit into memory."""

    distance: NotRequired[pulumi.Input[str]]
    """How far apart two vectors are."""

    max_posting_size_kb: NotRequired[pulumi.Input[int]]
    """How many KiB a cluster may hold before it is divided."""

    replicas: NotRequired[pulumi.Input[int]]
    """How many clusters a vector may be in."""

    search_probe: NotRequired[pulumi.Input[int]]
    """How many clusters a search looks into."""

    rq: NotRequired[pulumi.Input[HfreshQuantizationArgs]]
    """Its quantization."""


@pulumi.input_type
class _HfreshArgs:
    distance: pulumi.Input[str]
    max_posting_size_kb: pulumi.Input[int] = pulumi.property("maxPostingSizeKB")
    replicas: pulumi.Input[int]
    search_probe: pulumi.Input[int] = pulumi.property("searchProbe")
    rq: pulumi.Input[_HfreshQuantizationArgs]


@pulumi.output_type
class Hfresh:
    """Clusters on disk: for more vectors than fit into memory."""

    distance: str
    """How far apart two vectors are."""

    max_posting_size_kb: int = pulumi.property("maxPostingSizeKB")
    """How many KiB a cluster may hold before it is divided."""

    replicas: int
    """How many clusters a vector may be in."""

    search_probe: int = pulumi.property("searchProbe")
    """How many clusters a search looks into."""

    rq: HfreshQuantization
    """Its quantization."""


class VectorArgs(TypedDict):
    """One vector of each object: where it comes from and how it is searched."""

    vectorizer: NotRequired[pulumi.Input[str]]
    """The server's module that makes it, such as `text2vec-openai`; `none` where clients bring it."""

    settings: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Any]]]]
    """Settings of the module, by its own names; what is not said is the module's default."""

    hnsw: NotRequired[pulumi.Input[HnswArgs]]
    """Searched by a graph; so is a vector of which nothing is said."""

    flat: NotRequired[pulumi.Input[FlatArgs]]
    """Searched by comparing all."""

    dynamic: NotRequired[pulumi.Input[DynamicArgs]]
    """Searched by comparing all, later by a graph."""

    hfresh: NotRequired[pulumi.Input[HfreshArgs]]
    """Searched by clusters on disk."""


@pulumi.input_type
class _VectorArgs:
    vectorizer: pulumi.Input[str]
    settings: pulumi.Input[Mapping[str, pulumi.Input[Any]]]
    hnsw: pulumi.Input[_HnswArgs]
    flat: pulumi.Input[_FlatArgs]
    dynamic: pulumi.Input[_DynamicArgs]
    hfresh: pulumi.Input[_HfreshArgs]


@pulumi.output_type
class Vector:
    """One vector of each object: where it comes from and how it is searched."""

    vectorizer: str
    """The server's module that makes it, such as `text2vec-openai`; `none` where clients bring it."""

    settings: Mapping[str, Any]
    """Settings of the module, by its own names; what is not said is the module's default."""

    hnsw: Hnsw | None
    """Searched by a graph; so is a vector of which nothing is said."""

    flat: Flat | None
    """Searched by comparing all."""

    dynamic: Dynamic | None
    """Searched by comparing all, later by a graph."""

    hfresh: Hfresh | None
    """Searched by clusters on disk."""


class Bm25Args(TypedDict):
    """How keyword search weighs words."""

    k1: NotRequired[pulumi.Input[float]]
    """How soon a word that occurs often counts no more."""

    b: NotRequired[pulumi.Input[float]]
    """How much long texts are held back."""


@pulumi.input_type
class _Bm25Args:
    k1: pulumi.Input[float]
    b: pulumi.Input[float]


@pulumi.output_type
class Bm25:
    """How keyword search weighs words."""

    k1: float
    """How soon a word that occurs often counts no more."""

    b: float
    """How much long texts are held back."""


class StopwordsArgs(TypedDict):
    """Words that keyword search passes over."""

    preset: NotRequired[pulumi.Input[str]]
    """`en`, or `none`."""

    additions: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """More such words, none of which the preset has."""

    removals: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Words of the preset that are searched all the same."""


@pulumi.input_type
class _StopwordsArgs:
    preset: pulumi.Input[str]
    additions: pulumi.Input[Sequence[pulumi.Input[str]]]
    removals: pulumi.Input[Sequence[pulumi.Input[str]]]


@pulumi.output_type
class Stopwords:
    """Words that keyword search passes over."""

    preset: str
    """`en`, or `none`."""

    additions: Sequence[str]
    """More such words, none of which the preset has."""

    removals: Sequence[str]
    """Words of the preset that are searched all the same."""


class InvertedIndexArgs(TypedDict):
    """Keyword search and filters."""

    bm25: NotRequired[pulumi.Input[Bm25Args]]
    """How keyword search weighs words."""

    stopwords: NotRequired[pulumi.Input[StopwordsArgs]]
    """Words that keyword search passes over."""

    stopword_presets: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]]]
    """Presets of stop words that text analyzers name."""

    cleanup_interval_seconds: NotRequired[pulumi.Input[int]]
    """Seconds between two clean-ups after deletions."""

    index_timestamps: NotRequired[pulumi.Input[bool]]
    """Whether filters find when an object was made and last changed."""

    index_null_state: NotRequired[pulumi.Input[bool]]
    """Whether filters find what is not set."""

    index_property_length: NotRequired[pulumi.Input[bool]]
    """Whether filters find how long a value is."""


@pulumi.input_type
class _InvertedIndexArgs:
    bm25: pulumi.Input[_Bm25Args]
    stopwords: pulumi.Input[_StopwordsArgs]
    stopword_presets: pulumi.Input[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]] = pulumi.property(
        "stopwordPresets"
    )
    cleanup_interval_seconds: pulumi.Input[int] = pulumi.property("cleanupIntervalSeconds")
    index_timestamps: pulumi.Input[bool] = pulumi.property("indexTimestamps")
    index_null_state: pulumi.Input[bool] = pulumi.property("indexNullState")
    index_property_length: pulumi.Input[bool] = pulumi.property("indexPropertyLength")


@pulumi.output_type
class InvertedIndex:
    """Keyword search and filters."""

    bm25: Bm25
    """How keyword search weighs words."""

    stopwords: Stopwords
    """Words that keyword search passes over."""

    stopword_presets: Mapping[str, Sequence[str]] = pulumi.property("stopwordPresets")
    """Presets of stop words that text analyzers name."""

    cleanup_interval_seconds: int = pulumi.property("cleanupIntervalSeconds")
    """Seconds between two clean-ups after deletions."""

    index_timestamps: bool = pulumi.property("indexTimestamps")
    """Whether filters find when an object was made and last changed."""

    index_null_state: bool = pulumi.property("indexNullState")
    """Whether filters find what is not set."""

    index_property_length: bool = pulumi.property("indexPropertyLength")
    """Whether filters find how long a value is."""


class MultiTenancyArgs(TypedDict):
    """Whether each tenant has objects of its own."""

    enabled: NotRequired[pulumi.Input[bool]]
    """Whether there are tenants."""

    auto_tenant_creation: NotRequired[pulumi.Input[bool]]
    """Whether writing to a tenant that does not exist makes it."""

    auto_tenant_activation: NotRequired[pulumi.Input[bool]]
    """Whether using a tenant that is not active activates it."""


@pulumi.input_type
class _MultiTenancyArgs:
    enabled: pulumi.Input[bool]
    auto_tenant_creation: pulumi.Input[bool] = pulumi.property("autoTenantCreation")
    auto_tenant_activation: pulumi.Input[bool] = pulumi.property("autoTenantActivation")


@pulumi.output_type
class MultiTenancy:
    """Whether each tenant has objects of its own."""

    enabled: bool
    """Whether there are tenants."""

    auto_tenant_creation: bool = pulumi.property("autoTenantCreation")
    """Whether writing to a tenant that does not exist makes it."""

    auto_tenant_activation: bool = pulumi.property("autoTenantActivation")
    """Whether using a tenant that is not active activates it."""


class ReplicationArgs(TypedDict):
    """How many copies there are, and who wins where they differ."""

    factor: NotRequired[pulumi.Input[int]]
    """On how many nodes each object is."""

    deletion_strategy: NotRequired[pulumi.Input[str]]
    """What holds where one node has an object that another has deleted."""


@pulumi.input_type
class _ReplicationArgs:
    factor: pulumi.Input[int]
    deletion_strategy: pulumi.Input[str] = pulumi.property("deletionStrategy")


@pulumi.output_type
class Replication:
    """How many copies there are, and who wins where they differ."""

    factor: int
    """On how many nodes each object is."""

    deletion_strategy: str = pulumi.property("deletionStrategy")
    """What holds where one node has an object that another has deleted."""


class ModuleArgs(TypedDict):
    """A module that works on results, and its settings."""

    module: pulumi.Input[str]
    """The server's name for it, such as `generative-anthropic`."""

    settings: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Any]]]]
    """Its settings, by its own names."""


@pulumi.input_type
class _ModuleArgs:
    module: pulumi.Input[str]
    settings: pulumi.Input[Mapping[str, pulumi.Input[Any]]]


@pulumi.output_type
class Module:
    """A module that works on results, and its settings."""

    module: str
    """The server's name for it, such as `generative-anthropic`."""

    settings: Mapping[str, Any]
    """Its settings, by its own names."""


class ObjectTtlArgs(TypedDict):
    """When objects end by themselves; the server needs OBJECTS_TTL_DELETE_SCHEDULE."""

    enabled: NotRequired[pulumi.Input[bool]]
    """Whether they do."""

    default_ttl_seconds: pulumi.Input[int]
    """How many seconds after the time below; at least 60 after the timestamps."""

    delete_on: NotRequired[pulumi.Input[str]]
    """The time that counts: `_creationTimeUnix`, `_lastUpdateTimeUnix`, or a property of the type `date`."""

    filter_expired_objects: NotRequired[pulumi.Input[bool]]
    """Whether searches leave out what has ended and is still there."""


@pulumi.input_type
class _ObjectTtlArgs:
    enabled: pulumi.Input[bool]
    default_ttl_seconds: pulumi.Input[int] = pulumi.property("defaultTtl")
    delete_on: pulumi.Input[str] = pulumi.property("deleteOn")
    filter_expired_objects: pulumi.Input[bool] = pulumi.property("filterExpiredObjects")


@pulumi.output_type
class ObjectTtl:
    """When objects end by themselves; the server needs OBJECTS_TTL_DELETE_SCHEDULE."""

    enabled: bool
    """Whether they do."""

    default_ttl_seconds: int = pulumi.property("defaultTtl")
    """How many seconds after the time below; at least 60 after the timestamps."""

    delete_on: str = pulumi.property("deleteOn")
    """The time that counts: `_creationTimeUnix`, `_lastUpdateTimeUnix`, or a property of the type `date`."""

    filter_expired_objects: bool = pulumi.property("filterExpiredObjects")
    """Whether searches leave out what has ended and is still there."""


class PermissionArgs(TypedDict):
    """One thing that may be done, and to what."""

    action: pulumi.Input[str]
    """What may be done, such as `read_data` or `manage_backups`."""

    collection: NotRequired[pulumi.Input[str]]
    """To which collections or what is in them: a name, `*`, or a pattern such as `Sophia.*`; all unless said."""

    tenant: NotRequired[pulumi.Input[str]]
    """Of which tenants; all unless said."""

    object: NotRequired[pulumi.Input[str]]
    """To which objects, by id; all unless said."""

    alias: NotRequired[pulumi.Input[str]]
    """To which aliases; all unless said."""

    role: NotRequired[pulumi.Input[str]]
    """To which roles; all unless said."""

    scope: NotRequired[pulumi.Input[str]]
    """Of roles: `match` for those that may do no more than whoever changes them, or `all`."""

    users: NotRequired[pulumi.Input[str]]
    """To which users; all unless said."""

    shard: NotRequired[pulumi.Input[str]]
    """Of which shards; all unless said."""

    verbosity: NotRequired[pulumi.Input[str]]
    """Of nodes: `minimal`, or `verbose` for what each collection has there."""


@pulumi.input_type
class _PermissionArgs:
    action: pulumi.Input[str]
    collection: pulumi.Input[str]
    tenant: pulumi.Input[str]
    object: pulumi.Input[str]
    alias: pulumi.Input[str]
    role: pulumi.Input[str]
    scope: pulumi.Input[str]
    users: pulumi.Input[str]
    shard: pulumi.Input[str]
    verbosity: pulumi.Input[str]


@pulumi.output_type
class Permission:
    """One thing that may be done, and to what."""

    action: str
    """What may be done, such as `read_data` or `manage_backups`."""

    collection: str | None
    """To which collections or what is in them: a name, `*`, or a pattern such as `Sophia.*`; all unless said."""

    tenant: str | None
    """Of which tenants; all unless said."""

    object: str | None
    """To which objects, by id; all unless said."""

    alias: str | None
    """To which aliases; all unless said."""

    role: str | None
    """To which roles; all unless said."""

    scope: str | None
    """Of roles: `match` for those that may do no more than whoever changes them, or `all`."""

    users: str | None
    """To which users; all unless said."""

    shard: str | None
    """Of which shards; all unless said."""

    verbosity: str | None
    """Of nodes: `minimal`, or `verbose` for what each collection has there."""


@pulumi.input_type
class _CollectionArgs:
    name: pulumi.Input[str]
    description: pulumi.Input[str]
    properties: pulumi.Input[Sequence[pulumi.Input[_PropertyArgs]]]
    vectors: pulumi.Input[Mapping[str, pulumi.Input[_VectorArgs]]]
    vector: pulumi.Input[_VectorArgs]
    inverted_index: pulumi.Input[_InvertedIndexArgs] = pulumi.property("invertedIndex")
    multi_tenancy: pulumi.Input[_MultiTenancyArgs] = pulumi.property("multiTenancy")
    replication: pulumi.Input[_ReplicationArgs]
    shards: pulumi.Input[int]
    generative: pulumi.Input[_ModuleArgs]
    reranker: pulumi.Input[_ModuleArgs]
    object_ttl: pulumi.Input[_ObjectTtlArgs] = pulumi.property("objectTtl")
    behind_alias: pulumi.Input[bool] = pulumi.property("behindAlias")
    on_breaking_change: pulumi.Input[str] = pulumi.property("onBreakingChange")
    renames: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    drops: pulumi.Input[Sequence[pulumi.Input[str]]]
    previous_versions: pulumi.Input[str] = pulumi.property("previousVersions")
    undeclared_properties: pulumi.Input[str] = pulumi.property("undeclaredProperties")
    deletion_protection: pulumi.Input[bool] = pulumi.property("deletionProtection")


class Collection(pulumi.CustomResource):
    """A collection: what its objects hold, their vectors, and how they are searched.

    All defaults are values of this provider, sent and read back, so that what a server is configured to prefer
    changes nothing. What the server cannot change in place needs another collection: without objects it is
    replaced, with objects that is refused, or they are migrated to a new version behind an alias.
    """

    name: pulumi.Output[str]
    """Its name, beginning with a capital."""

    description: pulumi.Output[str]
    """What it is for."""

    properties: pulumi.Output[Sequence[Property]]
    """What its objects hold, sorted by name."""

    vectors: pulumi.Output[Mapping[str, Vector]]
    """The vectors of each object, by name."""

    vector: pulumi.Output[Vector | None]
    """The one vector without a name that older collections have instead; where neither is given, clients bring it."""

    inverted_index: pulumi.Output[InvertedIndex] = pulumi.property("invertedIndex")
    """Keyword search and filters."""

    multi_tenancy: pulumi.Output[MultiTenancy] = pulumi.property("multiTenancy")
    """Whether each tenant has objects of its own."""

    replication: pulumi.Output[Replication]
    """How many copies there are."""

    shards: pulumi.Output[int | None]
    """Into how many parts it is divided; one per node unless said, and none where tenants divide it."""

    generative: pulumi.Output[Module | None]
    """The module that writes texts from what is found."""

    reranker: pulumi.Output[Module | None]
    """The module that sorts what is found again."""

    object_ttl: pulumi.Output[ObjectTtl | None] = pulumi.property("objectTtl")
    """When objects end by themselves."""

    behind_alias: pulumi.Output[bool] = pulumi.property("behindAlias")
    """Whether `name` is an alias, and the collection behind it is `<name>_v1`, `_v2` and so on: then a change that
    needs another collection can be made without a moment in which the name leads nowhere.
    """

    on_breaking_change: pulumi.Output[str] = pulumi.property("onBreakingChange")
    """What a change does that the server cannot do in place while there are objects: it is refused, or the objects are
    copied to a new version behind the alias.
    """

    renames: pulumi.Output[Mapping[str, str]]
    """Names that properties had before, and have now: a migration copies their values over."""

    drops: pulumi.Output[Sequence[str]]
    """Properties and vectors whose values may go in a migration."""

    previous_versions: pulumi.Output[str] = pulumi.property("previousVersions")
    """Whether versions that were migrated from stay, or are dropped."""

    undeclared_properties: pulumi.Output[str] = pulumi.property("undeclaredProperties")
    """What happens about properties that somebody else added: they are reported as drift and left, passed over, or
    removed, which is a breaking change.
    """

    deletion_protection: pulumi.Output[bool] = pulumi.property("deletionProtection")
    """Whether deleting or replacing it is refused; one that holds objects is never replaced."""

    class_name: pulumi.Output[str] = pulumi.property("className")
    """The collection's own name: that of a version where its name is an alias."""

    previous: pulumi.Output[Sequence[str]]
    """Versions that were migrated from and are still there."""

    object_count: pulumi.Output[int] = pulumi.property("objectCount")
    """How many objects it held when it was last read; of one with tenants, how many tenants."""

    unfinished: pulumi.Output[bool]
    """Whether a migration was begun and has not come to its end; the next update ends it."""

    declared_properties: pulumi.Output[Sequence[str]] = pulumi.property("declaredProperties")
    """Names of the properties that were declared when it was last written."""

    vectorizer_settings: pulumi.Output[Mapping[str, Mapping[str, Any]]] = pulumi.property("vectorizerSettings")
    """All settings of each vector's module, the module's own defaults among them, as they were last written."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        description: pulumi.Input[str] | None = None,
        properties: pulumi.Input[Sequence[pulumi.Input[PropertyArgs]]] | None = None,
        vectors: pulumi.Input[Mapping[str, pulumi.Input[VectorArgs]]] | None = None,
        vector: pulumi.Input[VectorArgs] | None = None,
        inverted_index: pulumi.Input[InvertedIndexArgs] | None = None,
        multi_tenancy: pulumi.Input[MultiTenancyArgs] | None = None,
        replication: pulumi.Input[ReplicationArgs] | None = None,
        shards: pulumi.Input[int] | None = None,
        generative: pulumi.Input[ModuleArgs] | None = None,
        reranker: pulumi.Input[ModuleArgs] | None = None,
        object_ttl: pulumi.Input[ObjectTtlArgs] | None = None,
        behind_alias: pulumi.Input[bool] | None = None,
        on_breaking_change: pulumi.Input[str] | None = None,
        renames: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        drops: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        previous_versions: pulumi.Input[str] | None = None,
        undeclared_properties: pulumi.Input[str] | None = None,
        deletion_protection: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: Its name, beginning with a capital.
            description: What it is for.
            properties: What its objects hold, sorted by name.
            vectors: The vectors of each object, by name.
            vector: The one vector without a name that older collections have instead; where neither is given,
                clients bring it.
            inverted_index: Keyword search and filters.
            multi_tenancy: Whether each tenant has objects of its own.
            replication: How many copies there are.
            shards: Into how many parts it is divided; one per node unless said, and none where tenants divide it.
            generative: The module that writes texts from what is found.
            reranker: The module that sorts what is found again.
            object_ttl: When objects end by themselves.
            behind_alias: Whether `name` is an alias, and the collection behind it is `<name>_v1`, `_v2` and so on:
                then a change that needs another collection can be made without a moment in which the name leads
                nowhere.
            on_breaking_change: What a change does that the server cannot do in place while there are objects: it is
                refused, or the objects are copied to a new version behind the alias.
            renames: Names that properties had before, and have now: a migration copies their values over.
            drops: Properties and vectors whose values may go in a migration.
            previous_versions: Whether versions that were migrated from stay, or are dropped.
            undeclared_properties: What happens about properties that somebody else added: they are reported as
                drift and left, passed over, or removed, which is a breaking change.
            deletion_protection: Whether deleting or replacing it is refused; one that holds objects is never
                replaced.
            opts: options of the resource.
        """
        args = _CollectionArgs.__new__(_CollectionArgs)
        args.__dict__.update(
            name=name,
            description=description,
            properties=properties,
            vectors=vectors,
            vector=vector,
            inverted_index=inverted_index,
            multi_tenancy=multi_tenancy,
            replication=replication,
            shards=shards,
            generative=generative,
            reranker=reranker,
            object_ttl=object_ttl,
            behind_alias=behind_alias,
            on_breaking_change=on_breaking_change,
            renames=renames,
            drops=drops,
            previous_versions=previous_versions,
            undeclared_properties=undeclared_properties,
            deletion_protection=deletion_protection,
            class_name=None,
            previous=None,
            object_count=None,
            unfinished=None,
            declared_properties=None,
            vectorizer_settings=None,
        )
        sealed = pulumi.ResourceOptions(
            delete_before_replace=True,
        )
        opts = pulumi.ResourceOptions.merge(opts, sealed)
        props: Any = args
        super().__init__("weaviate:index:Collection", resource_name, props, opts)


@pulumi.input_type
class _AliasArgs:
    name: pulumi.Input[str]
    collection: pulumi.Input[str]


class Alias(pulumi.CustomResource):
    """Another name of a collection, by which objects are read and written like by its own.

    Switching it to another collection is one step: no reader sees a moment without one. A collection that is
    declared with `behindAlias` has its own.
    """

    name: pulumi.Output[str]
    """The other name, beginning with a capital; it shares one space with the collections' own."""

    collection: pulumi.Output[str]
    """The collection that it leads to, by its own name; another one is switched to at once."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        collection: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: The other name, beginning with a capital; it shares one space with the collections' own.
            collection: The collection that it leads to, by its own name; another one is switched to at once.
            opts: options of the resource.
        """
        args = _AliasArgs.__new__(_AliasArgs)
        args.__dict__.update(
            name=name,
            collection=collection,
        )
        props: Any = args
        super().__init__("weaviate:index:Alias", resource_name, props, opts)


@pulumi.input_type
class _RoleArgs:
    name: pulumi.Input[str]
    permissions: pulumi.Input[Sequence[pulumi.Input[_PermissionArgs]]]


class Role(pulumi.CustomResource):
    """A role of the server: users have what their roles permit, and nothing else.

    Deleting it takes it from all who have it. A permission that somebody added or took away shows as drift.
    """

    name: pulumi.Output[str]
    """Its name."""

    permissions: pulumi.Output[Sequence[Permission]]
    """What those who have it may do, sorted, each once."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        permissions: pulumi.Input[Sequence[pulumi.Input[PermissionArgs]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: Its name.
            permissions: What those who have it may do, sorted, each once.
            opts: options of the resource.
        """
        args = _RoleArgs.__new__(_RoleArgs)
        args.__dict__.update(
            name=name,
            permissions=permissions,
        )
        props: Any = args
        super().__init__("weaviate:index:Role", resource_name, props, opts)


@pulumi.input_type
class _UserArgs:
    name: pulumi.Input[str]
    roles: pulumi.Input[Sequence[pulumi.Input[str]]]
    active: pulumi.Input[bool]
    key_version: pulumi.Input[str] = pulumi.property("keyVersion")


class User(pulumi.CustomResource):
    """A user of the server with a key of its own; the server needs AUTHENTICATION_DB_USERS_ENABLED.

    The key is recorded, encrypted, when it is made; nothing can read it back. A user that is there is not taken
    over unless it was made within the last hour and nobody has used it: then a run was killed before it could
    record the key, and another one is made.
    """

    name: pulumi.Output[str]
    """The name it is known by."""

    roles: pulumi.Output[Sequence[str]]
    """The roles it has, by name, sorted; it has no others."""

    active: pulumi.Output[bool]
    """Whether its key is accepted."""

    key_version: pulumi.Output[str | None] = pulumi.property("keyVersion")
    """Names the key, such as a date: another value makes another key, and the old one ends at once."""

    api_key: pulumi.Output[str | None] = pulumi.property("apiKey")
    """Its key. The server shows it once: after an import it is unknown until `key_version` changes."""

    unknown_properties: pulumi.Output[Sequence[str]] = pulumi.property("unknownProperties")
    """Inputs that nothing is known of since an import; they never differ."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        roles: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        active: pulumi.Input[bool] | None = None,
        key_version: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: The name it is known by.
            roles: The roles it has, by name, sorted; it has no others.
            active: Whether its key is accepted.
            key_version: Names the key, such as a date: another value makes another key, and the old one ends at
                once.
            opts: options of the resource.
        """
        args = _UserArgs.__new__(_UserArgs)
        args.__dict__.update(
            name=name,
            roles=roles,
            active=active,
            key_version=key_version,
            api_key=None,
            unknown_properties=None,
        )
        sealed = pulumi.ResourceOptions(
            additional_secret_outputs=[
                "api_key",
            ],
        )
        opts = pulumi.ResourceOptions.merge(opts, sealed)
        props: Any = args
        super().__init__("weaviate:index:User", resource_name, props, opts)


class Provider(pulumi.ProviderResource):
    """Configuration of the weaviate provider, for resources that name it."""

    def __init__(
        self,
        resource_name: str,
        *,
        fingerprint_key: pulumi.Input[str] | None = None,
        url: pulumi.Input[str] | None = None,
        grpc_url: pulumi.Input[str] | None = None,
        api_key: pulumi.Input[str] | None = None,
        ca_certificate: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            fingerprint_key: Key under which write-only values are fingerprinted, so that a change of one shows
                without storing it.
            url: Scheme and host of its REST API; a bare host name is reached by https.
            grpc_url: Scheme, host and port of its gRPC API, which migrations copy objects over; unless given,
                Weaviate Cloud's own host for that, and else port 50051 of the same host.
            api_key: A key that may change the schema, without white space; none where the server lets everybody in.
                Given by the environment, it is never stored.
            ca_certificate: Certificates, in PEM, of the authorities that the server's own is checked by; the usual
                ones unless given.
            opts: options of the resource.
        """
        props: dict[str, Any] = {
            "fingerprintKey": None if fingerprint_key is None else pulumi.Output.secret(fingerprint_key),
            "url": url,
            "grpcUrl": grpc_url,
            "apiKey": None if api_key is None else pulumi.Output.secret(api_key),
            "caCertificate": ca_certificate,
        }
        super().__init__("weaviate", resource_name, props, opts)
