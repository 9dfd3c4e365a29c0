# Sourced by the runners that want systemd 257: a Debian 13 for boxes, made once and kept beside the machine's images.

# box_root: makes it if it is not there, and prints its folder.
box_root() {
  local cache=${PINBUS_MACHINE_CACHE:-$HOME/.cache/pinbus-machine}
  local root=$cache/trixie
  if [ ! -x "$root/usr/bin/node" ]; then
    mkdir -p "$cache"
    rm -rf "$root" "$root.new"
    "$here/sdbox" mkroot "$root.new" trixie nodejs,mosquitto,mosquitto-clients,man-db >&2 || return
    mv "$root.new" "$root"
  fi
  echo "$root"
}
