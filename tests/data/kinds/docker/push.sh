# Puts an image into the registry as a client that knows its password would, by the registry's own interface, so that
# the engine has to fetch it: the one that is named here, with a static busybox.
set -e
registry=http://localhost:5000/v2/$1
credentials=puller:pull-secret
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin"
cp /bin/busybox "$work/root/bin/"
tar -C "$work/root" -cf "$work/layer.tar" .
gzip -n -k "$work/layer.tar"
digest() { printf 'sha256:%s' "$(sha256sum <"$1" | cut -c1-64)"; }
size() { stat -c %s "$1"; }
machine=$(dpkg --print-architecture)
printf '{"architecture":"%s","os":"linux","config":{"Cmd":["/bin/busybox","true"]},"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
    "$machine" "$(digest "$work/layer.tar")" >"$work/config"
for blob in "$work/config" "$work/layer.tar.gz"; do
    place=$(curl -sSf -u "$credentials" -X POST -o /dev/null -w '%header{location}' "$registry/blobs/uploads/")
    curl -sSf -u "$credentials" -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$blob" "$place&digest=$(digest "$blob")"
done
type=application/vnd.docker
printf '{"schemaVersion":2,"mediaType":"%s.distribution.manifest.v2+json","config":{"mediaType":"%s.container.image.v1+json","size":%s,"digest":"%s"},"layers":[{"mediaType":"%s.image.rootfs.diff.tar.gzip","size":%s,"digest":"%s"}]}' \
    "$type" "$type" "$(size "$work/config")" "$(digest "$work/config")" "$type" "$(size "$work/layer.tar.gz")" "$(digest "$work/layer.tar.gz")" >"$work/manifest"
curl -sSf -u "$credentials" -X PUT -H "Content-Type: $type.distribution.manifest.v2+json" --data-binary "@$work/manifest" "$registry/manifests/1"
