"""Projects."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field
from typing_extensions import override

from providers.kit import Created, Live, Model, Operation, ProviderError, Resource
from rehearsal.vercel.client import Client, Json
from rehearsal.vercel.models import Inputs, mirrored

_PROTECTIONS: Final = {
    "standard_protection_new": "all_except_custom_domains",
    "standard_protection": "prod_deployment_urls_and_all_previews",
    "all_deployments": "all",
    "only_preview_deployments": "preview",
    "none": None,
}
"""Names of the provider, and those of the API."""
_AGES: Final = {"30 minutes": 1800, "12 hours": 43200, "1 day": 86400, "7 days": 604800}
_PLAIN: Final = {
    "auto_assign_custom_domains": "autoAssignCustomDomains",
    "automatically_expose_system_environment_variables": "autoExposeSystemEnvs",
    "build_command": "buildCommand",
    "directory_listing": "directoryListing",
    "framework": "framework",
    "git_fork_protection": "gitForkProtection",
    "install_command": "installCommand",
    "name": "name",
    "node_version": "nodeVersion",
    "output_directory": "outputDirectory",
    "preview_deployments_disabled": "previewDeploymentsDisabled",
    "protected_sourcemaps": "protectedSourcemaps",
    "root_directory": "rootDirectory",
}
"""Inputs that the API has under another name alone."""


class GitRepository(Model):
    """What a project is built from."""

    type: Literal["github", "gitlab", "bitbucket"]
    """Who keeps it."""
    repo: str
    """Its owner and name."""
    production_branch: str | None = None
    """The branch that production is built from."""
    deploy_hooks: Any = None
    """Addresses that start a deployment."""


class VercelAuthentication(Model):
    """Which deployments only people of the team see."""

    deployment_type: (
        Literal["standard_protection_new", "standard_protection", "all_deployments", "only_preview_deployments", "none"]
        | None
    ) = None
    """Which."""


class ProjectInputs(Inputs):
    """A project."""

    refused: ClassVar[tuple[str, ...]] = (
        *("build_machine_type", "customer_success_code_visibility", "dev_command"),
        *("enable_affected_projects_deployments", "enable_preview_feedback", "enable_production_feedback"),
        *("environments", "function_failover", "git_comments", "git_lfs", "git_provider_options", "ignore_command"),
        *("oidc_token_config", "on_demand_concurrent_builds", "options_allowlist", "passport", "password_protection"),
        *("preview_comments", "preview_deployment_suffix", "prioritise_production_builds", "public_source"),
        *("resource_config", "serverless_function_region", "team_id", "trusted_ips", "trusted_sources"),
    )

    auto_assign_custom_domains: bool | None = None
    automatically_expose_system_environment_variables: bool | None = None
    build_command: str | None = None
    build_machine_type: Any = None
    customer_success_code_visibility: Any = None
    dev_command: Any = None
    directory_listing: bool | None = None
    enable_affected_projects_deployments: Any = None
    enable_preview_feedback: Any = None
    enable_production_feedback: Any = None
    environments: Any = None
    framework: str | None = None
    function_failover: Any = None
    git_comments: Any = None
    git_fork_protection: bool | None = None
    git_lfs: Any = None
    git_provider_options: Any = None
    git_repository: GitRepository | None = None
    ignore_command: Any = None
    install_command: str | None = None
    name: Annotated[str | None, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")] = None
    """Its name: at most 100 lower-case letters, digits, dots, hyphens and underscores."""
    node_version: Literal["18.x", "20.x", "22.x", "24.x"] | None = None
    oidc_token_config: Any = None
    on_demand_concurrent_builds: Any = None
    options_allowlist: Any = None
    output_directory: str | None = None
    passport: Any = None
    password_protection: Any = None
    preview_comments: Any = None
    preview_deployment_suffix: Any = None
    preview_deployments_disabled: bool | None = None
    prioritise_production_builds: Any = None
    protected_sourcemaps: bool | None = None
    public_source: Any = None
    resource_config: Any = None
    root_directory: str | None = None
    serverless_function_region: Any = None
    skew_protection: Literal["30 minutes", "12 hours", "1 day", "7 days"] | None = None
    team_id: Any = None
    trusted_ips: Any = None
    trusted_sources: Any = None
    vercel_authentication: VercelAuthentication | None = None


class ProjectOutputs(Model):
    """Nothing beyond its inputs."""


class Project(Resource[ProjectInputs, ProjectOutputs, Client]):
    """A project: what is built from a repository, and how."""

    module: ClassVar[str] = "index/project"

    @override
    async def create(self, inputs: ProjectInputs, operation: Operation) -> Created[ProjectOutputs]:
        if inputs.name is None:
            what = f"{operation.name}: a project has a name"
            raise ProviderError(what, "give it one")
        made = await self.client.send("POST", "/v8/projects", _body(inputs))
        if inputs.git_repository and (branch := inputs.git_repository.production_branch):
            await self.client.send("PATCH", f"/v9/projects/{made['id']}/branch", {"branch": branch})
        return Created(made["id"], ProjectOutputs())

    @override
    async def read(
        self, resource_id: str, known: Live[ProjectInputs, ProjectOutputs] | None, operation: Operation
    ) -> Live[ProjectInputs, ProjectOutputs] | None:
        found = await self.client.find(f"/v10/projects/{resource_id}")
        if found is None:
            return None
        return Live(mirrored(ProjectInputs, _shown(found), known.inputs if known else None), ProjectOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[ProjectInputs, ProjectOutputs],
        inputs: ProjectInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> ProjectOutputs:
        body = _body(inputs)
        body.pop("gitRepository", None)
        await self.client.send("PATCH", f"/v9/projects/{resource_id}", body)
        if "git_repository" in changed and inputs.git_repository:
            link = {"type": inputs.git_repository.type, "repo": inputs.git_repository.repo}
            await self.client.send("POST", f"/v9/projects/{resource_id}/link", link)
            if branch := inputs.git_repository.production_branch:
                await self.client.send("PATCH", f"/v9/projects/{resource_id}/branch", {"branch": branch})
        return ProjectOutputs()

    @override
    async def delete(self, resource_id: str, old: Live[ProjectInputs, ProjectOutputs], operation: Operation) -> None:
        await self.client.remove(f"/v8/projects/{resource_id}")


def _body(inputs: ProjectInputs) -> Json:
    body: Json = {wire: value for name, wire in _PLAIN.items() if (value := getattr(inputs, name)) is not None}
    if inputs.git_repository:
        body["gitRepository"] = {"type": inputs.git_repository.type, "repo": inputs.git_repository.repo}
    if inputs.skew_protection:
        body["skewProtectionMaxAge"] = _AGES[inputs.skew_protection]
    if inputs.vercel_authentication and (chosen := inputs.vercel_authentication.deployment_type):
        kind = _PROTECTIONS[chosen]
        body["ssoProtection"] = {"deploymentType": kind} if kind else None
    return body


def _shown(found: Json) -> Json:
    """Return what exists, by Python name."""
    shown: Json = {name: found.get(wire) for name, wire in _PLAIN.items()}
    link, kind = found.get("link"), (found.get("ssoProtection") or {}).get("deploymentType")
    if link:
        repo = f"{link['org']}/{link['repo']}"
        branch = link.get("productionBranch")
        shown["git_repository"] = GitRepository(type=link["type"], repo=repo, production_branch=branch)
    else:
        shown["git_repository"] = None
    names = {wire: name for name, wire in _PROTECTIONS.items()}
    shown["vercel_authentication"] = VercelAuthentication.model_validate({"deployment_type": names[kind]})
    ages = {seconds: name for name, seconds in _AGES.items()}
    shown["skew_protection"] = ages.get(found.get("skewProtectionMaxAge") or 0)
    return shown
