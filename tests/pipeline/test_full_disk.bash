#!/usr/bin/env bash
# A disk that is full in every stage: one clear line, nothing half written, and the run goes on to the
# same content once there is room.
. "$(dirname "$0")/support.bash"

make_plan reference 8
"$unitmill" run plan.yaml --ranks 2 --quiet
expected=$(digest reference)
whole_kib=$(du -sk reference | cut -f1)

mkdir disk
if ! mount -t tmpfs -o size=64k tmpfs disk 2>/dev/null; then
    echo "a small file system cannot be mounted here"
    exit $skipped
fi
make_plan disk/run
for percent in 1 20 50 80 97 99 100; do
    mount -o remount,size=$((whole_kib * percent / 100 + 64))k disk
    code=0
    "$unitmill" run plan.yaml --ranks 2 >output 2>&1 || code=$?
    [ $code = 0 ] || grep -qiE 'no space|disk full|cannot (write|close|flush|create)' output ||
        { cat output >&2; fail "at $percent % the full disk is not named"; }
    [ -z "$(find disk -name '*.partial')" ] || fail "at $percent % a partial file is left"
    [ $code -le 1 ] || fail "at $percent % it ended with $code"
    echo "$percent %: ended with $code: $(grep -m1 -iE 'no space|cannot' output || true)"
done
roomy() { mount -o remount,size=$((whole_kib * 2 + 4096))k disk; }
roomy
"$unitmill" run plan.yaml --ranks 2 --quiet
expect_same "digest once there is room" "$(digest disk/run)" "$expected"

# Each stage in turn finds the disk as full as the one before it left it.
with_clip=(--set "embed_images.clip=$golden/clip-vit-tiny/openai_fp16.pt")
make_plan reference2
"$unitmill" run plan.yaml --ranks 2 --quiet "${with_clip[@]}"
expected=$(digest reference2)
make_plan disk/run2
rm -rf disk/run
for stage in speak fit-units speech-units image-units embed-images pack; do
    mkdir -p disk/run2/{speech,units,images,embeddings,log}
    dd if=/dev/zero of=disk/filler bs=1k status=none 2>/dev/null || true
    expect_failure 1 output "$unitmill" run plan.yaml --to $stage --ranks 2 "${with_clip[@]}"
    grep -qiE 'no space|disk full' output || { cat output >&2; fail "$stage: no word of the disk"; }
    [ -z "$(find disk -name '*.partial')" ] || fail "$stage: a partial file is left"
    rm disk/filler
    "$unitmill" run plan.yaml --to $stage --ranks 2 --quiet "${with_clip[@]}"
    echo "$stage: $(grep -m1 -iE 'no space|disk full' output | cut -c 1-160)"
done
expect_same "digest of a run with a full disk in every stage" "$(digest disk/run2)" "$expected"
