"""``sophia:addons:Addon``."""

import pulumi

import catalog
from catalog.addons import Manifest
from components.workload.labels import namespace_labels
from components.workload.objects import NOT_AWAITED

_DEFINITION = "CustomResourceDefinition"


class Addon(pulumi.ComponentResource):
    """``sophia:addons:Addon``: an add-on is in the cluster, object by object, its definitions of resources first.

    Creates:
        - Namespace, where the add-on has one of its own.
        - CustomResourceDefinition for each kind that it brings.
        - ServiceAccount and Deployment and Service, as set-up rendered them, like the rest.
        - ClusterRole and ClusterRoleBinding.
        - Role and RoleBinding.
        - MutatingWebhookConfiguration and ValidatingWebhookConfiguration.
        - ValidatingAdmissionPolicy and ValidatingAdmissionPolicyBinding.

    Does not wait until it works: what needs it does.
    """

    digest: pulumi.Output[str]
    """SHA-256 of what is brought."""

    def __init__(
        self, name: str, *, addon: str, stack: catalog.Stack, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Build the add-on.

        Args:
            name: logical name.
            addon: its name in the catalog.
            stack: the stack's choice from the catalog: its add-ons, its images.
            opts: resource options.

        Raises:
            CatalogError: set-up has not rendered it.
        """
        facts = {"addon": addon, "digest": stack.addon_lock.bundles[addon]}
        super().__init__("sophia:addons:Addon", name, facts, opts)
        child = pulumi.ResourceOptions(parent=self)
        objects = stack.addon(addon)
        first: list[pulumi.Resource] = []
        if space := stack.addons[addon].namespace:
            namespace = {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": space, "labels": namespace_labels()},
            }
            first.append(_Object(_logical(name, addon, namespace), namespace, child))
        first += [_Object(_logical(name, addon, one), one, child) for one in objects if one["kind"] == _DEFINITION]
        after = pulumi.ResourceOptions(parent=self, depends_on=first)
        for one in objects:
            if one["kind"] != _DEFINITION:
                _Object(_logical(name, addon, one), one, after)
        self.digest = pulumi.Output.from_input(facts["digest"])
        self.register_outputs({"digest": self.digest})


class _Object(pulumi.CustomResource):
    """One object, as the API spells it: what is rendered needs no translation."""

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        group, _, version = manifest["apiVersion"].rpartition("/")
        token = f"kubernetes:{group or 'core'}/{version}:{manifest['kind']}"
        super().__init__(token, name, _unawaited(manifest), opts)


def _unawaited(manifest: Manifest) -> Manifest:
    """Return an object that an `up` waits for no longer than it must."""
    if manifest["kind"] != "Service":
        return dict(manifest)
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **NOT_AWAITED}}}


def _logical(name: str, addon: str, manifest: Manifest) -> str:
    """Return a name that no other object of the stack has: kinds repeat names, and namespaces too."""
    metadata = manifest["metadata"]
    own = metadata["name"].removeprefix(addon).strip("-:") or "own"
    words = [name, own, manifest["kind"].lower()]
    if metadata.get("namespace") == "kube-system":
        words.append("system")
    return "-".join(words).replace(":", "-").replace(".", "-")
