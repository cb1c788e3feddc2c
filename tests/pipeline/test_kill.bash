#!/usr/bin/env bash
# kill -9 of a rank at several moments of a run, then the same command again: the same content, and
# nothing half written in between.
. "$(dirname "$0")/support.bash"

make_plan reference
begin=$(date +%s%N)
"$unitmill" run plan.yaml --ranks 2 --quiet
run_milliseconds=$((($(date +%s%N) - begin) / 1000000))
expected=$(digest reference)

# ranks_of PID: the processes below it that run this program as ranks.
ranks_of() {
    local child
    for child in $(pgrep -P "$1" || true); do
        if [ "$(readlink "/proc/$child/exe")" = "$(readlink -f "$unitmill")" ]; then
            echo "$child"
        else
            ranks_of "$child"
        fi
    done
}

# Moments over the whole length of a run, with a different rank each time.
for moment in 1 2 3 4 5 6 7 8; do
    make_plan "killed$moment"
    "$unitmill" run plan.yaml --ranks 2 >output 2>&1 &
    parent=$!
    sleep "$(printf '%d.%03d' $((run_milliseconds * moment / 9000)) \
        $((run_milliseconds * moment / 9 % 1000)))"
    mapfile -t ranks < <(ranks_of $parent)
    if [ ${#ranks[@]} -gt 0 ]; then
        kill -9 "${ranks[$((moment % ${#ranks[@]}))]}" 2>/dev/null || true
    fi
    code=0
    wait $parent || code=$?
    for shard in "killed$moment"/*/*.h5; do
        [ ! -e "$shard" ] || h5dump -H "$shard" >/dev/null || fail "$shard is not whole"
    done
    [ "$code" = 0 ] || expect_text output "the same command goes on from there"
    "$unitmill" run plan.yaml --ranks 3 --quiet
    expect_same "digest after a kill at moment $moment" "$(digest "killed$moment")" "$expected"
    echo "moment $moment: ended with $code, resumed to the same digest"
    rm -rf "killed$moment"
done
