"""What a site is at Vercel, as pure functions of the catalog."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import catalog
from catalog.site import Site

Spec = Any
"""Arguments of a resource, or a part of them: the SDK's own types are as deep as they are."""


def project(stack: catalog.Stack, site: Site) -> Spec:
    """Return the arguments of the project.

    Args:
        stack: the stack that owns the sites.
        site: the site.
    """
    sites = stack.sites
    return {
        "name": site.project,
        "framework": site.framework,
        "root_directory": site.root,
        "install_command": sites.install,
        "build_command": site.build,
        "output_directory": site.output,
        "node_version": sites.node_version,
        "git_repository": {
            "type": "github",
            "repo": sites.repository,
            "production_branch": sites.production_branch,
        },
        # A stranger's pull request is not built with our variables before one of us has looked at it.
        "git_fork_protection": True,
        "vercel_authentication": {"deployment_type": sites.protection},
        "skew_protection": sites.skew_protection,
        "protected_sourcemaps": True,
        "directory_listing": False,
        "auto_assign_custom_domains": True,
    }


def routes(stack: catalog.Stack, site: Site) -> Iterator[tuple[str, Spec]]:
    """Yield the routing rules of the project by name, in their order.

    They are the project's and not a file's in its repository, so that a build cannot drop them.

    Args:
        stack: the stack that owns the sites.
        site: the site.
    """
    assets = stack.sites.assets
    yield "headers", {"src": "^/.*$", "transforms": _answered(stack.headers)}
    yield "assets", {"src": f"^{assets.path}.*$", "transforms": _answered({"Cache-Control": assets.cache})}
    if site.single_page:
        yield "pages", {"src": stack.sites.page_pattern, "dest": "/index.html"}


def firewall(stack: catalog.Stack) -> Spec:
    """Return the rules of the project's firewall: what only scanners ask for is refused.

    Args:
        stack: the stack that owns the sites.
    """
    groups = [{"conditions": [{"type": "path", "op": "pre", "value": path}]} for path in stack.sites.denied]
    rule = {"name": "scanners", "active": True, "action": {"action": "deny"}, "condition_groups": groups}
    return {"rules": [rule]}


def _answered(said: Mapping[str, str]) -> list[Spec]:
    """Return what makes an answer say something; target and arguments are documents of their own."""
    return [
        {"type": "response.headers", "op": "set", "target": json.dumps({"key": name}), "args": json.dumps(value)}
        for name, value in said.items()
    ]
