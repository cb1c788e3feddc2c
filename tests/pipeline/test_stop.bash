#!/usr/bin/env bash
# SIGTERM and SIGINT ask for an orderly end: exit code 1, a word on how to go on, no partial files,
# and the run can be finished to the same content.
. "$(dirname "$0")/support.bash"

# Drawing stops between two pictures and leaves no list that looks whole; the next run draws them all.
"$unitmill" scenes drawn --count 100000 --quiet >said 2>&1 &
until compgen -G "drawn/images/*.jpg" >/dev/null; do sleep 0.02; done
kill -s TERM $!
code=0
wait $! || code=$?
expect_same "exit code of scenes" "$code" 1
expect_text said "stopped by a signal"
[ ! -e drawn/manifest.jsonl ] && [ -z "$(find drawn -name '*.partial')" ] || fail "a list, or parts, are left"

make_plan reference 24
"$unitmill" run plan.yaml --ranks 2 --quiet
expected=$(digest reference)

for name in TERM INT; do
    make_plan "stopped$name"
    # A background job of a script ignores SIGINT unless job control is on.
    set -m
    "$unitmill" run plan.yaml --ranks 2 >output 2>&1 &
    parent=$!
    set +m
    until compgen -G "stopped$name/speech/*.h5" >/dev/null; do
        kill -0 $parent 2>/dev/null || break
        sleep 0.02
    done
    kill -s $name $parent
    code=0
    wait $parent || code=$?
    expect_same "exit code after SIG$name" "$code" 1
    expect_text output "stopped by a signal"
    [ -z "$(find "stopped$name" -name '*.partial')" ] || fail "partial files are left"
    [ ! -e "stopped$name/store.h5" ] || fail "the run was over before the signal came"
    "$unitmill" run plan.yaml --ranks 1 --quiet
    expect_same "digest after SIG$name" "$(digest "stopped$name")" "$expected"
done
