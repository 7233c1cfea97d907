"""Vector indexes: what each kind can be told, with the server's defaults made explicit.

Source: Weaviate 1.39.0, `entities/vectorindex/{hnsw,flat,dynamic,hfresh}/config.go`. A default is a value here, never
"whatever the server does": what a server is configured to prefer changes nothing.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from providers.kit import Model

Distance = Literal["cosine", "dot", "l2-squared", "manhattan", "hamming"]

_ONE_BIT: Final = 1
_RESCORE_ONE_BIT: Final = 512
_RESCORE: Final = 20


def _rescored(given: dict[str, Any]) -> int:
    return _RESCORE_ONE_BIT if given.get("bits") == _ONE_BIT else _RESCORE


class PqEncoder(Model):
    """How product quantization encodes a segment."""

    type: Literal["kmeans", "tile"] = "kmeans"
    """The encoder."""
    distribution: Literal["log-normal", "normal"] = "log-normal"
    """The distribution that `tile` assumes."""


class ProductQuantization(Model):
    """Product quantization: segments of a vector become indexes into a table that is trained on the first objects."""

    bit_compression: bool = False
    """Whether codes take less than a byte; without effect in present servers."""
    segments: Annotated[int, Field(ge=0)] = 0
    """How many segments; 0 lets the server choose by the vector's length."""
    centroids: Annotated[int, Field(ge=1)] = 256
    """How many entries the table of a segment has."""
    training_limit: Annotated[int, Field(ge=1)] = 100_000
    """How many objects it is trained on."""
    encoder: PqEncoder = PqEncoder()
    """How a segment is encoded."""


class ScalarQuantization(Model):
    """Scalar quantization: each dimension becomes one byte."""

    training_limit: Annotated[int, Field(ge=1)] = 100_000
    """How many objects its range is taken from."""
    rescore_limit: Annotated[int, Field(ge=-1)] = _RESCORE
    """How many candidates are compared again by their whole vectors."""


class RotationalQuantization(Model):
    """Rotational quantization: no training, 4 or 32 times smaller."""

    bits: Literal[1, 4, 8] = 8
    """Bits a dimension takes."""
    rescore_limit: Annotated[int, Field(ge=-1)] = Field(default_factory=_rescored)
    """How many candidates are compared again by their whole vectors: 20, or 512 where a dimension takes one bit."""


class Muvera(Model):
    """One vector in place of many, for search by late interaction."""

    ksim: Annotated[int, Field(ge=1)] = 4
    """Bits by which space is divided."""
    dprojections: Annotated[int, Field(ge=1)] = 16
    """Dimensions of a projection."""
    repetitions: Annotated[int, Field(ge=1)] = 10
    """How many projections."""


class Multivector(Model):
    """Many vectors for one object, as models of late interaction (ColBERT) give them."""

    aggregation: Literal["maxSim"] = "maxSim"
    """How similarities are joined."""
    muvera: Muvera | None = None
    """Whether, and how, they are joined to one vector."""


class Hnsw(Model):
    """A graph in memory: fast at any size."""

    distance: Distance = "cosine"
    """How far apart two vectors are."""
    ef: Annotated[int, Field(ge=-1)] = -1
    """Candidates of a search; -1 chooses by the search's limit within the bounds below."""
    ef_construction: Annotated[int, Field(ge=4)] = 128
    """Candidates while the graph is built."""
    max_connections: Annotated[int, Field(ge=4, le=2047)] = 32
    """Neighbours a vector has."""
    dynamic_ef_min: Annotated[int, Field(ge=1)] = 100
    """Least candidates where `ef` is -1."""
    dynamic_ef_max: Annotated[int, Field(ge=1)] = 500
    """Most candidates where `ef` is -1."""
    dynamic_ef_factor: Annotated[int, Field(ge=1)] = 8
    """Candidates per result where `ef` is -1."""
    vector_cache_max_objects: Annotated[int, Field(ge=0)] = 1_000_000_000_000
    """How many vectors stay in memory."""
    flat_search_cutoff: Annotated[int, Field(ge=0)] = 40_000
    """With a filter that leaves fewer objects than these, all are compared."""
    filter_strategy: Literal["acorn", "sweeping"] = "acorn"
    """How a filter is applied to the graph."""
    cleanup_interval_seconds: Annotated[int, Field(ge=0)] = 300
    """Seconds between two repairs after deletions."""
    skip: bool = False
    """Whether vectors are stored but not indexed."""
    pq: ProductQuantization | None = None
    """Product quantization; at most one quantization is used, and one that is on stays on."""
    bq: bool = False
    """Binary quantization: a dimension becomes one bit."""
    sq: ScalarQuantization | None = None
    """Scalar quantization."""
    rq: RotationalQuantization | None = None
    """Rotational quantization."""
    multivector: Multivector | None = None
    """Many vectors for one object."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        used = [name for name in ("pq", "bq", "sq", "rq") if getattr(self, name)]
        if len(used) > 1:
            message = f"{' and '.join(used)} exclude each other; choose one quantization"
            raise ValueError(message)
        if self.dynamic_ef_min > self.dynamic_ef_max:
            message = f"dynamicEfMin {self.dynamic_ef_min} is above dynamicEfMax {self.dynamic_ef_max}; swap them"
            raise ValueError(message)
        return self


class FlatBinaryQuantization(Model):
    """Binary quantization of a flat index."""

    rescore_limit: Annotated[int, Field(ge=-1)] = -1
    """How many candidates are compared again by their whole vectors; -1 as the server chooses."""
    cache: bool = False
    """Whether the small vectors stay in memory."""


class FlatRotationalQuantization(Model):
    """Rotational quantization of a flat index."""

    bits: Literal[1, 8] = 8
    """Bits a dimension takes."""
    rescore_limit: Annotated[int, Field(ge=-1)] = -1
    """How many candidates are compared again by their whole vectors; -1 as the server chooses."""
    cache: bool = False
    """Whether the small vectors stay in memory."""


class Flat(Model):
    """Every vector is compared: small, for few objects, such as many tenants have."""

    distance: Distance = "cosine"
    """How far apart two vectors are."""
    vector_cache_max_objects: Annotated[int, Field(ge=0)] = 1_000_000_000_000
    """How many vectors stay in memory."""
    bq: FlatBinaryQuantization | None = None
    """Binary quantization."""
    rq: FlatRotationalQuantization | None = None
    """Rotational quantization."""

    @model_validator(mode="after")
    def _one_quantization(self) -> Self:
        if self.bq and self.rq:
            message = "bq and rq exclude each other; choose one quantization"
            raise ValueError(message)
        return self


class Dynamic(Model):
    """Flat at first, a graph from a number of objects on; the server needs ASYNC_INDEXING."""

    distance: Distance = "cosine"
    """How far apart two vectors are."""
    threshold: Annotated[int, Field(ge=1)] = 10_000
    """From how many objects on there is a graph."""
    hnsw: Hnsw = Hnsw()
    """The graph."""
    flat: Flat = Flat()
    """What is there before it."""


class HfreshQuantization(Model):
    """Rotational quantization of an index on disk; it is always on."""

    rescore_limit: Annotated[int, Field(ge=-1)] = 350
    """How many candidates are compared again by their whole vectors."""


class Hfresh(Model):
    """Clusters on disk: for more vectors than fit into memory."""

    distance: Literal["cosine", "l2-squared"] = "cosine"
    """How far apart two vectors are."""
    max_posting_size_kb: Annotated[int, Field(ge=8, le=1024, alias="maxPostingSizeKB")] = 48
    """How many KiB a cluster may hold before it is divided."""
    replicas: Annotated[int, Field(ge=1, le=10)] = 4
    """How many clusters a vector may be in."""
    search_probe: Annotated[int, Field(ge=1)] = 256
    """How many clusters a search looks into."""
    rq: HfreshQuantization = HfreshQuantization()
    """Its quantization."""


KINDS: Final[dict[str, type[Model]]] = {"hnsw": Hnsw, "flat": Flat, "dynamic": Dynamic, "hfresh": Hfresh}
"""The kinds of index by the server's name for them."""


class Vector(Model):
    """One vector of each object: where it comes from and how it is searched."""

    vectorizer: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")] = "none"
    """The server's module that makes it, such as `text2vec-openai`; `none` where clients bring it."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the module, by its own names; what is not said is the module's default."""
    hnsw: Hnsw | None = None
    """Searched by a graph; so is a vector of which nothing is said."""
    flat: Flat | None = None
    """Searched by comparing all."""
    dynamic: Dynamic | None = None
    """Searched by comparing all, later by a graph."""
    hfresh: Hfresh | None = None
    """Searched by clusters on disk."""

    @model_validator(mode="before")
    @classmethod
    def _indexed(cls, given: Any) -> Any:
        if isinstance(given, dict) and all(given.get(kind) is None for kind in KINDS):
            return {**given, "hnsw": {}}
        return given

    @model_validator(mode="after")
    def _one_index(self) -> Self:
        said = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(said) != 1:
            message = f"{' and '.join(said) or 'no index'}: a vector has one index; give one of {', '.join(KINDS)}"
            raise ValueError(message)
        if self.vectorizer == "none" and self.settings:
            message = "settings are for a vectorizer, and it is none; name the module or leave them out"
            raise ValueError(message)
        return self

    @property
    def kind(self) -> str:
        """The kind of its index."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)
