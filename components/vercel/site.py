"""``sophia:vercel:Site``."""

from collections.abc import Mapping

import pulumi

import catalog
from catalog.site import Target
from catalog.zone_rules import filled
from components.vercel import plan

_PERMANENT = 308


class Site(pulumi.ComponentResource):
    """``sophia:vercel:Site``: a project at Vercel builds one site from its repository and answers at its hosts.

    Creates:
        - Project and ProjectCrons and FirewallConfig: it is connected to its repository, and protected.
        - ProjectRoute for each rule: headers, files that never change, and the front page for every path of a page.
        - ProjectEnvironmentVariable for each variable and target: public ones, and secrets as sensitive ones.
        - Deployment of the production branch, so that a host never leads to nothing.
        - ProjectDomain for each host.

    Does not create the records that lead there; ``verifications`` says what they need beside addresses.
    """

    verifications: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """Texts by which Vercel wants a host proven, by the name at which each is to stand, by host."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        site: str,
        gateway: pulumi.Input[str],
        secrets: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the site.

        Args:
            name: logical name.
            stack: the stack that owns the sites: what it chose from the catalog.
            site: the site's name in the catalog.
            gateway: the host at which the cluster's gateway answers.
            secrets: secret values by canonical name.
            opts: resource options: the provider with the team.
        """
        import pulumiverse_vercel as vercel  # noqa: PLC0415 - 0.08 s of every other program's start

        spec = stack.sites.sites[site]
        facts = {"project": spec.project, "hosts": sorted(spec.domains), "secrets": sorted(spec.secrets)}
        super().__init__("sophia:vercel:Site", name, facts, opts)
        child = pulumi.ResourceOptions(parent=self)
        # While names lead here nothing of it is deleted, whoever asks; where they lead elsewhere it may go.
        kept = pulumi.ResourceOptions(parent=self, protect=stack.sides[0] == "vercel")
        project = vercel.Project(f"{name}-project", **plan.project(stack, spec), opts=kept)
        settled: list[pulumi.Resource] = [
            vercel.ProjectCrons(f"{name}-crons", project_id=project.id, enabled=spec.crons, opts=child),
            vercel.FirewallConfig(
                f"{name}-firewall", project_id=project.id, enabled=True, rules=plan.firewall(stack), opts=child
            ),
        ]
        position: plan.Spec = {"placement": "start"}
        for called, rule in plan.routes(stack, spec):
            route = vercel.ProjectRoute(
                f"{name}-{called}-route",
                project_id=project.id,
                name=called,
                enabled=True,
                position=position,
                route=rule,
                # Vercel stages all rules of a project as one version: two changes at once would refuse each other.
                opts=pulumi.ResourceOptions(parent=self, depends_on=settled[2:]),
            )
            position = {"placement": "after", "reference_route_id": route.id}
            settled.append(route)

        def variable(key: str, target: Target, value: pulumi.Input[str], *, sensitive: bool) -> pulumi.Resource:
            return vercel.ProjectEnvironmentVariable(
                f"{name}-{key.lower().replace('_', '-')}-{target}",
                project_id=project.id,
                key=key,
                value=value,
                # A sensitive one is never shown again, to nobody.
                sensitive=sensitive,
                # One target each: what production has, no preview gets.
                targets=[str(target)],
                opts=child,
            )

        for key, target, text in spec.values():
            value = _filled(text, stack, gateway)
            settled.append(variable(key, target, value, sensitive=False))
        for key, secret in spec.secrets.items():
            settled += [variable(key, target, secrets[secret], sensitive=True) for target in Target]
        built = vercel.Deployment(
            f"{name}-deployment",
            project_id=project.id,
            ref=stack.sites.production_branch,
            production=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=settled),
        )
        answering = pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[built]))
        domains: dict[str, vercel.ProjectDomain] = {}
        # Those that lead on come last: it is to one of the project's own.
        for host, domain in sorted(spec.domains.items(), key=lambda one: one[1].redirect is not None):
            domains[host] = vercel.ProjectDomain(
                f"{name}-{stack.zone.below(host).replace('.', '-') or 'apex'}",
                project_id=project.id,
                domain=host,
                git_branch=domain.branch,
                redirect=domains[domain.redirect].domain if domain.redirect else None,
                redirect_status_code=_PERMANENT if domain.redirect else None,
                opts=answering,
            )
        asked = {host: one.verifications.apply(_texts) for host, one in domains.items()}
        self.verifications = pulumi.Output.all(**asked)
        self.register_outputs({"verifications": self.verifications})


def _filled(text: str, stack: catalog.Stack, gateway: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return a variable's value with the hosts that it names; that of the gateway is the cluster's output."""

    def fill(host: str) -> str:
        return filled(text, {**stack.places, "gateway": host})

    return pulumi.Output.from_input(gateway).apply(fill)


def _texts(challenges: object) -> Mapping[str, str]:
    """Return the texts that Vercel asks for, by the name at which each is to stand."""
    found = challenges if isinstance(challenges, list) else []
    return {one["domain"]: one["value"] for one in found if one.get("type") == "TXT"}
