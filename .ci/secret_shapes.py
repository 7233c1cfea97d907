"""Shapes of the secrets that the platform has, for detect-secrets: also where a document prints one in plain prose.

Source of the prefixes: the vendors' own documents and GitHub's list of patterns that secret scanning knows (2026-11).
"""  # noqa: INP001 - it is loaded by its path

import re

from detect_secrets.plugins.base import RegexBasedDetector

_MIXED = r"(?=[A-Za-z0-9_\-+/=]*[a-z])(?=[A-Za-z0-9_\-+/=]*[A-Z])(?=[A-Za-z0-9_\-+/=]*[0-9])"
"""What is no name and no word has capitals, small letters and digits."""

_STORES = "(?i:weaviate|qdrant|pinecone|vector store)"


class PlatformKeyDetector(RegexBasedDetector):
    """Finds keys whose shape says whose they are, and keys of vector stores, whose shape says nothing."""

    secret_type = "Key of the platform"  # noqa: S105 - what it is called  # pragma: allowlist secret

    denylist = (
        re.compile(r"\bpul-[0-9a-f]{40}\b"),
        re.compile(r"\bsecret_[a-z0-9-]+_[0-9a-f]{32}\.[A-Za-z0-9]{32}\b"),
        re.compile(r"\bsk-(?:ant-|or-v1-|proj-)?[A-Za-z0-9_-]{40,}"),
        re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}|\bxapp-[0-9A-Za-z-]{20,}"),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})\b"),
        re.compile(r"\blin_api_[A-Za-z0-9]{40}\b"),
        re.compile(r"\b(?:ntn_|secret_)[A-Za-z0-9]{43,50}\b"),
        re.compile(r"\bfigd_[A-Za-z0-9_-]{40,}"),
        # Not the whole of it: what holds a UUID is taken for one, and for no secret.
        re.compile(r"\b(pat-(?:na|eu)\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){2})-[0-9a-f]{4}-[0-9a-f]{12}\b"),
        re.compile(r"\bdckr_pat_[A-Za-z0-9_-]{27}\b"),
        re.compile(r"\b\d/\d{16}(?:/\d{16})?:[0-9a-f]{32}\b"),
        re.compile(r"\bK10[0-9a-f]{64}::(?:server|node):[0-9a-f]+"),
        re.compile(r"PrivateKey\s*=\s*([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"),
        re.compile(rf"{_STORES}[^\n]{{0,80}}?[\s:=`\"'*(]({_MIXED}[A-Za-z0-9_\-+/=]{{32,}})"),
    )
