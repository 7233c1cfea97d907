"""What Debian's packages hold, unpacked in a folder by mmdebstrap."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rehearsal.toolchain.tool import ToolError

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where mmdebstrap and what it calls are, whatever the caller's PATH."""


def bootstrap(root: Path, suite: str, packages: Iterable[str], *options: str) -> None:
    """The folder holds packages of a Debian release, and what they depend on.

    Args:
        root: the folder, which is empty or not there yet.
        suite: the release, such as trixie.
        packages: the packages, as apt-get takes them: a version after an equals sign may end in a star.
        options: more of mmdebstrap's, its variant among them.

    Raises:
        ToolError: this is not root, no package source answers, or it has no such package.
    """
    if os.geteuid() != 0:
        message = f"{root.name} is made of Debian's packages, which only root can unpack"
        raise ToolError(message, "run `sudo ./sophia setup`")
    command = [
        # Its mounts and processes end with it, however it ends.
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--mode=root", "--format=directory", "--quiet", *options),
        *(f"--include={','.join(packages)}", suite, str(root)),
    ]
    # The caller's proxies, which may be the only way to a package source, and nothing else of it.
    inherited = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    done = subprocess.run(
        command, env={**inherited, "PATH": _PATH, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = " / ".join((done.stderr or done.stdout).strip().splitlines()[-4:])
        message = f"{root.name} could not be made from the packages of Debian {suite}: {last}"
        raise ToolError(message, "see that deb.debian.org answers (`apt-get update`), and run `./sophia setup` again")
