#!/bin/sh
# Start a machine: start.sh NAMESPACE DIRECTORY HOSTNAME CONTROL-GROUP...
# This process enters the control groups; what it becomes waits for the machine's first process, and takes it along
# when it is killed.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
namespace=$1 directory=$2 name=$3
shift 3
for group in "$@"; do
    echo $$ > "$group/cgroup.procs"
done
hierarchies=
for group in "$@"; do
    hierarchies="$hierarchies ${group%/*/*}"
done
# shellcheck disable=SC2086
exec nsenter "--net=$namespace" unshare --uts --ipc --mount --cgroup --pid --fork --kill-child \
    /bin/sh "$(dirname "$0")/init.sh" "$directory" "$name" $hierarchies
