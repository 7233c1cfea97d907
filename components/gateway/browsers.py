"""What answers say beside their content, as Traefik's middlewares: the table of ``catalog/sites.yaml``."""

from typing import Any

import catalog

SITES = "headers"
"""Middleware of the sites."""
GATEWAY = "headers"
"""Middleware of what is behind the gateway's own host."""


def of_sites(stack: catalog.Stack) -> dict[str, Any]:
    """Return the spec of the Middleware that answers of a site are led through.

    Args:
        stack: the stack that owns the sites.
    """
    return {"headers": {"customResponseHeaders": dict(stack.headers)}}


def of_gateway(stack: catalog.Stack) -> dict[str, Any]:
    """Return the spec of the Middleware for what the pages of the sites may ask for, and nobody else's.

    Traefik answers a browser's question before it asks (Fetch standard, section 3.2.2) itself.

    Args:
        stack: any stack: its own gateway answers.
    """
    cors = stack.sites.cors
    pages = [
        f"https://{host}"
        for site in stack.sites.sites.values()
        for host, one in site.domains.items()
        if not one.redirect
    ]
    return {
        "headers": {
            "customResponseHeaders": dict(stack.headers),
            "accessControlAllowOriginList": sorted(pages),
            "accessControlAllowMethods": list(cors.methods),
            "accessControlAllowHeaders": list(cors.headers),
            "accessControlAllowCredentials": cors.credentials,
            "accessControlMaxAge": cors.max_age_seconds,
            "addVaryHeader": True,
        }
    }
