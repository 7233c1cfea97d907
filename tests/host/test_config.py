"""How hosts are reached is checked before anything is."""

import pytest
from pydantic import ValidationError

from providers.host.config import HostConfig
from providers.host.keys import fingerprint, key_text
from rehearsal.machines.testing import key_pair

KEY, PUBLIC = key_pair()


def test_a_private_key_ends_with_one_line_end_and_is_in_no_text():
    config = HostConfig(ssh_private_key=f"\n{KEY}\n\n")
    assert config.ssh_private_key == KEY.strip() + "\n"
    assert KEY.splitlines()[1] not in repr(config)


@pytest.mark.parametrize(
    "url", ["https://proxy:1", "http://proxy", "http://user@proxy:1", "http://proxy:1/path", "socks5://proxy:1"]
)
def test_a_proxy_is_scheme_host_and_port_alone(url):
    with pytest.raises(ValidationError, match="give http://host:port alone"):
        HostConfig(ssh_private_key=KEY, proxy_url=url)


def test_no_text_that_is_no_private_key_is_repeated():
    with pytest.raises(ValidationError) as refused:
        HostConfig(ssh_private_key="canary")  # pragma: allowlist secret - it is none
    assert "canary" not in str(refused.value)


def test_a_host_key_loses_its_comment_and_a_private_one_is_refused():
    assert key_text(f"{PUBLIC} root@machine\n") == PUBLIC
    with pytest.raises(ValueError, match="this is not one host key"):
        key_text(KEY)
    assert fingerprint(PUBLIC).startswith("SHA256:")
