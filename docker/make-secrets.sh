#!/bin/sh
# Makes docker/secrets/: one file a secret, random, for docker-compose.yml. What is there already stays.
# The folder is closed to others; the files are not, since each container reads its own as its own user.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

make_secret() {
    [ -s "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"
    chmod 644 "$folder/$1"
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

make_secret postgres_password "$(random)"
make_secret mqtt_password "$(random)"
make_secret device_secret "$(random)"
make_secret database_url "postgresql://pediluve:$(cat "$folder/postgres_password")@postgres/pediluve"
echo "secrets are in $folder"
