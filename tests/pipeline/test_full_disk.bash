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
mount -o remount,size=$((whole_kib * 2 + 4096))k disk
"$unitmill" run plan.yaml --ranks 2 --quiet
expect_same "digest once there is room" "$(digest disk/run)" "$expected"
