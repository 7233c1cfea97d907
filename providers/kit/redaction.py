"""Keeping secrets out of every text that leaves the process."""

import json
import logging
import re
import sysconfig
import traceback
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path as File
from urllib.parse import quote

from typing_extensions import override

from providers.kit.paths import matches
from providers.kit.shape import Shape
from providers.kit.values import Values, at, leaves

_WORD = 4
"""Secrets shorter than this are only replaced where they stand as a word: others would tear texts apart."""
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_HERE = str(File(__file__).parent)


class Redaction:
    """Knows every secret the process was handed, and replaces it in texts."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def learn(self, values: Values, *shapes: Shape) -> None:
        """Remember the secrets among some properties.

        Args:
            values: the properties; what is marked among them is secret.
            shapes: models whose declared secrets are among them, marked or not.
        """
        declared = {path for one in shapes for pattern in one.secrets for path in matches(pattern, values.plain)}
        for path in values.secrets | declared:
            self._secrets.update(leaves(at(values.plain, path)))

    def __call__(self, text: str) -> str:
        """Return a text with every known secret replaced."""
        forms = {form for secret in self._secrets for form in _forms(secret)}
        for form in sorted(forms, key=len, reverse=True):
            if len(form) >= _WORD:
                text = text.replace(form, "[secret]")
            else:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "[secret]", text)
        return text


@lru_cache(maxsize=4096)
def _forms(secret: str) -> tuple[str, ...]:
    """Return what a secret looks like raw, as an escaped string, in a URL, and line by line."""
    lines = [line for line in secret.splitlines() if len(line) > 2 * _WORD]
    escaped = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]]
    return tuple({form for form in (secret, *escaped, quote(secret), quote(secret, safe=""), *lines) if form.strip()})


def place(error: BaseException) -> str:
    """Return the type of an error and where it was raised, without its text, which may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not frame.filename.startswith((*_LIBRARIES, _HERE))]
    chosen = (theirs or list(frames))[-1:]
    return f"{type(error).__name__}" + "".join(f" at {File(f.filename).name}:{f.lineno}" for f in chosen)


class RedactingFormatter(logging.Formatter):
    """Writes a log record as one line without secrets and without an error's own text.

    Args:
        redaction: what knows the secrets.
    """

    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self._redaction = redaction

    @override
    def format(self, record: logging.LogRecord) -> str:
        return self._redaction(": ".join(self._parts(record))).replace("\n", " ")

    @staticmethod
    def _parts(record: logging.LogRecord) -> Iterator[str]:
        yield record.name
        error = record.exc_info[1] if record.exc_info else None
        yield record.getMessage() if error is None else place(error)
