"""The public sites: on both sides, while they go over, and changed behind the engine's back."""

import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import dns.query
import dns.tsigkeyring
import dns.update
import pytest
from playwright.sync_api import Page

import catalog
from benchmarks.checkout import Checkout
from catalog.gateway import CERTIFICATE
from ops.sites import Answered, Vantage, ask
from ops.verify import authority_of
from rehearsal import Rehearsal, internet
from rehearsal.leading import connection
from rehearsal.machines.names import INTERNET, Names
from rehearsal.machines.within import within
from rehearsal.process import end, find
from tests.browser import chromium, led
from tests.engine.clusters import choose, drifted

pytestmark = pytest.mark.engine

FACTS = catalog.load()
SITES = FACTS.sites.sites
HOSTS = {host: domain for site in SITES.values() for host, domain in site.domains.items()}
SHORT = 60
"""The least that an answer may be kept for."""


@dataclass
class Client:
    """Asks for all hosts again and again through a resolver that keeps what it was told."""

    vantage: Vantage
    ended: threading.Event = field(default_factory=threading.Event)
    answers: list[tuple[str, Answered]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def poll(self) -> None:
        while not self.ended.is_set():
            for host in HOSTS:
                try:
                    self.answers.append((host, ask(self.vantage, host)))
                except Exception as error:  # noqa: BLE001 - each of them is a visitor who got nothing
                    self.failures.append(f"{host}: {type(error).__name__}: {error}")
            self.ended.wait(0.5)

    @contextmanager
    def asking(self) -> Iterator[None]:
        thread = threading.Thread(target=self.poll)
        thread.start()
        try:
            yield
        finally:
            self.ended.set()
            thread.join()


def vantage(checkout: Checkout) -> Vantage:
    """Where visitors come from, who trust both sides' authorities."""
    there = Rehearsal(stack="prod", home=checkout.home)
    with there.cluster() as cluster:
        of_cluster = authority_of(cluster, FACTS.gateway.namespace, CERTIFICATE)
    of_vercel = there.account.vercel.authority.read_text(encoding="utf-8")
    runner = Names(checkout.home).runner
    return Vantage(inside=lambda act: within(runner, act), resolver=INTERNET, authorities=(of_vercel, of_cluster))


def wrong(host: str, answered: Answered) -> str:
    """Return what is not right with an answer, of the side that owned the host when it was resolved."""
    domain = HOSTS[host]
    side = "vercel" if answered.address == FACTS.zone.vercel.address else "cluster"
    expected = 308 if domain.redirect else 401 if domain.branch and side == "vercel" else 200
    if (answered.served_by, answered.status) != (side, expected):
        return f"{host} at {answered.address}: {answered.status} by {answered.served_by}"
    said = {name: answered.headers.get(name.lower()) for name in FACTS.sites.headers}
    return "" if all(said.values()) else f"{host} says {said}"


def complained(page: Page) -> list[str]:
    """Return what a page's code and the browser's rules will have complained of."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def seen(checkout: Checkout, address: str) -> None:
    """Open every site in a browser: it loads, shows what it was built with, breaks no rule, and leads to the others."""
    runner = Names(checkout.home).runner
    stack = checkout.answer("sites", "check", "prod")
    assert [row["host"] for row in stack["hosts"] if row["wrong"]] == []
    with (
        led(lambda: connection(runner, address, 443)) as port,
        chromium(f"--host-resolver-rules=MAP * 127.0.0.1:{port}") as browser,
    ):
        context = browser.new_context(ignore_https_errors=True)
        for name, site in SITES.items():
            page = context.new_page()
            complaints = complained(page)
            answer = page.goto(f"https://{site.host}/")
            assert answer is not None
            assert answer.status == 200
            for header in FACTS.sites.headers:
                assert answer.header_value(header), f"{site.host}: {header}"
            assert page.title() == FACTS.web[f"site-{name}"].title
            shown = page.locator("#variables dt").all_inner_texts()
            assert {*shown} == {*site.environment}, "what is built in is shown, and nothing else"
            links = {link.inner_text(): link.get_attribute("href") for link in page.locator("#sites a").all()}
            assert links == {other: f"https://{one.host}/" for other, one in SITES.items()}
            script = page.locator("script[src]").first.get_attribute("src") or ""
            found = page.evaluate("url => fetch(url).then(one => one.headers.get('cache-control'))", script)
            assert found == FACTS.sites.assets.cache
            if site.single_page:
                deep = page.goto(f"https://{site.host}/some/page")
                assert deep is not None
                assert deep.status == 200
                assert page.locator("#path").inner_text() == "Path: /some/page"
            assert complaints == [], f"{site.host}: what its own policy or its code complains of"
            page.close()
        page = context.new_page()
        page.goto(f"https://{SITES['app'].host}/")
        page.locator("#sites a", has_text="docs").click()
        page.wait_for_url(f"https://{SITES['docs'].host}/")
        www = next(host for host, one in HOSTS.items() if one.redirect)
        page.goto(f"https://{www}/some/page")
        assert page.url == f"https://{HOSTS[www].redirect}/some/page"


@pytest.fixture(scope="module")
def prod(prod: Checkout) -> Iterator[Checkout]:
    """The prod that files share, of which this is the last (tests/conftest.py)."""
    yield prod
    prod.sophia("down", "--all")


@pytest.fixture(scope="module")
def short(prod: Checkout) -> Checkout:
    """Prod, with answers about its sites that are kept for no longer than they must be, and none that are kept yet."""
    zone = prod.root / "catalog/zone.yaml"
    zone.write_text(zone.read_text(encoding="utf-8").replace("site: 300", f"site: {SHORT}"), encoding="utf-8")
    folder = Rehearsal(stack="prod", home=prod.home).account.folder
    end(folder, find(folder, [internet.NAME]).values(), patience=5)
    prod.sophia("up", "prod")
    return prod


@pytest.mark.soak
def test_what_is_changed_behind_its_back_is_named_and_mended_and_nothing_else_is_written(prod):
    """A record and a project's setting."""
    account = Rehearsal(stack="prod", home=prod.home).account
    control, project = account.vercel.control(), SITES["app"].project
    host = account.authority
    told = {**host.variables(), **host.secrets()}
    ring = dns.tsigkeyring.from_text({told["DNS_UPDATE_KEYNAME"]: ("hmac-sha256", told["DNS_UPDATE_KEYSECRET"])})
    update = dns.update.UpdateMessage(host.zone, keyring=ring)
    update.replace(f"api.{host.zone}.", 300, "A", "192.0.2.66")
    assert dns.query.tcp(update, host.loopback, port=host.port, timeout=10).rcode() == 0
    control.change(project, gitForkProtection=False)
    found = drifted(prod, "prod")
    assert found["zone-records"][f'records["api.{host.zone} A"].values[0]']["actual"] == "192.0.2.66"
    setting = found["sophia-sites-app-project"]["gitForkProtection"]
    assert (setting["expected"], setting["actual"]) == (True, False)
    assert {*found} == {"zone-records", "sophia-sites-app-project"}
    before = len(control.log())
    prod.sophia("up", "prod")
    written = Counter(f"{one['method']} {one['path']}" for one in control.log()[before:] if one["method"] != "GET")
    (repaired,) = [one["id"] for one in control.account()["projects"].values() if one["name"] == project]
    assert written == {f"PATCH /v9/projects/{repaired}": 1}
    assert prod.answer("drift", "prod")["changes"] == []
    print(f"named: {sorted(found)}; written to mend it: {dict(written)}")  # noqa: T201 - what is shown


def test_sites_go_over_and_back_and_every_visitor_is_served_by_the_side_that_owns_the_name(short):
    client = Client(vantage(short))
    edge = FACTS.zone.vercel.address
    steps: list[Any] = []
    seen(short, edge)
    with client.asking():
        for side in ("cluster", "vercel"):
            steps.append((side, short.answer("sites", "switch", side, "prod")["steps"]))
            if side == "cluster":
                (address,) = {one.address for _, one in client.answers[-len(HOSTS) :]}
                seen(short, address)
                assert short.answer("drift", "prod")["changes"] == []
                projects = Rehearsal(stack="prod", home=short.home).account.vercel.control().account()["projects"]
                assert {one["name"] for one in projects.values()} == {*FACTS.sites.legacy}, (
                    "those of ours alone are gone"
                )
    assert client.failures == []
    assert [said for host, one in client.answers if (said := wrong(host, one))] == []
    served = Counter(one.served_by for _, one in client.answers)
    assert min(served["vercel"], served["cluster"]) > 100
    taken = [(side, {step["what"]: step["seconds"] for step in one}) for side, one in steps]
    print(f"answers: {dict(served)}, failures: {len(client.failures)}, seconds: {taken}")  # noqa: T201 - what is shown
    assert {row["served_by"] for row in short.answer("sites", "check", "prod")["hosts"]} == {"vercel"}


@pytest.mark.soak
def test_a_project_from_before_is_deleted_by_nothing_but_three_steps(prod):
    """Taken over, released, and no longer taken over: docs/runbooks/remove-a-legacy-project.md."""
    control = Rehearsal(stack="prod", home=prod.home).account.vercel.control()
    (before,) = [one for one in control.account()["projects"].values() if one["name"] == "dist"]
    words = ("pulumi", "-s", "prod", "up", "--yes", "--skip-preview", "--target", "**::sophia:sites:Sites**")

    def up(**choice: Any) -> bool:
        choose(prod, "prod", **choice)
        with suppress(RuntimeError):
            prod.by_hand("prod", *words)
        return before["id"] in control.account()["projects"]

    try:
        written = len([one for one in control.log() if one["method"] != "GET"])
        assert up(legacy_projects={"dist": before["id"]})
        assert control.account()["projects"][before["id"]] == before, "imported, and nothing of it changed"
        assert up(legacy_projects={}), "one that was not released stops the run"
        assert up(legacy_projects={"dist": before["id"]}, released_projects=["dist"])
        assert len([one for one in control.log() if one["method"] != "GET"]) == written
        assert not up(legacy_projects={}, released_projects=[])
    finally:
        file = prod.root / "Pulumi.prod.yaml"
        prod.by_hand("prod", "git", "checkout", "--quiet", file.name)
    assert {one["name"] for one in control.account()["projects"].values()} > {SITES["app"].project}


def test_a_certificate_of_somebody_else_is_told_and_not_taken(prod):
    trusting = vantage(prod)
    with suppress(ssl.SSLError):
        ask(Vantage(trusting.inside, trusting.resolver, ()), SITES["app"].host)
        pytest.fail("a certificate of an authority that nobody knows was taken")
