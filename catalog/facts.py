"""What the catalog knows, once it has been read and found sound."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.access import Access
from catalog.account import Account
from catalog.addons import Addon, AddonLock
from catalog.backups import Backups
from catalog.collection import Collection, Weaviate
from catalog.drift_classes import DriftClasses
from catalog.firewall import Firewall
from catalog.gateway import Gateway
from catalog.hosts import HostBaseline
from catalog.ignores import DriftIgnore
from catalog.image_lock import ImageLock
from catalog.k3s import K3s, K3sLock
from catalog.limits import Limits
from catalog.machine import InstanceType, Machine, PriceBook
from catalog.object_storage import ObjectStorage
from catalog.policy import Policy
from catalog.secret import PROVIDER_VARIABLES, Secret, SecretKind
from catalog.site import Sites
from catalog.tool_surface import Surface
from catalog.versions import Versions
from catalog.workload import Workload
from catalog.zone import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Every fact, by name; the order of each mapping is the order of its file, or of the file names."""

    instance_types: Mapping[str, InstanceType]
    """Instance types by name."""
    price_books: Mapping[str, PriceBook]
    """Price books by name."""
    machines: Mapping[str, Machine]
    """Machines of all stacks by name."""
    account: Account
    """What the stacks share in the Lambda Cloud account."""
    addons: Mapping[str, Addon]
    """What every cluster gets from elsewhere, by name, in the order in which it is brought."""
    addon_lock: AddonLock
    """Digests of what set-up renders of that."""
    firewall: Firewall
    """What may reach a machine."""
    gateway: Gateway
    """Where clients come in."""
    sites: Sites
    """The public sites."""
    zone: Zone
    """The platform's zone in public DNS."""
    access: Access
    """Who may reach the hosts."""
    hosts: HostBaseline
    """What every host looks like."""
    k3s: K3s
    """K3s on every machine."""
    k3s_lock: K3sLock
    """Digests of its programs."""
    ignores: tuple[DriftIgnore, ...]
    """Deviations that are no drift for a while."""
    drift_classes: DriftClasses
    """What a drift is, and how bad."""
    collections: Mapping[str, Collection]
    """Collections of the vector store by name."""
    weaviate: Weaviate
    """Where they are, and who may use them."""
    object_storage: ObjectStorage
    """Where data lies that outlives machines."""
    limits: Limits
    """Limits of the account and of every stack."""
    secrets: Mapping[str, Secret]
    """Secrets by canonical name."""
    policy: Policy
    """What policies mean in each stack, and what is exempt from them."""
    rotation_days: Mapping[SecretKind, int]
    """Days between rotations by kind of secret; a kind that is absent is not rotated by schedule."""
    mcp: Mapping[str, Workload]
    """MCP servers by name."""
    central: Mapping[str, Workload]
    """Central services by name, which every stack runs."""
    data: Mapping[str, Workload]
    """Data services by name."""
    web: Mapping[str, Workload]
    """Servers of sites by name."""
    backups: Backups
    """Backups of data services."""
    migrations: Mapping[str, str]
    """Migrations of PostgreSQL's schema by name, in their order, as SQL."""
    surface: Surface
    """The tools of the MCP servers, as locked."""
    image_locks: Mapping[str, ImageLock]
    """Image locks by name."""
    versions: Versions
    """Versions of every tool."""

    @property
    def workloads(self) -> Mapping[str, Workload]:
        """Workloads of every kind by name."""
        return {**self.mcp, **self.central, **self.data, **self.web}

    def secrets_of(self, stack: str) -> tuple[str, ...]:
        """Return the canonical names of the secrets that the program of a stack reads.

        Args:
            stack: the stack's name.
        """
        return tuple(name for name, one in self.secrets.items() if one.given_to(stack) and not one.for_providers)

    def provider_variables(self, stack: str) -> Mapping[str, str]:
        """Return what a stack's providers are told by their environment alone, each with the name in Pulumi ESC.

        Args:
            stack: the stack's name.
        """
        return {variable: name for variable, name in PROVIDER_VARIABLES.items() if self.is_given(name, stack)}

    def is_given(self, name: str, stack: str) -> bool:
        """Return whether a stack has a secret; those that the catalog does not list, all have.

        Args:
            name: the secret's name in Pulumi ESC.
            stack: the stack's name.
        """
        return name not in self.secrets or self.secrets[name].given_to(stack)
