"""What Pulumi ESC gives to a stack in its rehearsal: committed definitions, fake secrets, and what is here."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.secret import CI_KEY
from rehearsal import RehearsalError, access, configuration
from rehearsal.home import Folder
from rehearsal.pulumi_cloud.cipher import draw_key
from rehearsal.pulumi_cloud.environments import DATABASE, ORGANISATION, Environments
from rehearsal.pulumi_cloud.evaluator import PROGRAM
from rehearsal.toolchain import Toolchain
from tests.rehearsal.definitions import define

pytestmark = pytest.mark.engine

KEY = "OPENAI_API_KEY"  # pragma: allowlist secret - a name
SECRETS = (KEY, "SLACK_BOT_TOKEN")
CHOICES: Mapping[str, Any] = {"image_lock": "rehearsal", "adopt": {"sophia-development": "1" * 32}}
VARIABLES = {"HOST_PROXY_URL": "http://127.0.0.1:1"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Definitions of two stacks."""
    return define(tmp_path, (*SECRETS, CI_KEY), "dev", "prod")


@pytest.fixture
def ready(folder: Folder, toolchain: Toolchain) -> Folder:
    """A rehearsal whose Pulumi Cloud was started once."""
    return begun(folder, toolchain)


def begun(folder: Folder, toolchain: Toolchain) -> Folder:
    folder.create()
    folder.account.create()
    if not folder.account.evaluator.is_symlink():
        folder.account.evaluator.symlink_to(toolchain.program(PROGRAM))
    draw_key(folder.state / DATABASE)
    return folder


def declare(folder: Folder, place: Path, given: Mapping[str, str] | None = None, **choices: Any) -> None:
    configuration.declare(folder, place, given=given or {}, variables=VARIABLES, choices={**CHOICES, **choices})


def environments(folder: Folder) -> Environments:
    return Environments(folder.state / DATABASE, folder.account.evaluator, ORGANISATION)


def opened(folder: Folder) -> dict[str, Any]:
    """What the engine is given."""
    kept = environments(folder)
    session = kept.session(kept.open(kept.revision(f"sophia/{folder.stack}"), 60))
    found: dict[str, Any] = session["properties"]
    return found


def test_the_stack_gets_its_secrets_as_secrets_and_what_is_chosen_here(ready: Folder, place: Path) -> None:
    declare(ready, place)
    config = opened(ready)["pulumiConfig"]["value"]
    for name in SECRETS:
        value = configuration.secret(ready, name)
        assert value
        assert value.startswith("rehearsal-"), "a fake value says that it is one"
        assert (config[f"sophia:{name.lower()}"]["value"], config[f"sophia:{name.lower()}"]["secret"]) == (value, True)
    assert config["sophia:image_lock"]["value"] == "rehearsal"
    assert config["sophia:adopt"]["value"]["sophia-development"]["value"] == "1" * 32
    assert opened(ready)["environmentVariables"]["value"]["HOST_PROXY_URL"]["value"] == VARIABLES["HOST_PROXY_URL"]
    assert configuration.chosen(ready).items() >= CHOICES.items()


def test_a_second_run_makes_no_revision(ready: Folder, place: Path) -> None:
    declare(ready, place)
    before = {name: environments(ready).revision(name).number for name in environments(ready).names()}
    declare(ready, place)
    assert {name: environments(ready).revision(name).number for name in before} == before


def test_secrets_stay_when_everything_else_changes(ready: Folder, place: Path) -> None:
    declare(ready, place)
    before = {name: configuration.secret(ready, name) for name in (*SECRETS, CI_KEY)}
    define(place.parent, (*SECRETS, CI_KEY, "ASANA_API_TOKEN"), "dev")
    declare(ready, place, issuer="own-ca")
    assert {name: configuration.secret(ready, name) for name in before} == before, "a new one would roll every pod"
    assert configuration.secret(ready, "ASANA_API_TOKEN")
    assert configuration.chosen(ready)["issuer"] == "own-ca"


def test_what_somebody_rotated_stays(ready: Folder, place: Path) -> None:
    declare(ready, place)
    kept, name = environments(ready), "sophia/dev-secrets"
    document = yaml.safe_load(kept.unsealed(kept.revision(name)))
    document["values"]["known"] = {KEY: {"by": "rotate"}}
    document["values"]["sophia"]["ai"][KEY] = {"fn::secret": "rotated"}  # pragma: allowlist secret - fake
    kept.update(name, yaml.safe_dump(document))
    declare(ready, place, issuer="own-ca")
    assert configuration.secret(ready, KEY) == "rotated"
    kept = environments(ready)
    assert yaml.safe_load(kept.revision(name).document)["values"]["known"] == {KEY: {"by": "rotate"}}


def test_what_is_known_here_takes_the_place_of_what_is_drawn(ready: Folder, place: Path) -> None:
    declare(ready, place)
    declare(ready, place, given={KEY: "known", "UNHEARD_OF": "x"})
    assert configuration.secret(ready, KEY) == "known"
    assert configuration.secret(ready, "UNHEARD_OF") is None


def test_two_stacks_have_different_secrets_and_one_goes_without_the_other(
    ready: Folder, place: Path, toolchain: Toolchain
) -> None:
    prod = begun(Folder(ready.home, "prod"), toolchain)
    for one in (ready, prod):
        declare(one, place)
    assert configuration.secret(ready, SECRETS[0]) != configuration.secret(prod, SECRETS[0])
    configuration.forget(ready)
    assert (configuration.declared(ready), configuration.declared(prod)) == (False, True)
    assert configuration.secret(ready, SECRETS[0]) is None


def test_the_key_of_ci_fits_its_public_half(ready: Folder, place: Path) -> None:
    declare(ready, place)
    private = configuration.secret(ready, CI_KEY)
    assert private
    assert configuration.chosen(ready)["access_ci_public_key"] == access.public_key(private)


def test_no_secret_can_be_read_where_it_is_kept(ready: Folder, place: Path) -> None:
    declare(ready, place)
    values = [str(configuration.secret(ready, name)).encode() for name in (*SECRETS, CI_KEY)]
    files = [path for path in ready.home.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in files for value in values if value in path.read_bytes()] == []
    assert {stat.S_IMODE(path.stat().st_mode) for path in ready.state.iterdir()} == {0o600}


def test_a_lost_key_says_what_is_lost_and_what_to_do(ready: Folder, place: Path) -> None:
    declare(ready, place)
    key = (ready.state / DATABASE).with_suffix(".key")
    key.unlink()
    draw_key(ready.state / DATABASE)
    assert not key.exists(), "another one would hide the loss until something is opened"
    with pytest.raises(RehearsalError, match=r"environments\.key: is missing.*`\./sophia down --all`"):
        declare(ready, place)


def test_a_stack_without_a_definition_is_named(ready: Folder, place: Path) -> None:
    (place / "dev-secrets.yaml").unlink()
    with pytest.raises(RehearsalError, match=r"dev-secrets\.yaml: cannot be read"):
        declare(ready, place)


def test_k3s_is_what_stands_in_for_it_on_this_computer() -> None:
    ((release, programs),) = configuration.artefacts({"v1.36.2+k3s1": "a" * 64})["k3s_artefacts"].items()
    assert (release, [*programs.values()]) == ("v1.36.2+k3s1", ["a" * 64])
    assert configuration.artefacts({}) == {}
