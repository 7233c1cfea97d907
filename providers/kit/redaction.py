"""Keeping secrets out of every text that leaves the process."""

import json
import logging
import re
import sysconfig
import traceback
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path as File
from urllib.parse import quote, quote_plus

from typing_extensions import override

from providers.kit.paths import matches
from providers.kit.shape import Shape
from providers.kit.values import Values, at, leaves

_WORD = 4
"""Secrets shorter than this are only replaced where they stand as a word: others would tear texts apart."""
_URL_SAFE = str.maketrans("+/", "-_")
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


def forms(secret: str) -> dict[str, set[str]]:
    """Return what a secret looks like wherever it hides nothing, by the name of the form.

    The lines of a text of several stand for it too. In base64 (RFC 4648) a text has three shapes, by how many bytes
    stand before it; of each those characters count that it alone decides.
    """
    raw = secret.encode()
    base64 = [
        b64encode(b"\0" * shift + raw)[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6].decode() for shift in range(3)
    ]
    escaped = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    return {
        "plain": {secret, repr(secret)[1:-1], *(line for line in secret.splitlines() if len(line) > 2 * _WORD)},
        "JSON": {*escaped, *(json.dumps(text)[1:-1] for text in escaped)},
        "URL": {quote(secret), quote(secret, safe=""), quote_plus(secret)},
        "base64": {one for shape in base64 for one in (shape, shape.translate(_URL_SAFE))},
        "hex": {raw.hex(), raw.hex().upper()},
    }


@lru_cache(maxsize=4096)
def _forms(secret: str) -> tuple[str, ...]:
    """Return the forms that are replaced: of a short secret none that other texts have by chance."""
    found = forms(secret)
    if len(secret) < 2 * _WORD:
        del found["base64"], found["hex"]
    return tuple({form for shapes in found.values() for form in shapes if form.strip()})


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
