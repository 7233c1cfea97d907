"""Reads, installs and removes Debian packages."""

from __future__ import annotations

import fcntl
import re
import time
from pathlib import Path
from typing import Any

from providers.host.remote.common import StepFailedError, last_lines, run

LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")
POLL_SECONDS = 0.5
APT = (
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "NEEDRESTART_SUSPEND=1",
    "apt-get",
    "-y",
    "-q",
    "-o",
    "Dpkg::Options::=--force-confdef",
    "-o",
    "Dpkg::Options::=--force-confold",
    "-o",
    "Dpkg::Use-Pty=0",
    "-o",
    "Acquire::Retries=2",
)


def main(data: Any) -> Any:
    """Do what `act` says."""
    if data["act"] == "read":
        installed = _installed([*data["present"], *data["absent"]])
        return {
            "present": [seen(package, installed) for package in data["present"]],
            "absent": [f"{name} (installed)" if _has(name, installed) else name for name in data["absent"]],
        }
    _apply(data["present"], data["absent"], time.monotonic() + data["seconds"])
    return {}


def _name(package: str) -> str:
    return package.partition("=")[0]


def _installed(packages: list[str]) -> dict[str, tuple[str, str]]:
    """Return state and version of those packages that dpkg knows."""
    names = [_name(package) for package in packages]
    if not names:
        return {}
    shown = run(["dpkg-query", "-W", "-f", "${Package}\t${Architecture}\t${db:Status-Status}\t${Version}\n", *names])
    found: dict[str, tuple[str, str]] = {}
    for line in shown.stdout.splitlines():
        name, architecture, state, version = line.split("\t")
        found[name] = found[f"{name}:{architecture}"] = (state, version)
    return found


def _has(name: str, installed: dict[str, tuple[str, str]]) -> bool:
    return installed.get(name, ("", ""))[0] not in {"", "not-installed", "config-files"}


def seen(package: str, installed: dict[str, tuple[str, str]]) -> str:
    """Return a package as it is wanted where it is, with a remark where it is not."""
    name, _, wanted = package.partition("=")
    if not _has(name, installed):
        return f"{name} (missing)"
    state, version = installed[name]
    if state != "installed":
        return f"{name} ({state})"
    return f"{name}={version}" if wanted and wanted != version else package


def _apply(present: list[str], absent: list[str], deadline: float) -> None:
    _wait(deadline)
    _mend(deadline)
    installed = _installed([*present, *absent])
    missing = [package for package in present if seen(package, installed) != package]
    leaving = [name for name in absent if _has(name, installed)]
    if missing:
        # Without lists of packages, or with old ones, what is asked for may not be found.
        _apt(["update"], [], deadline, f"reading the package lists for {', '.join(missing)}")
        options = ["--no-install-recommends", "--allow-downgrades"]
        _apt(["install", *options], missing, deadline, f"installing {', '.join(missing)}")
    if leaving:
        _apt(["purge"], leaving, deadline, f"removing {', '.join(leaving)}")
    installed = _installed([*present, *absent])
    wrong = [found for package in present if (found := seen(package, installed)) != package]
    wrong += [f"{name} (installed)" for name in absent if _has(name, installed)]
    if wrong:
        what = f"apt ended without an error, and yet: {', '.join(wrong)}"
        raise StepFailedError(what, "look at /var/log/apt/term.log on the host")


def _wait(deadline: float) -> None:
    """Wait until no other apt or dpkg runs."""
    while not all(_free(lock) for lock in LOCKS):
        if time.monotonic() > deadline:
            what = "another apt or dpkg holds the lock and does not end"
            raise StepFailedError(what, "look at it (fuser -v /var/lib/dpkg/lock-frontend), then run again")
        time.sleep(POLL_SECONDS)


def _free(lock: str) -> bool:
    if not Path(lock).exists():
        return True
    with Path(lock).open("r+b") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        fcntl.lockf(stream, fcntl.LOCK_UN)
    return True


def _mend(deadline: float) -> None:
    """Finish what an interrupted dpkg has left half done."""
    updates = Path("/var/lib/dpkg/updates")
    interrupted = updates.is_dir() and any(updates.iterdir())
    if not interrupted and not run(["dpkg", "--audit"]).stdout.strip():
        return
    frontend = ["env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-confdef", "--force-confold"]
    mended = run([*frontend, "--configure", "-a"], seconds=_left(deadline))
    if mended.returncode:
        named = broken(mended.stdout + mended.stderr)
        what = f"an interrupted dpkg cannot be finished{f': {named}' if named else ''}"
        lines = last_lines(mended.stdout + mended.stderr)
        raise StepFailedError(what, "run `dpkg --configure -a` on the host by hand and follow what it says", lines)


def _apt(verb: list[str], packages: list[str], deadline: float, doing: str) -> None:
    wait = f"DPkg::Lock::Timeout={int(_left(deadline))}"
    went = run([*APT, "-o", wait, *verb, *packages], seconds=_left(deadline))
    # For the lists of packages apt does not wait, whatever it is told (measured with 2.6.1).
    while went.returncode and "Could not get lock" in went.stderr and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        went = run([*APT, "-o", wait, *verb, *packages], seconds=_left(deadline))
    if went.returncode:
        text = went.stdout + went.stderr
        told = broken(text)
        what = f"{doing}: {told or f'apt-get ended with {went.returncode}'}"
        remedy = "correct the name or the host's package sources, or mend the package, then run again"
        raise StepFailedError(what, remedy, last_lines(text))


def broken(text: str) -> str:
    """Return what apt and dpkg say about which package."""
    found = re.findall(
        r"^(?:E: )?(Unable to locate package .+|Version .+ was not found|Package .+ has no .+)$", text, re.MULTILINE
    )
    found += re.findall(r"^dpkg: error processing (?:package|archive) (\S+)", text, re.MULTILINE)
    return ", ".join(dict.fromkeys(line.strip() for line in found))


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 1.0)
