"""The sites' sample bundles, built by npm's packages, and the images that serve them from the cluster."""

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from catalog import Catalog
from catalog.site import Site, Target, server_of
from catalog.zone_rules import filled, places
from rehearsal.toolchain.debian import program_tree
from rehearsal.toolchain.edges import REPOSITORY, Edges
from rehearsal.toolchain.images import Image, Layer, of_tree
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.trees import Trees

SOURCES = REPOSITORY / "rehearsal/sites"
"""The sample."""

_BUNDLE = "srv/site"
_NGINX = "usr/sbin/nginx"
_LINKS = {"lib": "usr/lib", "lib64": "usr/lib64", "var/run": "/run"}
_LOADER = "ld-linux-*.so.*"
_LOADER_PLACE = "usr/lib64"


def is_site(reference: str) -> bool:
    """Tell whether an image holds a site.

    >>> is_site("scoobyjava15/sophia-site-app:1.0.0"), is_site("scoobyjava15/sophia-backup:1.0.0")
    (True, False)
    """
    return reference.rpartition("sophia-")[2].startswith(server_of(""))


def bundles(facts: Catalog, edges: Edges, progress: Progress) -> Path:
    """A folder with each site's bundle by its root in the repository and its target, such as ``admin/production``.

    Args:
        facts: what the catalog says is built into each.
        edges: the machine that the rehearsal runs on.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: npm's packages are not to be had, or do not build it.
    """
    trees = Trees(edges, progress)
    told = {
        (site.root, target): _variables(facts, site, target) for site in facts.sites.sites.values() for target in Target
    }
    facts_of_it = [json.dumps([root, target, variables], sort_keys=True) for (root, target), variables in told.items()]
    files = sorted(path for path in SOURCES.rglob("*") if path.is_file() and "node_modules" not in path.parts)

    def make(tree: Path) -> None:
        packages = trees.node("sites-packages", SOURCES)
        vite: list[Path | str] = [packages / "bin/node", packages / "node_modules/vite/bin/vite.js", "build"]
        with tempfile.TemporaryDirectory(prefix="site-", dir=tree.parent) as aside:
            sources = Path(shutil.copytree(SOURCES, Path(aside) / "sources"))
            for (root, target), variables in told.items():
                place = tree / root / target
                trees.run([*vite, "--outDir", place, "--emptyOutDir", "--logLevel", "error"], sources, **variables)

    return trees.tree("sites", files, facts_of_it, 20, make)


def site_images(
    built: Path, references: Iterable[str], facts: Catalog, edges: Edges, progress: Progress
) -> tuple[Image, ...]:
    """The image of every site: nginx, and the bundle of production.

    Args:
        built: the bundles.
        references: what pods call the images of sites; others are left out.
        facts: which sites there are.
        edges: the machine that the rehearsal runs on.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: this is not root, or Debian's packages are not to be had in the pinned version.
    """
    tree = _nginx_tree(facts, edges, progress)
    found = sorted(filter(is_site, references))
    return tuple(
        Image(
            name=server_of(name),
            layers=(of_tree("", tree), _bundle(built, site)),
            entrypoint=(f"/{_NGINX}",),
            references=tuple(one for one in found if f"sophia-{server_of(name)}:" in one),
            platform=str(edges.platform),
        )
        for name, site in facts.sites.sites.items()
    )


def _bundle(built: Path, site: Site) -> Layer:
    folder = built / site.root / Target.PRODUCTION
    files = {f"{_BUNDLE}/{file.relative_to(folder)}": file for file in sorted(folder.rglob("*")) if file.is_file()}
    return Layer(key=f"{built.name}/{site.root}", files=files)


def _nginx_tree(facts: Catalog, edges: Edges, progress: Progress) -> Path:
    """A folder with nginx, its libraries, and what else an image needs to run it as a user of its own."""
    program = program_tree("nginx", f"nginx={facts.versions.nginx}-*", _NGINX, edges, progress)

    def make(tree: Path) -> None:
        shutil.copytree(program, tree, symlinks=True, dirs_exist_ok=True)
        (loader,) = (tree / "usr/lib").glob(f"*/{_LOADER}")
        for name, target in {
            **_LINKS,
            f"{_LOADER_PLACE}/{loader.name}": f"../lib/{loader.parent.name}/{loader.name}",
        }.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).symlink_to(target)
        etc = tree / "etc"
        etc.mkdir()
        (etc / "passwd").write_text("root:x:0:0::/root:/sbin/nologin\nnginx:x:101:101::/nonexistent:/sbin/nologin\n")
        (etc / "group").write_text("root:x:0:\nnginx:x:101:\n")

    return Trees(edges, progress).tree("nginx-image", [], [program.name], 1, make)


def _variables(facts: Catalog, site: Site, target: Target) -> dict[str, str]:
    """Return what a build is told: the site's public variables, and what the sample page shows beside them."""
    known = {**places(facts.zone), "gateway": facts.gateway.hosts[facts.sites.owner]}
    public = {name: filled(value, known) for name, one, value in site.values() if one == target}
    name = next(name for name, one in facts.sites.sites.items() if one is site)
    links = {name: f"https://{one.host}/" for name, one in facts.sites.sites.items()}
    shown = {"TITLE": facts.web[server_of(name)].title, "DESCRIPTION": site.description, "LINKS": json.dumps(links)}
    return {**public, **{f"VITE_SITE_{key}": value for key, value in shown.items()}}
