"""``lock``, of K3s: digests of its programs, from the lists that its release page publishes beside them."""

import re
from pathlib import Path

import httpx

from ops.results import LockResult

_ENTRY = re.compile(r'\{url: "(?P<url>https://[^"]+)", sha256: null\}')


def lock_k3s(path: Path, client: httpx.Client) -> LockResult:
    """Fill the unfilled digests of K3s' programs, and return which could not be.

    A list has been made by whoever has made the program: it proves that what is delivered later is what was there on
    the day of the lock, and not who made it.

    Args:
        path: the lock file; its comments and filled entries stay as they are.
        client: speaks to the release page.
    """
    text = path.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    errors: list[str] = []
    for url in (match["url"] for match in _ENTRY.finditer(text)):
        try:
            found[url] = _digest(client, url)
        except (LookupError, httpx.HTTPError) as error:
            errors.append(f"{url}: {error}")

    def filled(match: re.Match[str]) -> str:
        digest = found.get(match["url"])
        return f'{{url: "{match["url"]}", sha256: {digest}}}' if digest else match[0]

    path.write_text(_ENTRY.sub(filled, text), encoding="utf-8")
    return LockResult(stack="", filled=found, errors=tuple(errors))


def _digest(client: httpx.Client, url: str) -> str:
    folder, _, program = url.rpartition("/")
    architecture = program.removeprefix("k3s").removeprefix("-") or "amd64"
    published = f"{folder}/sha256sum-{architecture}.txt"
    answer = client.get(published, follow_redirects=True).raise_for_status()
    entries = (line.split() for line in answer.text.splitlines())
    digests = [entry[0] for entry in entries if len(entry) == 2 and entry[1] == program]  # noqa: PLR2004 - digest, name
    if len(digests) != 1 or not re.fullmatch(r"[0-9a-f]{64}", digests[0]):
        message = f"{published} names no digest of {program}; look at the release page"
        raise LookupError(message)
    return digests[0]
