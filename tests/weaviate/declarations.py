"""Random collections that a server accepts, as programs would declare them."""

from typing import Any

from hypothesis import strategies as st

TEXT = ("text", "text[]")
SORTED = ("int", "number", "date")
OTHER = (
    "boolean",
    "uuid",
    "int[]",
    "number[]",
    "boolean[]",
    "date[]",
    "uuid[]",
    "blob",
    "geoCoordinates",
    "phoneNumber",
)
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")

flags = st.booleans()
words = st.sampled_from(["", "What it is for.", "Something else."])


def quantizations(choices: list[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return one of some quantizations."""
    return st.sampled_from(choices)


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects in which each field may be said or not."""
    return st.fixed_dictionaries({}, optional=fields)


texts = maybe(
    description=words,
    tokenization=st.sampled_from(["word", "lowercase", "whitespace", "field", "trigram"]),
    indexFilterable=flags,
    indexSearchable=flags,
    skipVectorization=flags,
    vectorizePropertyName=flags,
    textAnalyzer=st.just({"asciiFold": True}),
).flatmap(lambda said: st.sampled_from(TEXT).map(lambda kind: {**said, "dataType": kind}))
# A text that neither index holds has nothing to prepare.
texts = texts.filter(
    lambda one: "textAnalyzer" not in one or one.get("indexSearchable", True) or one.get("indexFilterable", True)
)
sizes = maybe(description=words, indexFilterable=flags, indexRangeFilters=flags).flatmap(
    lambda said: st.sampled_from(SORTED).map(lambda kind: {**said, "dataType": kind})
)
others = maybe(description=words).flatmap(
    lambda said: st.sampled_from(OTHER).map(lambda kind: {**said, "dataType": kind})
)
nested = st.lists(
    st.one_of(
        st.builds(
            lambda kind: {"dataType": kind}, st.sampled_from(["text", "int", "number", "date", "blob", "uuid[]"])
        ),
        maybe(tokenization=st.sampled_from(["word", "field"]), description=words).map(
            lambda one: {**one, "dataType": "text"}
        ),
    ),
    min_size=1,
    max_size=3,
).map(lambda found: [{**one, "name": f"inner{index}"} for index, one in enumerate(found)])
objects = nested.map(lambda inner: {"dataType": "object", "nestedProperties": inner})

properties = st.dictionaries(st.sampled_from(NAMES), st.one_of(texts, texts, sizes, others, objects), max_size=6).map(
    lambda found: [{**one, "name": name} for name, one in found.items()]
)

hnsw = maybe(
    distance=st.sampled_from(["cosine", "dot", "l2-squared"]),
    ef=st.sampled_from([-1, 64, 200]),
    efConstruction=st.sampled_from([64, 128]),
    maxConnections=st.sampled_from([16, 32]),
    dynamicEfMin=st.sampled_from([50, 100]),
    dynamicEfFactor=st.sampled_from([4, 8]),
    flatSearchCutoff=st.sampled_from([1000, 40000]),
    filterStrategy=st.sampled_from(["acorn", "sweeping"]),
    vectorCacheMaxObjects=st.sampled_from([10_000, 1_000_000_000_000]),
).flatmap(
    lambda said: quantizations(
        [
            {},
            {},
            {"bq": True},
            {"sq": {}},
            {"sq": {"trainingLimit": 5000, "rescoreLimit": 40}},
            {"rq": {}},
            {"rq": {"bits": 1}},
            {"pq": {"segments": 4, "centroids": 128, "encoder": {"type": "tile"}}},
        ]
    ).map(lambda quantization: {**said, **quantization})
)
flat = maybe(
    distance=st.sampled_from(["cosine", "dot"]), vectorCacheMaxObjects=st.sampled_from([10_000, 1_000_000_000_000])
).flatmap(
    lambda said: quantizations(
        [{}, {"bq": {"cache": True}}, {"bq": {"rescoreLimit": 30}}, {"rq": {"rescoreLimit": 10}}, {"rq": {"bits": 1}}]
    ).map(lambda quantization: {**said, **quantization})
)
hfresh = maybe(
    searchProbe=st.sampled_from([64, 256]), maxPostingSizeKB=st.sampled_from([16, 48]), replicas=st.sampled_from([2, 4])
)
indexes = st.one_of(
    st.just({}),
    hnsw.map(lambda one: {"hnsw": one}),
    hnsw.map(lambda one: {"hnsw": one}),
    flat.map(lambda one: {"flat": one}),
    hfresh.map(lambda one: {"hfresh": one}),
    st.just({"hnsw": {"multivector": {}}}),
    st.just({"hnsw": {"multivector": {"muvera": {"ksim": 3}}}}),
)
vectorizers = st.sampled_from(
    [
        {},
        {},
        {"vectorizer": "text2vec-openai"},
        {"vectorizer": "text2vec-openai", "settings": {"model": "text-embedding-3-large", "dimensions": 1024}},
        {"vectorizer": "text2vec-cohere", "settings": {"model": "embed-english-v3.0"}},
        {"vectorizer": "text2vec-bigram"},
    ]
)
vector = st.builds(
    lambda index, maker: index if "multivector" in str(index) else {**index, **maker}, indexes, vectorizers
)

collections = maybe(
    description=words,
    properties=properties,
    invertedIndex=maybe(
        bm25=maybe(k1=st.sampled_from([0.0, 1.2, 1.5]), b=st.sampled_from([0.0, 0.5, 0.75])),
        stopwords=maybe(
            preset=st.sampled_from(["en", "none"]),
            additions=st.sampled_from([[], ["sophia"], ["sophia", "zettel"]]),
            removals=st.sampled_from([[], ["the"]]),
        ),
        cleanupIntervalSeconds=st.sampled_from([30, 60]),
        indexTimestamps=flags,
        indexNullState=flags,
        indexPropertyLength=flags,
    ),
    replication=maybe(
        deletionStrategy=st.sampled_from(["NoAutomatedResolution", "DeleteOnConflict", "TimeBasedResolution"])
    ),
    generative=st.sampled_from(
        [
            {"module": "generative-anthropic"},
            {"module": "generative-anthropic", "settings": {"model": "claude-3-5-sonnet-20240620", "maxTokens": 512}},
            {"module": "generative-openai", "settings": {"model": "gpt-4o"}},
        ]
    ),
    reranker=st.sampled_from(
        [{"module": "reranker-cohere"}, {"module": "reranker-cohere", "settings": {"model": "rerank-english-v3.0"}}]
    ),
).flatmap(
    lambda said: st.one_of(
        st.dictionaries(st.sampled_from(["default", "title", "body"]), vector, max_size=2).map(
            lambda vectors: {**said, **({"vectors": vectors} if vectors else {})}
        ),
        vector.map(lambda one: {**said, "vector": one} if "multivector" not in str(one) else said),
        st.sampled_from(
            [
                {"multiTenancy": {"enabled": True}},
                {"multiTenancy": {"enabled": True, "autoTenantCreation": True}},
                {"multiTenancy": {"enabled": True, "autoTenantActivation": True}},
            ]
        ).map(lambda tenants: {**said, **tenants}),
        st.just(_living(said)),
    )
)


def _living(said: dict[str, Any]) -> dict[str, Any]:
    inverted = {**said.get("invertedIndex", {}), "indexTimestamps": True}
    ttl = {"defaultTtl": 3600, "deleteOn": "_lastUpdateTimeUnix", "filterExpiredObjects": True}
    return {**said, "invertedIndex": inverted, "objectTtl": ttl}


def _tidy(said: dict[str, Any]) -> dict[str, Any]:
    """Return a declaration without what has no meaning in it."""
    if "text2vec-" in str([said.get("vector"), said.get("vectors")]):
        return said
    about_vectors = {"skipVectorization", "vectorizePropertyName"}
    kept = [
        {key: value for key, value in one.items() if key not in about_vectors} for one in said.get("properties", ())
    ]
    return {**said, "properties": kept} if kept else said


@st.composite
def changes(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a declaration, and another that differs in few fields."""
    before, other = draw(collections), draw(collections)
    fields = sorted({*before, *other})
    moved = draw(st.sets(st.sampled_from(fields), min_size=1, max_size=2)) if fields else set()
    after = {key: value for key, value in before.items() if key not in moved}
    after |= {key: other[key] for key in moved if key in other}
    if "properties" in before and draw(flags):
        there = {one["name"]: one for one in before["properties"]}
        came = {one["name"]: one for one in draw(properties) if one["name"] not in there}
        after["properties"] = [*there.values(), *came.values()]
    if "vector" in after and "vectors" in after:
        del after["vector"]
    if "objectTtl" in after:
        after["invertedIndex"] = {**after.get("invertedIndex", {}), "indexTimestamps": True}
    return _tidy(before), _tidy(after)
