#!/usr/bin/env bash
# A run goes on: with a manifest to which records were appended, with rejects tried again; and does not
# with a plan, a manifest or weights of other content. What is there and right stays as it is, to the
# byte.
. "$(dirname "$0")/support.bash"

make_plan run 24
cp data/manifest.jsonl all.jsonl
part() { head -n "$1" all.jsonl >data/manifest.jsonl; }
# fingerprints RUN: path, inode and digest of every file of content; who is written anew, changes.
fingerprints() { (cd "$1" && find . -name '*.h5' -printf '%i ' -exec md5sum {} \; | sort -k 3); }
changed() { join -1 3 -2 3 -a 1 -a 2 "$1" "$2" | awk '$2 != $4 || $3 != $5 { print $1 }'; }

# A header, then ten pictures; then five more pictures, then all of them.
part 11
"$unitmill" run plan.yaml --ranks 2 --quiet
fingerprints run >before
part 16
"$unitmill" run plan.yaml --ranks 2 >output 2>&1
expect_text output "were appended to the manifest"
fingerprints run >after
per_picture=$(head -n 2 all.jsonl | tail -n 1 | grep -o '"language"' | wc -l)
full=$((10 * per_picture / 16))
[ $full -ge 2 ] || fail "too few full shards to tell anything"
for ((shard = 0; shard < full; shard++)); do
    for folder in speech units; do
        name=$(printf './%s/%05d.h5' $folder $shard)
        [ -z "$(changed before after | grep -F "$name")" ] || fail "$name was full and is not as it was"
    done
done
for name in ./images/00000.h5 ./images/00001.h5 ./kmeans.h5; do
    [ -z "$(changed before after | grep -F "$name")" ] || fail "$name is not as it was"
done
for name in ./images/00002.h5 ./images/00003.h5 ./store.h5; do
    [ -n "$(changed before after | grep -F "$name")" ] || fail "$name was not made anew"
done
"$unitmill" verify run --ranks 2 --quiet
part 25
"$unitmill" run plan.yaml --ranks 3 --quiet
"$unitmill" verify run --ranks 2 --quiet
# The same at once, on the centres of the first part: the same store.
make_plan whole
cp run/kmeans.h5 centres.h5
"$unitmill" run plan.yaml --ranks 1 --quiet --set speech_units.kmeans=centres.h5
expect_same "store of a run in three parts" "$(digest run/store.h5)" "$(digest whole/store.h5)"

# Other plans and files are refused, by name, with the way out; nothing changes.
make_plan run
expected=$(digest run)
refuse() {
    local text=$1
    shift
    expect_failure 1 output "$unitmill" run plan.yaml --ranks 2 "$@"
    expect_text output "$text"
    expect_text output "begins a new one"
}
refuse "seed is 2, was 1 in the run; shard_images is 3, was 4 in the run" \
    --set seed=2 --set shard_images=3
sed 's/a red/a rde/' all.jsonl | sed '3s/train/val/' >data/manifest.jsonl
refuse "another content of manifest, $scratch/data/manifest.jsonl"
part 12
refuse "digests.manifest"
part 25
printf ' ' >>data/manifest.jsonl
printf '\n' >more
cat more >>data/manifest.jsonl
"$unitmill" run plan.yaml --ranks 2 --quiet # blank lines are no records
part 25
refuse "digests.manifest" # it became shorter
cp all.jsonl data/manifest.jsonl
printf ' \n' >>data/manifest.jsonl
mkdir weights
cp "$golden/vit-vqgan-tiny/"*.safetensors "$golden/vit-vqgan-tiny/"*.json weights/
weights=weights/model.safetensors
printf '\001' | dd of=$weights bs=1 seek=$(($(stat -c %s $weights) - 1)) conv=notrunc status=none
refuse "another content of image_units.vit_vqgan, $scratch/$weights" \
    --set image_units.vit_vqgan=$weights
expect_same "digest after all refusals" "$(digest run)" "$expected"

# Rejects: two pictures that cannot be read, then can. Their shard keeps the others as they were.
rm -rf run
cp all.jsonl data/manifest.jsonl
make_plan run
pictures=$(sed -n '6p;23p' all.jsonl | grep -o '"image": *"[^"]*"' | cut -d'"' -f4)
for picture in $pictures; do
    find data -path "*/$picture" -exec mv {} {}.away \;
done
expect_failure 1 output "$unitmill" run plan.yaml --ranks 2
expect_text output "2 of 24 pictures are rejects"
"$unitmill" run plan.yaml --ranks 2 --quiet --set reject_limit=0.5
fingerprints run >before
"$unitmill" run plan.yaml --ranks 2 --retry-rejects --quiet --set reject_limit=0.5
fingerprints run >after
[ -z "$(changed before after)" ] || fail "nothing came of the rejects, yet files changed"
first=$(echo "$pictures" | head -n 1)
find data -path "*/$first.away" -exec sh -c 'mv "$1" "${1%.away}"' _ {} \;
"$unitmill" run plan.yaml --ranks 2 --set reject_limit=0.5 >/dev/null 2>&1
fingerprints run >after
[ -z "$(changed before after)" ] || fail "rejects were tried again without being asked for"
"$unitmill" run plan.yaml --ranks 2 --retry-rejects --set reject_limit=0.5 >output 2>&1
expect_text output "retried shard=1 rejects=1 now=0"
fingerprints run >after
expect_same "files that a retried picture changes" "$(changed before after | tr '\n' ' ')" \
    "./images/00001.h5 ./store.h5 "
for picture in $pictures; do
    find data -path "*/$picture.away" -exec sh -c 'mv "$1" "${1%.away}"' _ {} \;
done
"$unitmill" image-units plan.yaml --ranks 2 --retry-rejects --quiet
"$unitmill" pack plan.yaml --ranks 2 --quiet
make_plan whole2
"$unitmill" run plan.yaml --ranks 2 --quiet
expect_same "digest after all rejects were made good" "$(digest run)" "$(digest whole2)"
