"""The files that every host has, as pure functions of the catalog."""

from collections.abc import Iterable, Mapping, Sequence

from catalog.hosts import Directory, Journal, Upgrades, Window
from providers.host.sdk import FileArgs

TIME = "/etc/chrony/sources.d/sophia.sources"
JOURNAL = "/etc/systemd/journald.conf.d/60-sophia.conf"
UPGRADES = "/etc/apt/apt.conf.d/60sophia-upgrades"
UPGRADE_WINDOW = "/etc/systemd/system/apt-daily-upgrade.timer.d/60-sophia.conf"
AUDIT = "/etc/audit/rules.d/60-sophia.rules"
DIRECTORIES = "/etc/tmpfiles.d/sophia.conf"
SSH = "/etc/ssh/sshd_config.d/00-sophia.conf"


def file(path: str, lines: Iterable[str], mode: str = "0644") -> FileArgs:
    """Return a file of lines that belongs to root."""
    return {"path": path, "content": "".join(f"{line}\n" for line in lines), "mode": mode}


def time(servers: Sequence[str]) -> FileArgs:
    """Return where chrony takes the time from, beside what the distribution names."""
    return file(TIME, (f"server {server} iburst" for server in servers))


def journal(facts: Journal) -> FileArgs:
    """Return how much the journal keeps, on the disk."""
    return file(
        JOURNAL,
        (
            "[Journal]",
            "Storage=persistent",
            f"SystemMaxUse={facts.max_use}",
            f"SystemKeepFree={facts.keep_free}",
            f"MaxRetentionSec={facts.retention_days}day",
        ),
    )


def upgrades(facts: Upgrades, *, gpu: bool) -> FileArgs:
    """Return what comes in by itself: security updates, never a reboot, nothing that is held on a machine with a GPU.

    ``#clear`` drops what the distribution's own file lists, which would be added to otherwise (apt.conf(5)).
    """
    return file(
        UPGRADES,
        (
            'APT::Periodic::Update-Package-Lists "1";',
            'APT::Periodic::Unattended-Upgrade "1";',
            "#clear Unattended-Upgrade::Allowed-Origins;",
            "#clear Unattended-Upgrade::Origins-Pattern;",
            "Unattended-Upgrade::Origins-Pattern {",
            # Debian's, by its codename, and Ubuntu's, by its suite.
            '  "origin=${distro_id},codename=${distro_codename}-security,label=${distro_id}-Security";',
            '  "origin=${distro_id},archive=${distro_codename}-security";',
            "};",
            "Unattended-Upgrade::Package-Blacklist {",
            *(f'  "^{beginning}";' for beginning in facts.held_where_a_gpu_is if gpu),
            "};",
            'Unattended-Upgrade::Automatic-Reboot "false";',
        ),
    )


def upgrade_window(window: Window) -> FileArgs:
    """Return when updates come in, in place of the distribution's own time.

    The distribution makes up at the next boot for what was missed, at whatever hour that is; a window is kept instead.
    """
    return file(
        UPGRADE_WINDOW,
        (
            "[Timer]",
            "OnCalendar=",
            f"OnCalendar={window.on_calendar}",
            f"RandomizedDelaySec={window.spread_minutes}m",
            "Persistent=false",
        ),
    )


def audit(rules: Sequence[str]) -> FileArgs:
    """Return what the kernel's audit records."""
    return file(AUDIT, rules, "0600")


def directories(facts: Iterable[Directory]) -> FileArgs:
    """Return the directories that exist, as tmpfiles.d(5) makes them."""
    return file(DIRECTORIES, (f"d {one.path} {one.mode} root root -" for one in facts))


def ssh(settings: Mapping[str, str]) -> FileArgs:
    """Return the settings of the SSH server: of a keyword it takes the first, so this file comes before all others."""
    lines = (f"{keyword} {value}" for keyword, value in settings.items())
    # With settings that it refuses it would not start again, and nobody could log in to mend them.
    return {**file(SSH, lines, "0600"), "check": ["/usr/sbin/sshd", "-t", "-f"]}
