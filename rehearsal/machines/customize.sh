#!/bin/sh
# Make a fresh Debian root the root that machines boot from: customize.sh ROOT FILES PACKAGE...
# FILES are copied over it. The packages are not installed: they are what its one source of packages, /srv/apt, offers.
set -eu
root=$1 files=$2
shift 2

cp --recursive --no-target-directory "$files" "$root"
chown --recursive root:root "$root/etc/systemd/system" "$root/etc/sudoers.d" "$root/usr/local/lib"
chmod 440 "$root/etc/sudoers.d/90-cloud-init-users"
chroot "$root" useradd --create-home --shell /bin/bash --groups adm,sudo --comment Ubuntu ubuntu
chroot "$root" systemctl --quiet enable ssh-host-keys.service
# A node starts one of its own; a host that is none has none.
chroot "$root" systemctl --quiet disable containerd.service
chroot "$root" systemctl --quiet mask getty@tty1.service console-getty.service e2scrub_reap.service \
    e2scrub_all.timer fstrim.timer systemd-pstore.service dev-hugepages.mount
rm -f "$root"/etc/ssh/ssh_host_*
# Whoever reads the kernel's log takes its lines away from this computer.
sed -i '/imklog/d' "$root/etc/rsyslog.conf"
: > "$root/etc/machine-id"

mkdir -p "$root/srv/apt/partial"
chroot "$root" apt-get install --quiet --quiet --yes --download-only -o Dir::Cache::archives=/srv/apt "$@"
rm -rf "$root/srv/apt/partial" "$root/srv/apt/lock"

# Two versions of a package of our own, for what installs one exactly, upgrades it or goes back.
for version in 1.0 1.1; do
    sample=$(mktemp --directory)
    mkdir -p "$sample/DEBIAN" "$sample/usr/share/rehearsal-sample"
    echo "$version" > "$sample/usr/share/rehearsal-sample/version"
    printf 'Package: rehearsal-sample\nVersion: %s\nArchitecture: all\nMaintainer: rehearsal <root@localhost>\n' \
        "$version" > "$sample/DEBIAN/control"
    printf 'Description: package of two versions\n' >> "$sample/DEBIAN/control"
    chmod 755 "$sample"
    dpkg-deb --build --root-owner-group "$sample" "$root/srv/apt/rehearsal-sample_${version}_all.deb" > /dev/null
    rm -rf "$sample"
done

for package in "$root"/srv/apt/*.deb; do
    dpkg-deb --field "$package" | grep -v '^$'
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$(basename "$package")" "$(stat --format=%s "$package")" \
        "$(sha256sum "$package" | cut -d ' ' -f 1)"
done > "$root/srv/apt/Packages"
chmod -R a+rX "$root/srv/apt"

rm -rf "$root"/etc/apt/sources.list.d/* "$root"/var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/srv/apt ./' > "$root/etc/apt/sources.list"
chroot "$root" apt-get --quiet --quiet update
