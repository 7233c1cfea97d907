"""``sophia:sites:Sites``."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

import catalog
from catalog.site import NGINX_FILE, server_of
from components.gateway import browsers, objects
from components.sites import server
from components.vercel.site import Site
from components.workload.namespace import Guarded
from components.workload.pod import Manifest
from components.workload.workload import Workload


class Sites(pulumi.ComponentResource):
    """``sophia:sites:Sites``: whoever the stack chose serves the public sites; whoever leaves does too for a while.

    Creates:
        - ``vercel`` and Project: the provider, and each project from before that the stack takes over; none is
          deleted before it was released.
        - ``sophia:vercel:Site`` for each site, where Vercel serves them.
        - Namespace with the Pod Security Standard "restricted" enforced, where the cluster serves them.
        - ResourceQuota and LimitRange, computed from the stack's nodes.
        - NetworkPolicy that denies everything, both ways.
        - Secret with the registry's credentials.
        - Middleware that makes answers say what those at Vercel say.
        - ``sophia:workload:Workload`` for each site, with its route.
        - HTTPRoute for each host that leads on to another.

    Does not create the listeners and certificates of their hosts, which are the gateway's, nor the records; and nothing
    at all in a stack that does not own the sites.
    """

    verifications: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """Texts by which Vercel wants a host proven, by the name at which each is to stand, by host."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        gateway: pulumi.Input[str],
        secrets: Mapping[str, pulumi.Output[str]],
        fingerprint_key: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the sites.

        Args:
            name: logical name, and the name of the namespace.
            stack: the stack's choice from the catalog: who serves the sites.
            gateway: the host at which the cluster's gateway answers.
            secrets: secret values by canonical name, those that pull images among them.
            fingerprint_key: key of the checksums that stand for secrets in the pods' annotations.
            opts: resource options; it waits for the gateway.
        """
        super().__init__("sophia:sites:Sites", name, {"served_by": list(stack.sides)}, opts)
        self.verifications = pulumi.Output.from_input({})
        if "vercel" in stack.sides or stack.legacy_projects:
            self._at_vercel(name, stack, gateway, secrets)
        if "cluster" in stack.sides:
            self._in_cluster(name, stack, secrets, fingerprint_key)
        self.register_outputs({"verifications": self.verifications})

    def _at_vercel(
        self,
        name: str,
        stack: catalog.Stack,
        gateway: pulumi.Input[str],
        secrets: Mapping[str, pulumi.Output[str]],
    ) -> None:
        import pulumiverse_vercel as vercel  # noqa: PLC0415 - 0.08 s of every other program's start

        # It has the token of its environment alone: what is given to a resource is kept in the state.
        provider = vercel.Provider(f"{name}-provider", team=stack.sites.team, opts=pulumi.ResourceOptions(parent=self))
        for called, project in stack.legacy_projects.items():
            vercel.Project(
                f"{name}-legacy-{called}",
                name=called,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    provider=provider,
                    import_=project,
                    protect=called not in stack.released_projects,
                    # Nothing is changed of what is only to go one day.
                    ignore_changes=["*"],
                ),
            )
        if "vercel" not in stack.sides:
            return
        sites = [
            Site(
                f"{name}-{called}",
                stack=stack,
                site=called,
                gateway=gateway,
                secrets=secrets,
                opts=pulumi.ResourceOptions(parent=self, providers=[provider]),
            )
            for called in stack.sites.sites
        ]
        self.verifications = pulumi.Output.all(*(site.verifications for site in sites)).apply(_joined)

    def _in_cluster(
        self,
        name: str,
        stack: catalog.Stack,
        secrets: Mapping[str, pulumi.Output[str]],
        fingerprint_key: pulumi.Output[str],
    ) -> None:
        child = pulumi.ResourceOptions(parent=self)
        namespace = Guarded(name, stack=stack, secrets=secrets, opts=child)

        def custom(logical: str, api: str, kind: str, called: str, spec: Manifest) -> None:
            metadata = {"name": called, **namespace.inside}
            CustomResource(f"{name}-{logical}", api_version=api, kind=kind, metadata=metadata, spec=spec, opts=child)

        custom(browsers.SITES, "traefik.io/v1alpha1", "Middleware", browsers.SITES, browsers.of_sites(stack))
        workloads = {one.name: one for one in stack.web}
        for called, site in stack.sites.sites.items():
            spec = workloads[server_of(called)]
            Workload(
                spec.object_name,
                spec=spec,
                namespace=namespace.name,
                image=stack.image(spec.image),
                environment={},
                secrets={},
                files={NGINX_FILE: server.nginx(stack, site, spec.ports[0].port)},
                route=objects.site_route(stack, site, spec),
                fingerprint_key=fingerprint_key,
                pull_secret=namespace.pull_secret,
                opts=child,
            )
            for host, target in server.redirects(site).items():
                below = stack.zone.below(host).replace(".", "-") or "apex"
                custom(
                    f"{below}-redirect",
                    objects.GATEWAY_API,
                    "HTTPRoute",
                    f"redirect-{below}",
                    objects.host_redirect(stack, host, target),
                )


def _joined(found: Sequence[Mapping[str, Mapping[str, str]]]) -> Mapping[str, Mapping[str, str]]:
    return {host: texts for one in found for host, texts in one.items()}
