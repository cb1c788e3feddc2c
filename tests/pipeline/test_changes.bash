#!/usr/bin/env bash
# What changes around a run: its directory cannot be written, somebody else is at work in it, a killed
# run's lock is there, the clock goes backwards, weights change while they are used.
. "$(dirname "$0")/support.bash"

# A test that fails leaves no stopped ranks behind.
ranks=()
leave() {
    [ ${#ranks[@]} = 0 ] || kill -9 "${ranks[@]}" 2>/dev/null || true
    if mountpoint -q readonly; then umount readonly; fi
    leave_scratch
}
trap leave EXIT
cp -r "$golden/vit-vqgan-tiny" weights
make_plan run 12
sed -i "s#$golden/vit-vqgan-tiny#weights#; s/shard_images: 4/shard_images: 1/" plan.yaml
cp plan.yaml base.yaml
"$unitmill" run plan.yaml --ranks 2 --quiet
expected=$(digest run)
use() { sed "s/^run: .*/run: $1/" base.yaml >plan.yaml; }

# A directory that cannot be written: told, and left as it is; looking at it still works.
cp -r run readonly
rm readonly/images/00003.h5
use readonly
is_protected=false
if [ "$(id -u)" != 0 ]; then
    chmod -R a-w readonly && is_protected=true
elif mount --bind readonly readonly 2>/dev/null; then
    mount -o remount,bind,ro readonly && is_protected=true
fi
if $is_protected; then
    expect_failure 1 output "$unitmill" run plan.yaml --ranks 2
    grep -qE 'readonly.*(Read-only|denied)' output || { cat output >&2; fail "no word of it"; }
    "$unitmill" verify readonly --ranks 2 --quiet
    "$unitmill" status readonly >/dev/null
    "$unitmill" audit readonly >/dev/null
    if [ "$(id -u)" = 0 ]; then
        umount readonly
    else
        chmod -R u+w readonly
    fi
    [ ! -e readonly/images/00003.h5 ] || fail "something was written"
else
    echo "nothing can be made read-only here"
fi

# begin RUN: starts it in the background, all but the pictures done, and stops its ranks once it has the
# lock.
begin() {
    use "$1"
    cp -r run "$1"
    rm -r "$1/images" "$1/store.h5"
    "$unitmill" run plan.yaml --ranks 2 >"$1.output" 2>&1 &
    parent=$!
    until grep -q ":$(stat -c %i "$1/.lock") " /proc/locks; do
        kill -0 $parent 2>/dev/null || { cat "$1.output" >&2; fail "$1 ended too early"; }
        sleep 0.01
    done
    mapfile -t ranks < <(ranks_of $parent)
    kill -STOP "${ranks[@]}"
    [ ! -e "$1/store.h5" ] || fail "$1 was over too early"
}

# Two at once: the second is refused, the first goes on.
begin two
expect_failure 1 output "$unitmill" run plan.yaml --ranks 2
expect_text output "two: another unitmill is at work in this run"
kill -CONT "${ranks[@]}"
wait $parent || { cat two.output >&2; fail "the first run was disturbed"; }
ranks=()
expect_same "digest of the first of two" "$(digest two)" "$expected"

# All processes of a run are killed at once: its lock holds nobody.
begin killed
kill -9 $parent "${ranks[@]}"
wait $parent || true
ranks=()
[ -e killed/.lock ] || fail "there is no lock to be left"
"$unitmill" run plan.yaml --ranks 2 --quiet
expect_same "digest after all were killed" "$(digest killed)" "$expected"

# Weights that change under a run: named; no shard comes of them; put back, the run goes on.
begin weights-run
cp weights/model.safetensors kept
cp -r weights changed
printf '\001' | dd of=changed/model.safetensors bs=1 conv=notrunc status=none \
    seek=$(($(stat -c %s kept) - 2))
cp changed/model.safetensors weights/model.safetensors
kill -CONT "${ranks[@]}"
code=0
wait $parent || code=$?
ranks=()
expect_same "exit code" $code 1
expect_text weights-run.output \
    "image_units.vit_vqgan: $scratch/weights/model.safetensors was changed while the run"
[ ! -e weights-run/store.h5 ] || fail "the run went on to the next stage"
expect_failure 1 output "$unitmill" run plan.yaml --ranks 2
expect_text output "another content of image_units.vit_vqgan"
cp kept weights/model.safetensors
"$unitmill" run plan.yaml --ranks 2 --quiet
expect_same "digest with the weights put back" "$(digest weights-run)" "$expected"

# Times of files say nothing: old, future and equal ones change nothing and cost nothing.
for time in 1980-01-01 2100-01-01; do
    find run data weights -exec touch -d $time {} +
    find run -name '*.h5' -printf '%p %i\n' | sort >before
    use run
    "$unitmill" run plan.yaml --ranks 2 --quiet
    find run -name '*.h5' -printf '%p %i\n' | sort >after
    cmp before after || fail "files of $time were made again"
done
if is_sanitized; then
    echo "no library can be preloaded here"
else
    use backwards
    LD_PRELOAD=$UNITMILL_BACKWARD_CLOCK date | grep -q 2033 || fail "the clock was not preloaded"
    LD_PRELOAD=$UNITMILL_BACKWARD_CLOCK "$unitmill" run plan.yaml --ranks 2 --to speak --quiet
    LD_PRELOAD=$UNITMILL_BACKWARD_CLOCK "$unitmill" run plan.yaml --ranks 2 >output 2>&1
    expect_text output "2033"
    expect_same "digest under a clock that goes backwards" "$(digest backwards)" "$expected"
    LD_PRELOAD=$UNITMILL_BACKWARD_CLOCK "$unitmill" status backwards >/dev/null
fi
