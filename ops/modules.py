"""Whether the vector store has the modules that a stack's collections need, asked before anything is changed."""

import ssl
from collections.abc import Iterator, Mapping

import httpx

from catalog import CatalogError, Offence, Stack
from ops.error import InputError

_FILE = "catalog/weaviate.yaml"


def require_modules(stack: Stack, environment: Mapping[str, str]) -> None:
    """Pass where the server has every module; also where it does not answer, which the engine tells if it matters.

    Source: ``GET /v1/meta`` of Weaviate 1.39.

    Args:
        stack: the stack's choice from the catalog.
        environment: the engine's, which tells of the server by WEAVIATE_URL and WEAVIATE_API_KEY.

    Raises:
        CatalogError: it lacks some.
        InputError: it refuses the key, or is at no address that one may be sent to.
    """
    if not environment.get("WEAVIATE_URL"):
        return
    url, trust = _checked(environment)
    key = environment.get("WEAVIATE_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        answer = httpx.get(f"{url}/v1/meta", headers=headers, timeout=10.0, verify=trust)
        there = {*answer.json().get("modules", {})} if answer.is_success else set()
    except (httpx.HTTPError, ValueError):
        return
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        msg = f"WEAVIATE_API_KEY: {url} refuses it (401); give the key of an administrator of that server"
        raise InputError(msg)
    offences = [*_lacking(stack, there, url)] if answer.is_success else []
    if offences:
        raise CatalogError(offences)


def _checked(environment: Mapping[str, str]) -> tuple[str, ssl.SSLContext]:
    """Return the server's address and who signs its certificate, checked as the provider checks them."""
    # What the provider imports takes half a second (measured), and most verbs do not need it.
    from providers.weaviate.config import certificates, server_address  # noqa: PLC0415 - for that reason

    authorities = environment.get("WEAVIATE_CA_CERTIFICATE")
    name = "WEAVIATE_URL"
    try:
        url = server_address(environment[name])
        name = "WEAVIATE_CA_CERTIFICATE"
        return url, ssl.create_default_context(cadata=certificates(authorities) if authorities else None)
    except ValueError as error:
        msg = f"{name}: {error}"
        raise InputError(msg) from None


def _lacking(stack: Stack, there: set[str], url: str) -> Iterator[Offence]:
    weaviate = stack.weaviate
    vectors = any(one.vectorizer == "default" for one in stack.collections.values())
    needed = {"vectorizer.module": weaviate.vectorizer.module if vectors else None}
    needed["generative.module"] = weaviate.generative.module if weaviate.generative else None
    for field, module in needed.items():
        if module and module not in there:
            known = ", ".join(sorted(there)) or "none"
            yield Offence(f"{_FILE}: {field}", module, f"the server at {url} has the module", f"choose one of: {known}")
