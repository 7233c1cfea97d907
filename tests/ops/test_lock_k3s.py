"""`lock` takes digests of K3s from the lists that stand beside its programs, and invents none."""

import hashlib

import httpx

from catalog import ROOT
from ops.lock_k3s import lock_k3s

DIGEST = hashlib.sha256(b"program").hexdigest()
FOLDER = "https://github.com/k3s-io/k3s/releases/download/v1.36.2%2Bk3s1"
LOCK = f"""\
# A comment that must stay.
programs:
  v1.36.2+k3s1:
    amd64: {{url: "{FOLDER}/k3s", sha256: null}}
    arm64: {{url: "{FOLDER}/k3s-arm64", sha256: null}}
  v1.36.0+k3s1:
    amd64: {{url: "https://elsewhere.example/k3s", sha256: {"0" * 64}}}
"""
LISTS = {
    f"{FOLDER}/sha256sum-amd64.txt": f"{'1' * 64}  k3s-airgap-images-amd64.tar\n{DIGEST}  k3s\n",
    f"{FOLDER}/sha256sum-arm64.txt": f"{DIGEST}  k3s\n",
}


def page(request: httpx.Request) -> httpx.Response:
    """A release page that has these lists."""
    text = LISTS.get(str(request.url))
    return httpx.Response(404) if text is None else httpx.Response(200, text=text)


def test_a_digest_is_the_one_of_the_program_by_its_own_name_and_nothing_else_changes(tmp_path):
    path = tmp_path / "k3s.yaml"
    path.write_text(LOCK)
    with httpx.Client(transport=httpx.MockTransport(page)) as client:
        result = lock_k3s(path, client)
    assert result.filled == {f"{FOLDER}/k3s": DIGEST}
    assert path.read_text() == LOCK.replace('/k3s", sha256: null', f'/k3s", sha256: {DIGEST}')
    (error,) = result.errors
    assert error.startswith(f"{FOLDER}/k3s-arm64: ")
    assert "names no digest of k3s-arm64" in error


def test_a_page_out_of_reach_changes_nothing(tmp_path):
    path = tmp_path / "k3s.yaml"
    path.write_text(LOCK.replace(FOLDER, "http://127.0.0.1:1").replace("http://", "https://"))
    before = path.read_text()
    with httpx.Client(trust_env=False) as nobody:
        assert len(lock_k3s(path, nobody).errors) == 2
    assert path.read_text() == before


def test_the_committed_lock_has_the_form_that_is_filled(tmp_path):
    path = tmp_path / "k3s.yaml"
    path.write_text((ROOT / "lock/k3s.yaml").read_text(encoding="utf-8"))
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(404))) as client:
        assert len(lock_k3s(path, client).errors) == path.read_text().count("sha256: null") == 4
