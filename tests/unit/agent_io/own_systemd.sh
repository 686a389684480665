# A systemd that is process 1 of namespaces of its own, on a copy of this machine's files that is gone with it. Started by
# test_systemd.py as root under unshare; $1: a scratch folder; $2: the unit file; $3: the program; $4: its models; $5: its
# configuration. Nothing of the machine itself is written: /sys and /proc/sys are read-only, the files lie in memory.
set -e
root="$1/root"
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root"
mount -t proc proc "$root/proc"
mount -o bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,ro,bind "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs none "$root/sys/fs/cgroup"
mkdir "$root/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd systemd "$root/sys/fs/cgroup/systemd"
mount --rbind /dev "$root/dev"
for each in run tmp; do mount -t tmpfs none "$root/$each"; done

# Only what the unit itself wants is started.
units="$root/etc/systemd/system"
rm -rf "$units" "$root"/lib/systemd/system/*.target.wants "$root"/run/systemd
mkdir -p "$units"
printf '[Unit]\nDescription=nothing but the agent\nRequires=basic.target\nAfter=basic.target\n' >"$units/default.target"
for each in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket systemd-journald-audit.socket; do
    ln -s /dev/null "$units/$each"
done

grep -q '^pediluve:' "$root/etc/passwd" || useradd --root "$root" --system --no-create-home --shell /usr/sbin/nologin pediluve
install -D -m 0755 "$3" "$root/usr/bin/pediluve-agent"
install -D -m 0644 -t "$root/usr/share/pediluve/models" "$4"/*.json
install -d -m 0750 -g "$(awk -F: '$1 == "pediluve" {print $4}' "$root/etc/passwd")" "$root/etc/pediluve"
install -m 0640 -g "$(awk -F: '$1 == "pediluve" {print $4}' "$root/etc/passwd")" "$5" "$root/etc/pediluve/agent.json"
install -m 0644 "$2" "$units/pediluve-agent.service"

# A process in a chroot may not make the user namespace that the unit asks for: the root itself is moved.
mkdir "$root/.old"
cd "$root"
pivot_root . .old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    sh -c 'umount -l /.old; cd /; exec /lib/systemd/systemd --log-target=console --show-status=0'
