"""Everything there is in an account, as the control surface shows it."""

from collections.abc import Mapping

from rehearsal.lambda_cloud.records import FileSystem, Instance, Record, Rule, Ruleset, SshKey, State, Status


class InstanceView(Record):
    """An instance, terminated ones included."""

    id: str
    """Its id."""
    name: str | None
    """Its name."""
    status: Status
    """Its state now."""
    type: str
    """Name of its type."""
    price_cents_per_hour: int
    """What it costs now."""
    region: str
    """Its region."""
    ip: str
    """Its public address, whether or not the API tells it yet."""
    private_ip: str
    """Its private address, whether or not the API tells it yet."""
    hostname: str
    """Its host name."""
    ssh_key_names: tuple[str, ...]
    """Names of its SSH keys."""
    file_systems: Mapping[str, str]
    """Mount points by id of the file system."""
    tags: Mapping[str, str]
    """Its tags."""
    rulesets: tuple[str, ...]
    """Ids of its firewall rulesets."""
    image: str | None
    """Id of its image; None for born machines."""
    user_data_bytes: int
    """Length of what cloud-init was given."""
    jupyter_token: str
    """The secret of its JupyterLab server."""
    born: bool
    """Whether it existed when the account was born."""
    live: bool
    """Whether it is neither gone nor going."""
    launched: float
    """When it was launched, in virtual seconds."""


class AccountView(Record):
    """Everything there is in an account."""

    now: float
    """Its time, in virtual seconds."""
    instances: tuple[InstanceView, ...]
    """Every instance there ever was, but those that a reset removed."""
    ssh_keys: tuple[SshKey, ...]
    """Its SSH keys."""
    file_systems: tuple[FileSystem, ...]
    """Its file systems."""
    rulesets: tuple[Ruleset, ...]
    """Its regional firewall rulesets."""
    global_rules: tuple[Rule, ...]
    """Its rules of all regions."""
    quota: int
    """How many instances it may have."""
    prices: Mapping[str, int]
    """Cents per hour by instance type."""
    capacity: Mapping[str, Mapping[str, int | None]]
    """How many can be launched by type and region; None for as many as one likes."""

    def instance(self, name: str) -> InstanceView:
        """Return the one live instance of a name.

        Raises:
            LookupError: when there is none, or several.
        """
        found = [one for one in self.instances if one.live and one.name == name]
        if len(found) != 1:
            message = f"{len(found)} live instances are named {name}; ask for one that is unique"
            raise LookupError(message)
        return found[0]


def view(state: State, now: float) -> AccountView:
    """Return everything there is in an account at a time."""
    return AccountView(
        now=now,
        instances=tuple(_instance(one, state, now) for one in state.instances.values()),
        ssh_keys=tuple(state.ssh_keys.values()),
        file_systems=tuple(state.file_systems.values()),
        rulesets=tuple(state.rulesets.values()),
        global_rules=state.global_rules,
        quota=state.quota,
        prices=dict(state.prices),
        capacity={name: dict(places) for name, places in state.capacity.items()},
    )


def _instance(one: Instance, state: State, now: float) -> InstanceView:
    return InstanceView(
        id=one.id,
        name=one.name,
        status=one.status(now),
        type=one.type,
        price_cents_per_hour=state.prices[one.type],
        region=one.region,
        ip=one.ip,
        private_ip=one.private_ip,
        hostname=one.hostname,
        ssh_key_names=one.ssh_key_names,
        file_systems={mount.file_system_id: mount.mount_point for mount in one.mounts},
        tags={tag.key: tag.value for tag in one.tags},
        rulesets=one.rulesets,
        image=one.image,
        user_data_bytes=one.user_data_bytes,
        jupyter_token=one.jupyter_token,
        born=one.born,
        live=one.running(now),
        launched=one.launched,
    )
