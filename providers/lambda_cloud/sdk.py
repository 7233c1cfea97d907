"""Typed classes of the lambda-cloud provider, generated from its models by ``providers.kit.sdk``."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi


class CandidateArgs(TypedDict):
    """A type of instance in a region."""

    instance_type: pulumi.Input[str]
    """The type's name, such as `gpu_1x_a10`."""

    region: pulumi.Input[str]
    """The region's name, such as `us-west-1`."""


@pulumi.input_type
class _CandidateArgs:
    instance_type: pulumi.Input[str] = pulumi.property("instanceType")
    region: pulumi.Input[str]


@pulumi.output_type
class Candidate:
    """A type of instance in a region."""

    instance_type: str = pulumi.property("instanceType")
    """The type's name, such as `gpu_1x_a10`."""

    region: str
    """The region's name, such as `us-west-1`."""


class MountArgs(TypedDict):
    """Where a file system is mounted."""

    mount_point: pulumi.Input[str]
    """A directory under `/home`, `/lambda/nfs` or `/data`."""

    file_system_id: pulumi.Input[str]
    """The file system; it must be in the instance's region."""


@pulumi.input_type
class _MountArgs:
    mount_point: pulumi.Input[str] = pulumi.property("mountPoint")
    file_system_id: pulumi.Input[str] = pulumi.property("fileSystemId")


@pulumi.output_type
class Mount:
    """Where a file system is mounted."""

    mount_point: str = pulumi.property("mountPoint")
    """A directory under `/home`, `/lambda/nfs` or `/data`."""

    file_system_id: str = pulumi.property("fileSystemId")
    """The file system; it must be in the instance's region."""


class ImageArgs(TypedDict):
    """What an instance boots: one image by its id, or the newest of a family."""

    id: NotRequired[pulumi.Input[str]]
    """The id of an image of the instance's region and architecture."""

    family: NotRequired[pulumi.Input[str]]
    """The family, such as `lambda-stack-24-04`."""


@pulumi.input_type
class _ImageArgs:
    id: pulumi.Input[str]
    family: pulumi.Input[str]


@pulumi.output_type
class Image:
    """What an instance boots: one image by its id, or the newest of a family."""

    id: str | None
    """The id of an image of the instance's region and architecture."""

    family: str | None
    """The family, such as `lambda-stack-24-04`."""


class FirewallRuleArgs(TypedDict):
    """One kind of traffic that may come in; whatever no rule names is refused."""

    protocol: pulumi.Input[str]
    """What may come in: `tcp`, `udp`, `icmp`, or `all` of them."""

    port_range: NotRequired[pulumi.Input[Sequence[pulumi.Input[int]]]]
    """First and last port, both included; required except for `icmp`, which has none."""

    source_network: pulumi.Input[str]
    """Whom it may come from: an IPv4 network in CIDR notation, or one address."""

    description: NotRequired[pulumi.Input[str]]
    """What the rule is for, at most 128 characters."""


@pulumi.input_type
class _FirewallRuleArgs:
    protocol: pulumi.Input[str]
    port_range: pulumi.Input[Sequence[pulumi.Input[int]]] = pulumi.property("portRange")
    source_network: pulumi.Input[str] = pulumi.property("sourceNetwork")
    description: pulumi.Input[str]


@pulumi.output_type
class FirewallRule:
    """One kind of traffic that may come in; whatever no rule names is refused."""

    protocol: str
    """What may come in: `tcp`, `udp`, `icmp`, or `all` of them."""

    port_range: Sequence[int] | None = pulumi.property("portRange")
    """First and last port, both included; required except for `icmp`, which has none."""

    source_network: str = pulumi.property("sourceNetwork")
    """Whom it may come from: an IPv4 network in CIDR notation, or one address."""

    description: str
    """What the rule is for, at most 128 characters."""


@pulumi.input_type
class _InstanceArgs:
    name: pulumi.Input[str]
    candidates: pulumi.Input[Sequence[pulumi.Input[_CandidateArgs]]]
    ssh_key_name: pulumi.Input[str] = pulumi.property("sshKeyName")
    file_system_names: pulumi.Input[Sequence[pulumi.Input[str]]] = pulumi.property("fileSystemNames")
    file_system_mounts: pulumi.Input[Sequence[pulumi.Input[_MountArgs]]] = pulumi.property("fileSystemMounts")
    hostname: pulumi.Input[str]
    tags: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    firewall_ruleset_ids: pulumi.Input[Sequence[pulumi.Input[str]]] = pulumi.property("firewallRulesetIds")
    image: pulumi.Input[_ImageArgs]
    user_data: pulumi.Input[str] = pulumi.property("userData")
    expected_ip: pulumi.Input[str] = pulumi.property("expectedIp")
    deletion_protection: pulumi.Input[bool] = pulumi.property("deletionProtection")
    max_price_cents_per_hour: pulumi.Input[int] = pulumi.property("maxPriceCentsPerHour")
    capacity_deadline_seconds: pulumi.Input[float] = pulumi.property("capacityDeadlineSeconds")


class Instance(pulumi.CustomResource):
    """A machine of Lambda Cloud, returned as soon as it has an id; `InstanceReady` waits until it can be used.

    It is launched exactly once: a tag with the resource's identity finds what a lost answer or a crash left behind.
    There is no stop: a replacement destroys disk and address, so it is made after the old machine is gone.
    """

    name: pulumi.Output[str]
    """What people call it, 1 to 64 characters; the only thing that can be changed while it runs. Not unique."""

    candidates: pulumi.Output[Sequence[Candidate]]
    """Types and regions it may have, the preferred first, all of one architecture. It is launched as the first that
    has capacity, and stays what it is while that is in the list.
    """

    ssh_key_name: pulumi.Output[str] = pulumi.property("sshKeyName")
    """The account's SSH key that may log in."""

    file_system_names: pulumi.Output[Sequence[str]] = pulumi.property("fileSystemNames")
    """File systems of its region, mounted under `/lambda/nfs`."""

    file_system_mounts: pulumi.Output[Sequence[Mount]] = pulumi.property("fileSystemMounts")
    """File systems of its region, and where they are mounted."""

    hostname: pulumi.Output[str | None]
    """Its host name; absent: Lambda's choice."""

    tags: pulumi.Output[Mapping[str, str]]
    """Keys and values; the provider adds `pulumi:owner`, by which it finds its own machines."""

    firewall_ruleset_ids: pulumi.Output[Sequence[str]] = pulumi.property("firewallRulesetIds")
    """Rulesets of its region; change their rules in place rather than the list."""

    image: pulumi.Output[Image | None]
    """What it boots; absent: the newest Lambda Stack. The API never tells."""

    user_data: pulumi.Output[str | None] = pulumi.property("userData")
    """Fingerprint of what was given: What cloud-init runs at the first boot, at most 1 MB. The API never tells."""

    expected_ip: pulumi.Output[str | None] = pulumi.property("expectedIp")
    """The public address it must have: an assertion on an adopted machine, because an address cannot be chosen, kept
    or moved. Another live address shows as a difference that no update can repair.
    """

    deletion_protection: pulumi.Output[bool] = pulumi.property("deletionProtection")
    """Whether deleting and replacing it are refused."""

    max_price_cents_per_hour: pulumi.Output[int | None] = pulumi.property("maxPriceCentsPerHour")
    """Nothing dearer is launched; absent: any price."""

    capacity_deadline_seconds: pulumi.Output[float] = pulumi.property("capacityDeadlineSeconds")
    """How long capacity is waited for when no candidate has any; 0: every candidate is tried once."""

    status: pulumi.Output[str]
    """`booting`, `active` or `unhealthy`, as last read."""

    ip: pulumi.Output[str | None]
    """Public address, once it has one; `InstanceReady` waits for it."""

    private_ip: pulumi.Output[str | None] = pulumi.property("privateIp")
    """Address inside its region, once it has one."""

    instance_type: pulumi.Output[str] = pulumi.property("instanceType")
    """The type it was launched as."""

    region: pulumi.Output[str]
    """The region it was launched in."""

    price_cents_per_hour: pulumi.Output[int] = pulumi.property("priceCentsPerHour")
    """What it costs, as last read."""

    unknown_properties: pulumi.Output[Sequence[str]] = pulumi.property("unknownProperties")
    """Inputs that nothing is known of since an import; they never differ."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        candidates: pulumi.Input[Sequence[pulumi.Input[CandidateArgs]]],
        ssh_key_name: pulumi.Input[str],
        file_system_names: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        file_system_mounts: pulumi.Input[Sequence[pulumi.Input[MountArgs]]] | None = None,
        hostname: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        firewall_ruleset_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        image: pulumi.Input[ImageArgs] | None = None,
        user_data: pulumi.Input[str] | None = None,
        expected_ip: pulumi.Input[str] | None = None,
        deletion_protection: pulumi.Input[bool] | None = None,
        max_price_cents_per_hour: pulumi.Input[int] | None = None,
        capacity_deadline_seconds: pulumi.Input[float] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: What people call it, 1 to 64 characters; the only thing that can be changed while it runs. Not
                unique.
            candidates: Types and regions it may have, the preferred first, all of one architecture. It is launched
                as the first that has capacity, and stays what it is while that is in the list.
            ssh_key_name: The account's SSH key that may log in.
            file_system_names: File systems of its region, mounted under `/lambda/nfs`.
            file_system_mounts: File systems of its region, and where they are mounted.
            hostname: Its host name; absent: Lambda's choice.
            tags: Keys and values; the provider adds `pulumi:owner`, by which it finds its own machines.
            firewall_ruleset_ids: Rulesets of its region; change their rules in place rather than the list.
            image: What it boots; absent: the newest Lambda Stack. The API never tells.
            user_data: What cloud-init runs at the first boot, at most 1 MB. The API never tells.
            expected_ip: The public address it must have: an assertion on an adopted machine, because an address
                cannot be chosen, kept or moved. Another live address shows as a difference that no update can
                repair.
            deletion_protection: Whether deleting and replacing it are refused.
            max_price_cents_per_hour: Nothing dearer is launched; absent: any price.
            capacity_deadline_seconds: How long capacity is waited for when no candidate has any; 0: every candidate
                is tried once.
            opts: options of the resource.
        """
        args = _InstanceArgs.__new__(_InstanceArgs)
        args.__dict__.update(
            name=name,
            candidates=candidates,
            ssh_key_name=ssh_key_name,
            file_system_names=file_system_names,
            file_system_mounts=file_system_mounts,
            hostname=hostname,
            tags=tags,
            firewall_ruleset_ids=firewall_ruleset_ids,
            image=image,
            user_data=None if user_data is None else pulumi.Output.secret(user_data),
            expected_ip=expected_ip,
            deletion_protection=deletion_protection,
            max_price_cents_per_hour=max_price_cents_per_hour,
            capacity_deadline_seconds=capacity_deadline_seconds,
            status=None,
            ip=None,
            private_ip=None,
            instance_type=None,
            region=None,
            price_cents_per_hour=None,
            unknown_properties=None,
        )
        sealed = pulumi.ResourceOptions(
            delete_before_replace=True,
        )
        opts = pulumi.ResourceOptions.merge(opts, sealed)
        props: Any = args
        super().__init__("lambda-cloud:index:Instance", resource_name, props, opts)


@pulumi.input_type
class _InstanceReadyArgs:
    instance_id: pulumi.Input[str] = pulumi.property("instanceId")
    timeout_seconds: pulumi.Input[float] = pulumi.property("timeoutSeconds")


class InstanceReady(pulumi.CustomResource):
    """The moment from which a machine is active and has an address; whether SSH answers is not asked.

    It is a resource of its own so that a slow boot never loses the id of a machine that costs money. Deleting it
    does nothing.
    """

    instance_id: pulumi.Output[str] = pulumi.property("instanceId")
    """The machine's id."""

    timeout_seconds: pulumi.Output[float] = pulumi.property("timeoutSeconds")
    """How long it may take to boot: machines with one GPU need 3 to 5 minutes, those with eight up to 20."""

    ip: pulumi.Output[str]
    """Public address."""

    private_ip: pulumi.Output[str | None] = pulumi.property("privateIp")
    """Address inside its region; the API does not always tell it."""

    region: pulumi.Output[str]
    """The region it is in."""

    instance_type: pulumi.Output[str] = pulumi.property("instanceType")
    """The type it is."""

    def __init__(
        self,
        resource_name: str,
        *,
        instance_id: pulumi.Input[str],
        timeout_seconds: pulumi.Input[float] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            instance_id: The machine's id.
            timeout_seconds: How long it may take to boot: machines with one GPU need 3 to 5 minutes, those with
                eight up to 20.
            opts: options of the resource.
        """
        args = _InstanceReadyArgs.__new__(_InstanceReadyArgs)
        args.__dict__.update(
            instance_id=instance_id,
            timeout_seconds=timeout_seconds,
            ip=None,
            private_ip=None,
            region=None,
            instance_type=None,
        )
        props: Any = args
        super().__init__("lambda-cloud:index:InstanceReady", resource_name, props, opts)


@pulumi.input_type
class _SshKeyArgs:
    name: pulumi.Input[str]
    public_key: pulumi.Input[str] = pulumi.property("publicKey")


class SshKey(pulumi.CustomResource):
    """A public SSH key of the account, which instances name at launch.

    Machines that were launched with a key keep it, whatever becomes of it here. A key is known by its text: one
    that the account already has is adopted with `import_`, never added twice. Lambda is never asked to make a pair.
    """

    name: pulumi.Output[str]
    """What instances call it by."""

    public_key: pulumi.Output[str] = pulumi.property("publicKey")
    """The public half, as one line in OpenSSH's form; its comment is dropped."""

    fingerprint: pulumi.Output[str | None]
    """`SHA256:` and 43 characters, as `ssh-keygen -l` shows it; none of a kind that OpenSSH does not know."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        public_key: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: What instances call it by.
            public_key: The public half, as one line in OpenSSH's form; its comment is dropped.
            opts: options of the resource.
        """
        args = _SshKeyArgs.__new__(_SshKeyArgs)
        args.__dict__.update(
            name=name,
            public_key=public_key,
            fingerprint=None,
        )
        sealed = pulumi.ResourceOptions(
            delete_before_replace=True,
        )
        opts = pulumi.ResourceOptions.merge(opts, sealed)
        props: Any = args
        super().__init__("lambda-cloud:index:SshKey", resource_name, props, opts)


@pulumi.input_type
class _FilesystemArgs:
    name: pulumi.Input[str]
    region: pulumi.Input[str]
    deletion_protection: pulumi.Input[bool] = pulumi.property("deletionProtection")


class Filesystem(pulumi.CustomResource):
    """A file system that outlives the instances that mount it, and costs money by what it holds until it is deleted.

    Deleting it destroys what it holds. Names are unique: one that exists is adopted with `import_`.
    """

    name: pulumi.Output[str]
    """Its name: a letter, then letters, digits and hyphens, at most 60 in all. Another name is another, empty one."""

    region: pulumi.Output[str]
    """The region it is in; only instances there can mount it."""

    deletion_protection: pulumi.Output[bool] = pulumi.property("deletionProtection")
    """Whether deleting or replacing it is refused."""

    mount_point: pulumi.Output[str] = pulumi.property("mountPoint")
    """Where instances find it unless they say otherwise."""

    is_in_use: pulumi.Output[bool] = pulumi.property("isInUse")
    """Whether an instance mounted it when it was last read."""

    bytes_used: pulumi.Output[int | None] = pulumi.property("bytesUsed")
    """How much it held when it was last read; none while Lambda does not tell."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        region: pulumi.Input[str],
        deletion_protection: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: Its name: a letter, then letters, digits and hyphens, at most 60 in all. Another name is another,
                empty one.
            region: The region it is in; only instances there can mount it.
            deletion_protection: Whether deleting or replacing it is refused.
            opts: options of the resource.
        """
        args = _FilesystemArgs.__new__(_FilesystemArgs)
        args.__dict__.update(
            name=name,
            region=region,
            deletion_protection=deletion_protection,
            mount_point=None,
            is_in_use=None,
            bytes_used=None,
        )
        props: Any = args
        super().__init__("lambda-cloud:index:Filesystem", resource_name, props, opts)


@pulumi.input_type
class _FirewallRulesetArgs:
    name: pulumi.Input[str]
    region: pulumi.Input[str]
    rules: pulumi.Input[Sequence[pulumi.Input[_FirewallRuleArgs]]]


class FirewallRuleset(pulumi.CustomResource):
    """A list of rules that instances of one region refer to at launch; what no rule allows is refused.

    Only the rules that hold for the whole account (`GlobalFirewallRuleset`) allow beyond it. One that exists with
    the same name in the same region is adopted with `import_`, never made twice, also where a run was killed before
    it could record it: nothing in the account says whose a ruleset is.
    """

    name: pulumi.Output[str]
    """Its name, unique in its region; it changes in place."""

    region: pulumi.Output[str]
    """The region of the instances that may refer to it; not us-south-1, where Lambda enforces no rule."""

    rules: pulumi.Output[Sequence[FirewallRule]]
    """What may come in, at most 20 rules; they change in place, also while instances refer to them."""

    instance_ids: pulumi.Output[Sequence[str]] = pulumi.property("instanceIds")
    """The instances that referred to it when it was last read."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        region: pulumi.Input[str],
        rules: pulumi.Input[Sequence[pulumi.Input[FirewallRuleArgs]]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            name: Its name, unique in its region; it changes in place.
            region: The region of the instances that may refer to it; not us-south-1, where Lambda enforces no rule.
            rules: What may come in, at most 20 rules; they change in place, also while instances refer to them.
            opts: options of the resource.
        """
        args = _FirewallRulesetArgs.__new__(_FirewallRulesetArgs)
        args.__dict__.update(
            name=name,
            region=region,
            rules=rules,
            instance_ids=None,
        )
        props: Any = args
        super().__init__("lambda-cloud:index:FirewallRuleset", resource_name, props, opts)


@pulumi.input_type
class _GlobalFirewallRulesetArgs:
    rules: pulumi.Input[Sequence[pulumi.Input[_FirewallRuleArgs]]]
    unmanaged_rules: pulumi.Input[str] = pulumi.property("unmanagedRules")


class GlobalFirewallRuleset(pulumi.CustomResource):
    """The one ruleset that holds for all instances of the account, beside the rulesets they refer to.

    It always exists, under the id `global`, and at most one stack may own it: `import_="global"` adopts it as it
    is, and a create succeeds only where every live rule is declared. Deleting the resource leaves the rules as they
    are, because Lambda cannot delete them. They do not hold in us-south-1.
    """

    rules: pulumi.Output[Sequence[FirewallRule]]
    """What may come in to every instance of the account, at most 20 rules; they change in place."""

    unmanaged_rules: pulumi.Output[str] = pulumi.property("unmanagedRules")
    """What becomes of live rules that are neither declared here nor written by this resource before: `refuse` to
    change anything, or `remove` them.
    """

    owned_rules: pulumi.Output[Sequence[FirewallRule]] = pulumi.property("ownedRules")
    """The rules that this resource wrote last; none after an import."""

    def __init__(
        self,
        resource_name: str,
        *,
        rules: pulumi.Input[Sequence[pulumi.Input[FirewallRuleArgs]]],
        unmanaged_rules: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            rules: What may come in to every instance of the account, at most 20 rules; they change in place.
            unmanaged_rules: What becomes of live rules that are neither declared here nor written by this resource
                before: `refuse` to change anything, or `remove` them.
            opts: options of the resource.
        """
        args = _GlobalFirewallRulesetArgs.__new__(_GlobalFirewallRulesetArgs)
        args.__dict__.update(
            rules=rules,
            unmanaged_rules=unmanaged_rules,
            owned_rules=None,
        )
        props: Any = args
        super().__init__("lambda-cloud:index:GlobalFirewallRuleset", resource_name, props, opts)


class Provider(pulumi.ProviderResource):
    """Configuration of the lambda-cloud provider, for resources that name it."""

    def __init__(
        self,
        resource_name: str,
        *,
        fingerprint_key: pulumi.Input[str] | None = None,
        api_key: pulumi.Input[str] | None = None,
        api_url: pulumi.Input[str] | None = None,
        clock_speed: pulumi.Input[float] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            fingerprint_key: Key under which write-only values are fingerprinted, so that a change of one shows
                without storing it.
            api_key: An API key of the account, without white space. Given by the environment, it is never stored.
            api_url: Scheme and host of the API.
            clock_speed: How many times faster than real time the API's clock runs: 1 for Lambda itself, more for a
                rehearsal of it. Every interval, poll and deadline is divided by it.
            opts: options of the resource.
        """
        props: dict[str, Any] = {
            "fingerprintKey": None if fingerprint_key is None else pulumi.Output.secret(fingerprint_key),
            "apiKey": None if api_key is None else pulumi.Output.secret(api_key),
            "apiUrl": api_url,
            "clockSpeed": None if clock_speed is None else pulumi.Output.json_dumps(clock_speed),
        }
        super().__init__("lambda-cloud", resource_name, props, opts)
