"""Rights on the API server: who may do what, and to whom all of it is given."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.resources import KubernetesObject
from policies.rule import cis, kubernetes, nsa, rule, soc2

_GROUP: Final = "rbac.authorization.k8s.io"
_ROLES: Final = kubernetes(f"{_GROUP}/Role", f"{_GROUP}/ClusterRole")
_BINDINGS: Final = kubernetes(f"{_GROUP}/RoleBinding", f"{_GROUP}/ClusterRoleBinding")
_ANY: Final = "*"
_NOBODY: Final = frozenset(
    ("system:masters", "system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts")
)
_READ: Final = frozenset(("get", "list", "watch"))
_WRITE: Final = frozenset(("create", "update", "patch", "delete", "deletecollection"))

_DANGEROUS: Final[tuple[tuple[str, frozenset[str], frozenset[str]], ...]] = (
    (_GROUP, frozenset(("roles", "clusterroles")), frozenset(("escalate", "bind"))),
    ("", frozenset(("users", "groups", "serviceaccounts")), frozenset(("impersonate",))),
    ("authentication.k8s.io", frozenset(("userextras", "uids")), frozenset(("impersonate",))),
    ("certificates.k8s.io", frozenset(("certificatesigningrequests/approval",)), frozenset(("update", "patch"))),
    ("certificates.k8s.io", frozenset(("signers",)), frozenset(("approve", "sign"))),
    (
        "admissionregistration.k8s.io",
        frozenset(("mutatingwebhookconfigurations", "validatingwebhookconfigurations")),
        _WRITE,
    ),
    ("", frozenset(("nodes/proxy", "pods/exec", "pods/attach", "pods/portforward")), _READ | _WRITE),
    ("", frozenset(("secrets",)), _READ),
    ("", frozenset(("serviceaccounts/token",)), frozenset(("create",))),
    ("", frozenset(("services/status",)), frozenset(("update", "patch"))),
)
"""Group, resources and verbs with which one gets to more than they say."""


@rule(
    "K8S-RBAC-1",
    _ROLES,
    title="Roles name what they grant",
    severity=Severity.HIGH,
    standards=(cis("5.1.3"), nsa("C-0187"), soc2("CC6.3")),
    also=("CKV_K8S_49", "KSV-0044", "KSV-0045", "KSV-0046"),
    remedy="list the groups, resources and verbs that are needed",
)
def wildcards(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """An asterisk grants what comes with the next definition of resources as well."""
    for granted in one.body.items("rules"):
        for key in ("apiGroups", "resources", "verbs"):
            for item in granted.items(key):
                if item.text(unknown="") == _ANY:
                    yield item.problem("must not be an asterisk")


@rule(
    "K8S-RBAC-2",
    _BINDINGS,
    title="Nobody is given everything, and nothing is given to everybody",
    severity=Severity.CRITICAL,
    standards=(cis("5.1.1"), cis("5.1.7"), nsa("C-0035"), nsa("C-0185"), soc2("CC6.3")),
    also=("KSV-0111", "KSV-0122", "KSV-0123", "KSV-01011", "cluster-admin-role-binding"),
    remedy="bind a role that grants what is needed, to a ServiceAccount; bounds.cluster_admins lists what may do more",
)
def everything(one: KubernetesObject, context: Context) -> Iterator[Problem]:
    """Who is cluster-admin owns the cluster; what system:authenticated may, every pod and every stolen token may."""
    role = one.body.at("roleRef")
    admin = role.text("name", unknown=None) == "cluster-admin" and role.text("kind", unknown=None) != "Role"
    if admin and one.name not in context.policy.bounds.cluster_admins:
        yield role.problem("must not be cluster-admin (bounds.cluster_admins)", "name")
    for subject in one.body.items("subjects"):
        name = subject.text("name", unknown=None) or ""
        of_all = name in _NOBODY or name.startswith("system:serviceaccounts:")
        if of_all and subject.text("kind", unknown="Group") != "ServiceAccount":
            yield subject.problem("must be somebody, not everybody", "name")


@rule(
    "K8S-RBAC-3",
    _ROLES,
    title="No role grants a way to more than it says",
    severity=Severity.HIGH,
    standards=(*(cis(f"5.1.{number}") for number in (2, 4, 8, 10, 11, 12, 13)), nsa("C-0015"), soc2("CC6.3")),
    also=(
        *("CKV_K8S_155", "CKV_K8S_156", "CKV_K8S_157", "CKV_K8S_158", "CKV2_K8S_1", "CKV2_K8S_2", "CKV2_K8S_3"),
        *("CKV2_K8S_4", "CKV2_K8S_5", "KSV-0041", "KSV-0042", "KSV-0043", "KSV-0047", "KSV-0048", "KSV-0050"),
        *("KSV-0053", "KSV-0056", "KSV-0114"),
    ),
    remedy="remove it, or name the objects by resourceNames",
)
def ways_to_more(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """Who may read secrets, enter pods, make tokens or change webhooks may soon do what others may."""
    for granted in one.body.items("rules"):
        groups, verbs = _words(granted, "apiGroups"), _words(granted, "verbs")
        named = granted.items("resourceNames")
        for item in granted.items("resources"):
            resource = item.text(unknown="") or ""
            dangerous = any(
                _has(groups, group) and _is_of(resource, resources) and (_ANY in verbs or not verbs.isdisjoint(least))
                for group, resources, least in _DANGEROUS
            )
            if dangerous and not named:
                yield item.problem("must not be granted with these verbs")


def _words(granted: Field, key: str) -> frozenset[str | None]:
    return frozenset(one.text(unknown=None) for one in granted.items(key))


def _has(there: frozenset[str | None], word: str) -> bool:
    return word in there or _ANY in there


def _is_of(resource: str, dangerous: frozenset[str]) -> bool:
    kind, _, part = resource.partition("/")
    if kind == _ANY:
        return not part or any(one.endswith(f"/{part}") for one in dangerous)
    return resource in dangerous or (part == _ANY and any(one.startswith(f"{kind}/") for one in dangerous))
