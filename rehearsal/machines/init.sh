#!/bin/sh
# Become a machine's first process: init.sh DIRECTORY HOSTNAME CGROUP-HIERARCHY...
# It runs in namespaces of its own. DIRECTORY holds `base` (a link to the base root), upper, work, root, `volumes` (what
# is in /var/lib beside the overlay) and perhaps `programs` (a link to what is at /opt/rehearsal).
set -eu
directory=$1 name=$2
shift 2

mount --make-rprivate /
hostname "$name"
cd "$directory"
base=$(readlink base)
mount -t overlay overlay -o lowerdir=base,upperdir=upper,workdir=work root
cd root
mount --bind "$base/srv/apt" srv/apt
mount -o remount,bind,ro srv/apt
# The root is an overlay and so are those of containers, which the kernel does not lay over one another.
for volume in "$directory"/volumes/*; do
    [ -d "$volume" ] || continue
    mkdir -p "var/lib/${volume##*/}"
    mount --bind "$volume" "var/lib/${volume##*/}"
done
if [ -d "$directory/programs" ]; then
    mkdir -p opt/rehearsal
    mount --bind "$directory/programs/" opt/rehearsal
    mount -o remount,bind,ro,nosuid,nodev opt/rehearsal
fi

mount -t proc proc proc -o nosuid,nodev,noexec
mount -t sysfs sysfs sys -o ro,nosuid,nodev,noexec
mount -t tmpfs tmpfs dev -o mode=755,nosuid
mount -t tmpfs tmpfs run -o mode=755,nosuid,nodev
mount -t tmpfs tmpfs tmp -o mode=1777,nosuid,nodev

# Control groups: the hierarchies that this computer has, seen from the machine's own group.
if [ "$#" = 1 ] && [ "$1" = /sys/fs/cgroup ]; then
    mount -t cgroup2 cgroup2 sys/fs/cgroup -o nosuid,nodev,noexec
else
    mount -t tmpfs tmpfs sys/fs/cgroup -o mode=755,nosuid,nodev,noexec
    for hierarchy in "$@"; do
        controller=${hierarchy##*/}
        mkdir "sys/fs/cgroup/$controller"
        case $controller in
            unified) mount -t cgroup2 cgroup2 "sys/fs/cgroup/$controller" ;;
            systemd) mount -t cgroup cgroup "sys/fs/cgroup/$controller" -o none,name=systemd,xattr ;;
            *) mount -t cgroup cgroup "sys/fs/cgroup/$controller" -o "$controller" ;;
        esac
    done
fi

for device in null zero full random urandom tty; do
    : > "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
# The kernel's log is the whole computer's: whoever must open it, as a kubelet, finds it empty.
: > dev/kmsg
mount --bind /dev/null dev/kmsg
# What a driver would make for each GPU.
gpus=$(sed -n 's/.*"gpus": *\([0-9]*\).*/\1/p' etc/rehearsal/machine.json 2> /dev/null || true)
number=0
while [ "$number" -lt "${gpus:-0}" ]; do
    : > "dev/nvidia$number"
    number=$((number + 1))
done
mkdir dev/pts dev/shm dev/net
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666,mode=620,gid=5
mount -t tmpfs tmpfs dev/shm -o mode=1777,nosuid,nodev
mknod -m 666 dev/net/tun c 10 200
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr

# Settings of the kernel outside of the network are this whole computer's: the machine gets copies to set and read.
for settings in abi debug dev fs kernel user vm; do
    [ -d "/proc/sys/$settings" ] || continue
    mkdir -p "run/.settings/$settings"
    mount -t tmpfs tmpfs "run/.settings/$settings" -o mode=555,nosuid,nodev,noexec
    cp --recursive --no-target-directory "/proc/sys/$settings" "run/.settings/$settings" 2> /dev/null || true
done
cat /proc/sys/kernel/random/uuid > run/.settings/kernel/random/boot_id
for real in hostname domainname random/uuid random/entropy_avail ns_last_pid; do
    [ ! -e "/proc/sys/kernel/$real" ] || mount --bind "proc/sys/kernel/$real" "run/.settings/kernel/$real"
done
for settings in run/.settings/*; do
    mount --move "$settings" "proc/sys/${settings##*/}"
done
for dangerous in sysrq-trigger kcore; do
    [ ! -e "proc/$dangerous" ] || mount --bind /dev/null "proc/$dangerous"
done

mkdir run/.old
pivot_root . run/.old
cd /
umount -l run/.old
rm -rf run/.old run/.settings
# As on every host with systemd: what is mounted for a pod is seen in the pod.
mount --make-rshared /
# It can neither set the clock, which all share, nor load modules, nor read the kernel's log, which others would lack.
exec env -i container=sophia PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set -sys_time,-sys_module,-syslog --inh-caps -sys_time,-sys_module,-syslog \
    /lib/systemd/systemd < /dev/null
