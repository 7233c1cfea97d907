"""YAML as Kubernetes reads it: anchors and merges count, and a key that is given twice does not."""

import re
from collections.abc import Hashable
from typing import Any, ClassVar, Final

import yaml
from typing_extensions import override

_MOST_KEYS: Final = 10_000
_INTEGER: Final = "tag:yaml.org,2002:int"
_FLOAT: Final = "tag:yaml.org,2002:float"
_MERGE: Final = "tag:yaml.org,2002:merge"
_AS_TEXT: Final = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
_PATTERNS: Final = {
    _INTEGER: re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$"),
    _FLOAT: re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|Inf|INF)$"),
}
"""Numbers as Go's parser knows them, which reads 12:30 as text."""


class ManifestLoader(yaml.CSafeLoader):
    """Reads manifests, and refuses what two readers would read differently."""

    REFUSED: ClassVar[str] = "refused"
    """Context of an error whose problem is told to people."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it so
        first: [(tag, _PATTERNS.get(tag, pattern)) for tag, pattern in resolvers if tag not in _AS_TEXT]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    @override
    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        # Merges of merges could make one of any size out of a few lines.
        if len(node.value) > _MOST_KEYS:
            raise self._refused(node, "a mapping has too many keys; write fewer")

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if (key.tag, key.value) in seen:
                    raise self._refused(key, f"{key.value} is given twice; keep one of the two")
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep=deep)

    def _refused(self, node: yaml.Node, what: str) -> yaml.MarkedYAMLError:
        return yaml.constructor.ConstructorError(self.REFUSED, node.start_mark, what, node.start_mark)
