"""Bad input ends a verb before anything is made: no cluster, no state, one message."""

import secrets

import pytest
import yaml

from benchmarks.checkout import Checkout, copied

pytestmark = pytest.mark.engine


@pytest.fixture
def fresh(tmp_path) -> Checkout:
    return copied(tmp_path)


def refused(checkout: Checkout, *words: str, code: int = 2) -> str:
    done = checkout.sophia(*words, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert not checkout.home.exists(), "something was made before the input was judged"
    return done.stderr


def edit(checkout: Checkout, name: str, **changes) -> None:
    path = checkout.root / name
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))


def test_a_broken_catalog_file_is_named_with_its_line(fresh):
    (fresh.root / "catalog/mcp/github.yaml").write_text("title: [unclosed\n")
    assert "catalog/mcp/github.yaml" in refused(fresh, "up", "dev")


def test_a_port_taken_twice_names_both_servers(fresh):
    edit(fresh, "catalog/mcp/github.yaml", port=9002)
    message = refused(fresh, "up", "dev")
    assert "9002" in message
    assert "github" in message
    assert "gong" in message


def test_every_offence_is_named_at_once(fresh):
    edit(fresh, "catalog/mcp/github.yaml", port=9002)
    edit(fresh, "catalog/mcp/slack.yaml", tier="URGENT")
    message = refused(fresh, "up", "dev")
    assert "github" in message
    assert "slack" in message


def test_an_unknown_machine_names_the_choices(fresh):
    edit(fresh, "Pulumi.dev.yaml", config={**stack_choices(fresh), "sophia:machines": ["sophia-nowhere"]})
    message = refused(fresh, "up", "dev")
    assert "sophia-nowhere" in message
    assert "sophia-development" in message


def test_a_secret_in_a_committed_stack_file_is_refused_and_not_shown(fresh):
    canary = f"sk-{secrets.token_hex(8)}"
    edit(fresh, "Pulumi.dev.yaml", config={**stack_choices(fresh), "sophia:openai_api_key": canary})
    for verb in ("up", "plan"):
        message = refused(fresh, verb, "dev")
        assert "openai_api_key" in message
        assert canary not in message


def test_an_undeclared_key_is_refused(fresh):
    edit(fresh, "Pulumi.dev.yaml", config={**stack_choices(fresh), "sophia:colour": "blue"})
    assert "sophia:colour" in refused(fresh, "up", "dev")


def test_a_stack_over_its_budget_leaves_with_the_code_for_cost(fresh):
    text = (fresh.root / "catalog/limits.yaml").read_text()
    (fresh.root / "catalog/limits.yaml").write_text(
        text.replace("block_cents: 470000", "block_cents: 440000").replace("warn_cents: 445000", "warn_cents: 430000")
    )
    assert "4,443.80" in refused(fresh, "plan", "prod", code=4)


def test_a_stack_that_does_not_fit_leaves_with_the_code_for_capacity(fresh):
    edit(
        fresh,
        "Pulumi.dev.yaml",
        config={**stack_choices(fresh), "sophia:replicas": {"ai-memory": {"min": 5, "max": 5}}},
    )
    assert "ai-memory" in refused(fresh, "plan", "dev", code=5)


def test_prod_in_the_cloud_is_refused_while_image_digests_are_not_locked(fresh):
    message = refused(fresh, "up", "prod", "--target", "cloud")
    assert "no digest" in message
    assert "./sophia lock" in message


def test_a_stack_that_does_not_exist_names_those_that_do(fresh):
    for verb in ("up", "plan", "drift", "doctor", "down"):
        assert "choose one of: dev, prod, staging" in refused(fresh, verb, "qa")


def test_nodes_of_another_kind_are_refused_with_the_choices(fresh):
    other = Checkout(fresh.root, fresh.home, {"NODES": "heavy"})
    assert "NODES=heavy: nodes are full" in refused(other, "up", "dev")


def test_a_lost_key_says_what_is_lost_and_what_to_do(dev):
    key = dev.home / "pulumi/state/.pulumi/stacks.key"
    kept = key.read_text()
    key.unlink()
    done = dev.sophia("up", "dev", check=False)
    assert done.returncode == 1
    assert str(key) in done.stderr
    assert "./sophia down --all" in done.stderr
    key.write_text(kept)


def stack_choices(checkout: Checkout) -> dict[str, object]:
    choices: dict[str, object] = yaml.safe_load((checkout.root / "Pulumi.dev.yaml").read_text())["config"]
    return choices
