"""What would be found before it is committed: keys of the shapes that the platform has, wherever they stand."""

import secrets
import string
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / ".ci/secret_shapes.py"


def text(count: int) -> str:
    """Capitals, small letters and digits that are drawn here."""
    return "aZ3" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count - 3))


def digits(count: int, alphabet: str = string.hexdigits[:16]) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(count))


SHAPES: Mapping[str, Callable[[], str]] = {
    "pulumi": lambda: f"pul-{digits(40)}",
    "lambda": lambda: f"secret_ci_{digits(32)}.{text(32)}",
    "openai": lambda: f"sk-proj-{text(48)}",
    "anthropic": lambda: f"sk-ant-{text(60)}",
    "openrouter": lambda: f"sk-or-v1-{digits(64)}",
    "slack": lambda: f"xoxb-{digits(12)}-{text(24)}",
    "github": lambda: f"ghp_{text(36)}",
    "linear": lambda: f"lin_api_{text(40)}",
    "notion": lambda: f"ntn_{text(46)}",
    "figma": lambda: f"figd_{text(40)}",
    "hubspot": lambda: f"pat-na1-{digits(8)}-{digits(4)}-{digits(4)}-{digits(4)}-{digits(12)}",
    "docker": lambda: f"dckr_pat_{text(27)}",
    "asana": lambda: f"1/{digits(16, string.digits)}:{digits(32)}",
    "k3s": lambda: f"K10{digits(64)}::server:{digits(32)}",
    "wireguard": lambda: f"PrivateKey = {text(42)}A=",
    "vector store": lambda: f"The admin key of our Weaviate cluster is {text(36)} and it is read from there.",
    "vector store in a table": lambda: f"| WEAVIATE_API_KEY | `{text(40)}` | prod |",
}


NONE = """\
Weaviate's WEAVIATE_ADMIN_API_KEY is in sophia/prod-secrets; see catalog/secrets.yaml and
https://docs.weaviate.io/weaviate/configuration/authentication-and-authorization for how it is used.
"""


def test_a_key_of_a_known_shape_is_found_also_in_prose_and_a_name_is_none(tmp_path: Path) -> None:
    texts = {shape: f"# How to log in\n\n{make()}\n" for shape, make in SHAPES.items()} | {"none": NONE}
    for shape, written in texts.items():
        (tmp_path / f"{shape}.md").write_text(written, encoding="utf-8")
    program = str(Path(sys.executable).with_name("detect-secrets-hook"))
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    command = [program, "--baseline", str(ROOT / ".secrets.baseline"), "--plugin", str(PLUGIN), *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert {shape for shape in texts if f"{tmp_path}/{shape}.md:" in done.stdout} == SHAPES.keys(), done.stdout
