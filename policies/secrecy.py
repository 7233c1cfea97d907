"""What looks like a secret: by its name, by its shape, by being random."""

import math
import re
from collections import Counter
from typing import Final

_WORDS: Final = frozenset(
    ("PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "SECRET", "TOKEN", "BEARER", "CREDENTIAL", "CREDENTIALS")
)
_OF_THEM: Final = frozenset(
    (
        *("FILE", "PATH", "DIR", "NAME", "URL", "URI", "ENDPOINT", "HOST", "PORT", "TTL", "SECONDS", "MINUTES", "DAYS"),
        *("LIMIT", "COUNT", "SIZE", "LENGTH", "ISSUER", "AUDIENCE", "TYPE", "ALGORITHM", "ENABLED", "REF", "HEADER"),
        *("VERSION", "PREFIX", "POLICY", "REVIEW", "ID", "CHECKSUM", "STORE", "PROVIDER", "MODE"),
    )
)
"""What a name ends with that is about a secret, and is none."""

_CLOUD_KEYS: Final = frozenset(("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"))
_NOT_SECRET_KEYS: Final = frozenset(("PUBLIC", "PRIMARY", "FOREIGN", "SORT", "PARTITION", "CACHE", "HOST"))
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHERS = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_NAME: Final = 256
_REFERENCE = re.compile(r"(?:\$\([A-Za-z0-9_.-]+\)|\$\{[A-Za-z0-9_.-]+\})+")
_PLAIN = re.compile(r"(?i)true|false|none|null|yes|no|[0-9]{1,5}|/[A-Za-z0-9_./-]{1,200}|\*+|<[^>]{0,60}>")
_FLAG = re.compile(
    r"(?i)(?:^|\s)--?[a-z0-9-]{0,40}?(?:password|passwd|token|secret|api-?key|access-?key)"
    r"[= ](?![$\"' -]|/|true|false)\S{6}"
)
_JWT: Final = "[A-Za-z0-9_-]"
_SHAPES: Final = tuple(
    (marks, re.compile(pattern))
    for marks, pattern in (
        (("-----BEGIN",), r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
        # It looks from the beginning of a run of such characters alone, so that it takes no longer for a longer text.
        (
            (".eyJ",),
            rf"(?<!{_JWT})(?={_JWT}*?\beyJ{_JWT}{{8}}){_JWT}*+\.eyJ{_JWT}{{8,}}+\.{_JWT}{{8}}",
        ),
        (("AKIA", "ASIA", "AGPA", "AROA"), r"\b(?:AKIA|ASIA|AGPA|AROA)[0-9A-Z]{16}\b"),
        (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{36}"),
        (("github_pat_", "glpat-"), r"\bgithub_pat_[A-Za-z0-9_]{40}|\bglpat-[A-Za-z0-9_-]{20}"),
        (("xox", "xapp-"), r"\bxox[abeprs]-[0-9A-Za-z-]{20}|\bxapp-[0-9A-Za-z-]{20}"),
        (("sk-",), r"\bsk-(?:ant-|or-v1-|proj-)?[A-Za-z0-9_-]{32}"),
        (("k_live_",), r"\b[rs]k_live_[A-Za-z0-9]{20}"),
        (("AIza", "ya29."), r"\bAIza[0-9A-Za-z_-]{35}|\bya29\.[0-9A-Za-z_-]{20}"),
        (("pul-", "npm_"), r"\bpul-[0-9a-f]{40}\b|\bnpm_[A-Za-z0-9]{36}"),
        (("pypi-", "hf_"), r"\bpypi-[A-Za-z0-9_-]{50}|\bhf_[A-Za-z0-9]{30}"),
        (("dckr_pat_", "dop_v1_"), r"\bdckr_pat_[A-Za-z0-9_-]{27}|\bdop_v1_[0-9a-f]{64}"),
        (("lin_api_", "figd_"), r"\blin_api_[A-Za-z0-9]{40}|\bfigd_[A-Za-z0-9_-]{40}"),
        (("secret_",), r"\bsecret_(?:[a-z0-9-]{1,40}_[0-9a-f]{32}\.[A-Za-z0-9]{32}|[A-Za-z0-9]{43,50}\b)"),
        (("ntn_",), r"\bntn_[A-Za-z0-9]{43}"),
        (("K10",), r"\bK10[0-9a-f]{64}::(?:server|node):[0-9a-f]"),
        # A password of a user that is named: without a reference, or long and no placeholder.
        (("://",), r"[a-z0-9+.-]://(?:[^\s/:@$]{1,64}:[^\s/@$]{3,128}|[^\s:/@]+:(?![\$<{%])[^\s:/@]{6,})@"),
        (("PrivateKey",), r"PrivateKey\s*=\s*[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="),
    )
)
"""Of the vendors' own documents, and GitHub's list of patterns that secret scanning knows (2026-11).

Each is looked for only where a part of it is there: texts may be of any length.
"""

_MENTIONED = re.compile(
    r"(?i)passw(or)?d|passphrase|secret|token|private_?key|api_?key|access_?key|credential|kubeconfig"
    r"|(^|(?<!public)[_-])(key|pat|pwd|dsn)$"
)
_TOKEN = re.compile(r"[A-Za-z0-9+/_=-]{24,512}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_RANDOM_BITS: Final = 4.2
_RANDOM_HEX_BITS: Final = 3.2
_SHORTEST_HEX: Final = 32


def names_secret(name: str) -> bool:
    """Return whether a name says that what it names is a secret.

    >>> [names_secret(one) for one in ("DB_PASSWORD", "apiKey", "OPENAI_API_KEY", "TOKEN_TTL", "MAX_TOKENS")]
    [True, True, True, False, False]
    """
    words = _OTHERS.sub("_", _CAMEL.sub("_", name[:_LONGEST_NAME])).strip("_").upper().split("_")
    if "_".join(words) in _CLOUD_KEYS:
        return True
    if words[-1] in _OF_THEM:
        return False
    if words[-1] in {"KEY", "APIKEY"}:
        return words[-1] == "APIKEY" or (len(words) > 1 and _NOT_SECRET_KEYS.isdisjoint(words))
    return not _WORDS.isdisjoint(words)


def mentions_secret(name: str) -> bool:
    """Return whether a name has a word of secrets in it: for places where what is about one is kept as one, too.

    >>> [mentions_secret(one) for one in ("kubeconfig", "DB_PASSWORD", "signing_key", "public_key", "AUTH_REQUIRED")]
    [True, True, True, False, False]
    """
    return _MENTIONED.search(name) is not None


def stands_for_itself(value: str) -> bool:
    """Return whether a value is one, and no reference, path, number or placeholder.

    >>> stands_for_itself("hunter2"), stands_for_itself("$(PASSWORD)"), stands_for_itself("/run/secrets/a")
    (True, False, False)
    """
    return bool(value) and not (_REFERENCE.fullmatch(value) or _PLAIN.fullmatch(value))


def secret_shape(value: str) -> bool:
    """Return whether a value holds what has the shape of a key, a token or an address with a password.

    >>> secret_shape("postgresql://sophia@postgresql:5432/sophia"), secret_shape("pul-" + "0f" * 20)
    (False, True)
    """
    return any(any(mark in value for mark in marks) and shape.search(value) for marks, shape in _SHAPES)


def secret_flag(value: str) -> bool:
    """Return whether an argument gives a secret by its flag.

    >>> secret_flag("--db-password=hunter2"), secret_flag("--token-file=/run/token"), secret_flag("--password=$(P)")
    (True, False, False)
    """
    return _FLAG.search(value) is not None


def random_looking(value: str) -> bool:
    """Return whether the whole of a value looks random.

    >>> random_looking("postgresql-exporter-configuration"), random_looking("0" * 40)
    (False, False)
    """
    if not _TOKEN.fullmatch(value):
        return False
    if _HEX.fullmatch(value):
        return len(value) >= _SHORTEST_HEX and _bits(value) >= _RANDOM_HEX_BITS
    kinds = (str.islower, str.isupper, str.isdigit)
    return all(any(is_kind(one) for one in value) for is_kind in kinds) and _bits(value) >= _RANDOM_BITS


def _bits(value: str) -> float:
    """Return how many bits a character of a text tells."""
    return -sum(count / len(value) * math.log2(count / len(value)) for count in Counter(value).values())
