"""What the environments of Pulumi ESC give to the stacks, by its own evaluator: everything, and nothing else."""

import io
import re
import shutil
from pathlib import Path

import pytest
import yaml

import catalog
from catalog.secret_users import users
from ops.esc import EscError, check
from rehearsal.pulumi_cloud.evaluator import PROGRAM, Evaluator
from rehearsal.toolchain import ensure, progress_for
from render import ROOT

pytestmark = pytest.mark.engine

FACTS = catalog.load()
KEY = "OPENAI_API_KEY"  # pragma: allowlist secret - a name
UNSET = f'      {KEY}: {{"fn::secret": ""}}\n'
Edit = tuple[str, str, str]


@pytest.fixture(scope="module")
def by() -> Evaluator:
    """The evaluator."""
    return Evaluator(ensure(FACTS, progress=progress_for(io.StringIO())).program(PROGRAM))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the definitions and stack files."""
    shutil.copytree(ROOT / "esc", tmp_path / "esc")
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def edited(root: Path, name: str, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    path = root / f"esc/{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{name}: {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_is_committed_gives_every_stack_every_secret(by: Evaluator) -> None:
    followed = check(ROOT, FACTS, by)
    of_catalog = sum(FACTS.is_given(name, stack) for name in FACTS.secrets for stack in FACTS.limits.stacks)
    assert followed == of_catalog + 3 * 2, "those of the catalog, a key for fingerprints, and an address"


def test_whatever_is_given_has_somebody_who_needs_it() -> None:
    groups = yaml.safe_load((ROOT / "esc/dev-secrets.yaml").read_text(encoding="utf-8"))["values"]["sophia"].values()
    assert {name for group in groups for name in group} <= users(FACTS).keys()


BREAKS = {
    "lacking": (
        ("staging-secrets", UNSET, ""),
        f"staging-secrets.yaml: {KEY}: absent: every secret .* needed by .*`ai-memory`",
    ),
    "unknown": (("dev-secrets", f" {KEY}:", " OPENAI_KEY:"), "ai.OPENAI_KEY: .* every secret is in the catalog"),
    "unreadable": (
        ("dev-secrets", "LINEAR_API_KEY: {", "LINEAR_API_KEY: ["),
        r"^1 offence in .*\n.*esc/dev-secrets.yaml: error: .*line 37",
    ),
    "committed": (
        ("dev-secrets", UNSET, UNSET.replace('""', '"sk-canary"')),
        f"ai.{KEY}: .not shown.: a committed definition holds no value",
    ),
    "plain": (("dev-secrets", UNSET, f"      {KEY}: sk-canary\n"), f"ai.{KEY}: .not shown.: every value is secret"),
    "alias": (("dev-secrets", " DOCKER_TOKEN:", " DOCKER_HUB_ACCESS_TOKEN:"), "call it DOCKER_TOKEN"),
    "other group": (("dev-secrets", "    ai:", "    business2:"), "a secret is in the group .*move it to ai"),
    "another's": (
        ("prod", "${sophia.business.LINEAR_API_KEY}", "${sophia.business.ASANA_API_TOKEN}"),
        "sophia:linear_api_key: ASANA_API_TOKEN: it is the secret LINEAR_API_KEY, needed by `linear`",
    ),
    "of another stack": (
        ("dev-secrets", "      K3S_TOKEN:", '      VERCEL_API_TOKEN: {"fn::secret": ""}\n      K3S_TOKEN:'),
        "VERCEL_API_TOKEN: .*a stack has no secret of others: this one is given to prod",
    ),
    "undeclared key": (("prod", "sophia:linear_api_key:", "sophia:linear_key:"), "sophia:linear_key: only declared"),
    "no variable": (
        ("prod", " LAMBDA_CLOUD_API_KEY:", " LAMBDA_API_KEY:"),
        "LAMBDA_CLOUD_API_KEY: absent: .* needed by a provider's LAMBDA_CLOUD_API_KEY",
    ),
    "itself": (("prod", "  - sophia/base\n", "  - sophia/prod\n"), "cyclic import of sophia/prod"),
    "cycle": (("base", "values:", "imports: [sophia/dev]\nvalues:"), "cyclic import of sophia/"),
    "no import": (("dev", "  - sophia/dev-secrets\n", ""), r"esc/dev.yaml:\d+: .*unknown property"),
}


@pytest.mark.parametrize(("edit", "told"), BREAKS.values(), ids=BREAKS)
def test_what_is_wrong_is_named_and_no_value_is_shown(by: Evaluator, root: Path, edit: Edit, told: str) -> None:
    edited(root, *edit)
    with pytest.raises(EscError) as refused:
        check(root, FACTS, by)
    assert re.search(told, str(refused.value)), str(refused.value)
    assert "canary" not in str(refused.value)


def test_every_offence_is_told_at_once(by: Evaluator, root: Path) -> None:
    edited(root, "dev-secrets", UNSET, "")
    edited(root, "prod", "${sophia.business.LINEAR_API_KEY}", "lin_plain")
    with pytest.raises(EscError) as refused:
        check(root, FACTS, by)
    assert {one.path.split(":")[0] for one in refused.value.offences} >= {
        "esc/dev-secrets.yaml",
        "esc/prod.yaml",
        "esc/prod-secrets.yaml",
    }
    assert "lin_plain" not in str(refused.value)


def test_definitions_and_stack_files_belong_together(by: Evaluator, root: Path) -> None:
    (root / "esc/staging.yaml").rename(root / "esc/stage.yaml")
    stack = root / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text(encoding="utf-8").replace("- sophia/dev", "- sophia/prod"), encoding="utf-8")
    with pytest.raises(EscError) as refused:
        check(root, FACTS, by)
    assert [one.path for one in refused.value.offences] == [
        "Pulumi.dev.yaml: environment",
        "esc/stage.yaml",
        "esc/staging.yaml",
    ]
