"""What each provider has, read and never changed: what is there beside what is declared, and whether it answers."""

import asyncio
import importlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import httpx
import tenacity

from ops.deployment import Deployment
from ops.error import AccountError
from ops.events import provider_of
from ops.unmanaged import AGAIN, COLLECTION, DOMAIN, PROJECT, ZONE, Listing, There

LAMBDA: Final = "lambda-cloud"
KUBERNETES: Final = "kubernetes"
WEAVIATE: Final = "weaviate"
VERCEL: Final = "vercel"
RFC2136: Final = "rfc2136"
DNS_OF_OTHERS: Final = "dns"

APART: Final = (LAMBDA, VERCEL, RFC2136)
"""Providers that belong to somebody else, and answer whether or not the stack's own cluster does."""

_SECONDS: Final = 10.0
"""How long a provider may take to answer one request."""
_TRIES: Final = 3
_OF_US: Final = "app.kubernetes.io/part-of"
_NAMES_ALONE: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""What the API server is asked for: of pods, all the rest is megabytes."""
_WORKLOADS: Final[Mapping[str, str]] = {
    "kubernetes:core/v1:Namespace": "/api/v1/namespaces",
    "kubernetes:apps/v1:Deployment": "/apis/apps/v1/deployments",
    "kubernetes:apps/v1:StatefulSet": "/apis/apps/v1/statefulsets",
    "kubernetes:apps/v1:DaemonSet": "/apis/apps/v1/daemonsets",
    "kubernetes:batch/v1:CronJob": "/apis/batch/v1/cronjobs",
    "kubernetes:batch/v1:Job": "/apis/batch/v1/jobs",
    "kubernetes:core/v1:Pod": "/api/v1/pods",
}
_IMPORTED: Final = {LAMBDA: "ops.lambda_listing", RFC2136: "providers.rfc2136.client"}
_REMEDIES: Final[Mapping[int, str]] = {
    401: "give the stack's environment in Pulumi ESC a token that is still valid: `./sophia secrets doctor`",
    403: "give the token's owner the right to list there, or the stack's environment another token",
    404: "see that the address and the names in the stack's environment are right",
    429: "wait a minute, and run drift again",
}
_VARIABLES: Final = "set them, or run drift under `pulumi env run`, which gives what the stack's environment holds"


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one API.

    Args:
        http: speaks to it.
        what: how messages name it.
        accept: the form in which it is to answer.
    """

    http: httpx.Client
    what: str
    accept: str = "application/json"

    def get(self, path: str, **query: Any) -> Any:
        """Return what it answers.

        Raises:
            AccountError: it refuses, or does not answer; the message shows no value.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_passing),
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=2.0),
            reraise=True,
        )
        try:
            answer = retrying(lambda: self._sent(path, query).raise_for_status())
            return answer.json()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            msg = f"{self.what}: status {status}; {_REMEDIES.get(status, AGAIN)}"
            raise AccountError(msg) from None
        except httpx.TimeoutException:
            msg = f"{self.what}: no answer within {_SECONDS:.0f} s, asked {_TRIES} times; {AGAIN}"
            raise AccountError(msg) from None
        except (httpx.HTTPError, ValueError) as error:
            msg = f"{self.what}: no usable answer ({type(error).__name__}); {AGAIN}"
            raise AccountError(msg) from None

    def _sent(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        return self.http.get(path, params=query, timeout=_SECONDS, headers={"Accept": self.accept})


def listings(
    deployment: Deployment, resources: Iterable[Mapping[str, Any]], providers: Collection[str]
) -> tuple[Listing, ...]:
    """Return what providers of a stack have, asked all at once; one that does not answer is a listing too.

    Args:
        deployment: the stack's.
        resources: those of the engine's state: a provider that keeps none of them is not asked.
        providers: who is asked.
    """
    used = {provider_of(str(one["type"])) for one in resources}
    askers: dict[str, Callable[[], Listing]] = {
        LAMBDA: lambda: _lambda(deployment),
        VERCEL: lambda: _vercel(deployment, resources),
        RFC2136: lambda: _zone(deployment),
        KUBERNETES: lambda: _kubernetes(deployment),
        WEAVIATE: lambda: _weaviate(deployment.reach),
    }
    asked = {name: ask for name, ask in askers.items() if name in used and name in providers}
    # Here, and not by each thread: what providers import parses its docstrings, which Python 3.11 does in one thread.
    for name in asked.keys() & _IMPORTED.keys():
        importlib.import_module(_IMPORTED[name])
    with ThreadPoolExecutor(max_workers=len(askers)) as threads:
        found = [*threads.map(lambda name: _safely(name, asked[name]), asked)]
    if RFC2136 in providers and deployment.facts().zone.owner == deployment.stack and RFC2136 not in used:
        found.append(Listing(DNS_OF_OTHERS, (ZONE,), beyond="`./sophia dns check` asks who answers for the zone"))
    return tuple(found)


def _safely(name: str, ask: Callable[[], Listing]) -> Listing:
    try:
        return ask()
    except AccountError as error:
        trouble, _, remedy = str(error).partition("; ")
        return Listing(name, trouble=trouble, remedy=remedy or AGAIN)
    except (KeyError, TypeError) as error:
        return Listing(name, trouble=f"{name}: an answer of another shape ({type(error).__name__})", remedy=AGAIN)


def _lambda(deployment: Deployment) -> Listing:
    """What the provider imports takes half a second (measured), and stacks without machines need none of it."""
    from ops import lambda_listing  # noqa: PLC0415 - for that reason

    return lambda_listing.listed(deployment.stack, deployment.facts(), deployment.reach)


def _kubernetes(deployment: Deployment) -> Listing:
    asker = Asker(deployment.cluster, "the cluster's API server", f"{_NAMES_ALONE}, application/json")
    found = [one for kind, path in _WORKLOADS.items() for one in _objects(kind, asker.get(path)["items"])]
    return Listing(KUBERNETES, tuple(_WORKLOADS), tuple(found))


def _objects(kind: str, items: Iterable[Mapping[str, Any]]) -> Iterator[There]:
    for item in items:
        meta = item["metadata"]
        if meta.get("ownerReferences") or meta.get("deletionTimestamp"):
            continue  # whoever made it answers for it, or it goes
        space = meta.get("namespace")
        name = f"{space}/{meta['name']}" if space else str(meta["name"])
        ours = (meta.get("labels") or {}).get(_OF_US) == "sophia" and kind.endswith((":Job", ":Pod"))
        yield There(kind, name, known="a verb of ./sophia" if ours else "")


def _weaviate(reach: Mapping[str, str]) -> Listing:
    url, key = _given(reach, "WEAVIATE_URL", "WEAVIATE_API_KEY")
    with _client(url if "://" in url else f"https://{url}", key) as http:
        held = Asker(http, "Weaviate").get("/v1/schema")
    names = [str(one["class"]) for one in held.get("classes") or ()]
    return Listing(WEAVIATE, (COLLECTION,), tuple(There(COLLECTION, name) for name in names))


def _vercel(deployment: Deployment, resources: Iterable[Mapping[str, Any]]) -> Listing:
    reach, sites = deployment.reach, deployment.facts().sites
    (token,) = _given(reach, "VERCEL_API_TOKEN")
    ours = {str(one["id"]) for one in resources if one["type"] == PROJECT and one.get("id")}
    with _client(reach.get("VERCEL_API_URL") or "https://api.vercel.com", token) as http:
        asker = Asker(http, "Vercel")
        team = asker.get(f"/v2/teams/{sites.team}")["id"]
        projects = [*_pages(partial(asker.get, "/v10/projects", teamId=team), "projects", "from")]
        found = [
            There(PROJECT, one["id"], one["name"], "an earlier program" if one["name"] in sites.legacy else "")
            for one in projects
        ]
        for project in ours & {one["id"] for one in projects}:
            domains = _pages(partial(asker.get, f"/v9/projects/{project}/domains", teamId=team), "domains", "until")
            found += [There(DOMAIN, f"{project}/{one['name']}", one["name"]) for one in domains]
    return Listing(VERCEL, (PROJECT, DOMAIN), tuple(found))


def _pages(get: Callable[..., Any], member: str, at: str) -> Iterator[Mapping[str, Any]]:
    query: dict[str, Any] = {}
    while True:
        answer = get(limit=100, **query)
        yield from answer[member]
        following = (answer.get("pagination") or {}).get("next")
        if not following:
            return
        query = {at: following}


def _zone(deployment: Deployment) -> Listing:
    from providers.kit import ProviderError  # noqa: PLC0415 - a tenth of a second, which few stacks need
    from providers.rfc2136.client import Client  # noqa: PLC0415 - the same
    from providers.rfc2136.config import Rfc2136Config  # noqa: PLC0415 - the same

    names = ("DNS_UPDATE_SERVER", "DNS_UPDATE_PORT", "DNS_UPDATE_KEYNAME", "DNS_UPDATE_KEYSECRET")
    server, port, key_name, key_secret = _given(deployment.reach, *names)
    config = Rfc2136Config(server=server, port=int(port), key_name=key_name, key_secret=key_secret)
    zone = deployment.facts().zone.name
    try:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            held = runner.run(Client(config).zone(zone))
    except ProviderError as error:
        raise AccountError(str(error)) from None
    return Listing(RFC2136, (ZONE,), tuple(There(ZONE, f"{host} {kind}") for host, kind in held))


def _client(url: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"})


def _given(reach: Mapping[str, str], *names: str) -> Sequence[str]:
    """Return the values of variables.

    Raises:
        AccountError: one is not set.
    """
    if missing := [name for name in names if not reach.get(name)]:
        msg = f"{', '.join(missing)}: not set; {_VARIABLES}"
        raise AccountError(msg)
    return [reach[name] for name in names]


def _passing(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in {429, 500, 502, 503, 504}
    return isinstance(error, httpx.TransportError)
