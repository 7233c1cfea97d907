"""YAML files as plain trees: what cannot be read becomes an offence, never an exception."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

from catalog.offence import Offence

_RESTORE = "correct the file, or bring it back with `git restore`"


class Loader(yaml.CSafeLoader):
    """Notes what YAML permits and the catalog does not: a key given twice, and an alias of another part."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.line = 1
        self.refused: list[tuple[int, str]] = []
        self.is_tree = True
        # The nodes themselves are kept, so that none of a later document is taken for one of them.
        self._seen: dict[int, yaml.Node] = {}

    @override
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        self.line = node.start_mark.line + 1
        return super().construct_object(node, deep=deep)

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: set[tuple[str, str]] = set()
        for key, value in node.value:
            self._refuse_alias(value)
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in keys:
                    self.refused.append((key.start_mark.line + 1, f"{key.value} is given twice"))
                keys.add((key.tag, key.value))
        return super().construct_mapping(node, deep=deep)

    @override
    def construct_sequence(self, node: yaml.SequenceNode, deep: bool = False) -> list[Any]:
        for item in node.value:
            self._refuse_alias(item)
        return super().construct_sequence(node, deep=deep)

    def _refuse_alias(self, node: yaml.Node) -> None:
        if id(node) in self._seen:
            self.is_tree = False
            self.refused.append((node.start_mark.line + 1, "an alias stands for another part of the file"))
        self._seen[id(node)] = node


@dataclass
class Source:
    """The files of one catalog folder, and the offences found while reading them."""

    root: Path
    """The catalog folder."""
    offences: list[Offence] = field(default_factory=list)
    """What could not be read so far."""

    def label(self, name: str) -> str:
        """Return how messages name a file of the catalog, such as ``catalog/mcp/github.yaml``."""
        return f"{self.root.name}/{name}"

    def mapping(self, name: str) -> dict[str, Any] | None:
        """Return what one file says; None, and an offence, when it cannot be read.

        Args:
            name: path of the file below the catalog folder.
        """
        text = self.text(name)
        return None if text is None else self._tree(name, text)

    def names(self, folder: str, suffix: str = ".yaml") -> list[str]:
        """Return the files of a folder by name without their suffix, sorted; anything else there is an offence.

        Args:
            folder: path of the folder below the catalog folder.
            suffix: what the names of all its files end with.
        """
        try:
            entries = sorted((self.root / folder).iterdir())
        except OSError as error:
            self._refuse(folder, error.strerror or "unreadable", "the folder must be readable", _RESTORE)
            return []
        strays = [entry for entry in entries if entry.suffix != suffix or entry.name.startswith(".")]
        for stray in strays:
            remedy = f"name it <name>{suffix} if it belongs to the catalog, else remove it"
            self._refuse(
                f"{folder}/{stray.name}", "a stray file", f"the folder holds <name>{suffix} files only", remedy
            )
        return [entry.stem for entry in entries if entry not in strays]

    def text(self, name: str) -> str | None:
        """Return the text of one file; None, and an offence, when it cannot be read.

        Args:
            name: path of the file below the catalog folder.
        """
        try:
            return (self.root / name).read_bytes().decode("utf-8")
        except OSError as error:
            self._refuse(name, error.strerror or "unreadable", "the file must be readable", _RESTORE)
        except UnicodeDecodeError as error:
            self._refuse(name, f"byte {error.start}", "the file must be UTF-8 text", "save it as UTF-8")
        return None

    def _tree(self, name: str, text: str) -> dict[str, Any] | None:
        loader = None
        try:
            loader = Loader(text)
            tree = loader.get_single_data()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            self._refuse(f"{name}:{line}", error.problem or "not YAML", "the file must be YAML", "correct the line")
            return None
        # PyYAML lets such errors through for values that do not fit an explicit or a resolved tag.
        except (yaml.YAMLError, ValueError, AttributeError, TypeError):
            line = loader.line if loader else 1
            self._refuse(f"{name}:{line}", "unreadable value", "the file must be YAML", "put the value in quotes")
            return None
        for line, what in loader.refused:
            self._refuse(f"{name}:{line}", what, "the file must be a plain tree without repeats", "write it out once")
        if not isinstance(tree, dict):
            shown = "empty" if tree is None else "a list" if isinstance(tree, list) else "a single value"
            self._refuse(name, shown, "the file must be a mapping", "write `key: value` lines")
            return None
        return tree if loader.is_tree else None

    def _refuse(self, name: str, value: str, rule: str, remedy: str) -> None:
        self.offences.append(Offence(self.label(name), value, rule, remedy))
