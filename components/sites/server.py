"""How the cluster serves a site, as pure functions of the catalog."""

import re
from collections.abc import Mapping

import catalog
from catalog.site import Site

ROOT = "/srv/site"
"""Where an image has the built bundle."""

_TYPES = {
    "text/html": "html",
    "text/css": "css",
    "text/javascript": "js mjs",
    "application/json": "json map",
    "application/manifest+json": "webmanifest",
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/jpeg": "jpg jpeg",
    "image/webp": "webp",
    "image/x-icon": "ico",
    "font/woff2": "woff2",
    "text/plain": "txt",
    "application/xml": "xml",
}
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def nginx(stack: catalog.Stack, site: Site, port: int) -> str:
    """Return the configuration of the nginx that serves a site's bundle; Traefik says the headers before it.

    Args:
        stack: the stack that owns the sites.
        site: the site.
        port: the port that it listens at.
    """
    assets, denied = stack.sites.assets, "|".join(map(re.escape, stack.sites.denied))
    types = "\n".join(f"        {kind} {endings};" for kind, endings in _TYPES.items())
    temporary = "\n".join(f"    {one}_temp_path /tmp/{one};" for one in _TEMPORARY)
    pages = (
        f'        location ~ "{stack.sites.page_pattern}" {{ try_files $uri $uri/index.html /index.html; }}\n'
        if site.single_page
        else ""
    )
    return f"""\
worker_processes 2;
daemon off;
pid /tmp/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    types {{
{types}
    }}
    default_type application/octet-stream;
    charset utf-8;
    server_tokens off;
    access_log off;
    sendfile on;
    gzip on;
    gzip_types text/css text/javascript application/json image/svg+xml;
{temporary}
    server {{
        listen {port};
        root {ROOT};
        absolute_redirect off;
        location = /healthz {{ return 204; }}
        location ~ "^({denied})" {{ return 403; }}
        location {assets.path} {{
            add_header Cache-Control "{assets.cache}";
            try_files $uri =404;
        }}
{pages}        location / {{ try_files $uri $uri/index.html =404; }}
    }}
}}
"""


def redirects(site: Site) -> Mapping[str, str]:
    """Return where hosts lead on to, by host.

    Args:
        site: the site.
    """
    return {host: domain.redirect for host, domain in site.domains.items() if domain.redirect}
