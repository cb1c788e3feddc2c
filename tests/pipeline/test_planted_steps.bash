#!/usr/bin/env bash
# A failure of one rank at each step that ranks agree on: the command ends with 1 and the failure's
# text, and nobody hangs. The steps are those that a whole run and verify name.
. "$(dirname "$0")/support.bash"
planted=${UNITMILL_PLANTED:?the program with watched agreements}

make_plan run 4
UNITMILL_STEPS=$PWD/steps "$planted" run plan.yaml --ranks 3 --quiet
UNITMILL_STEPS=$PWD/steps "$planted" verify run --ranks 3 --quiet
mapfile -t steps < <(sort -u steps)
[ ${#steps[@]} -ge 30 ] || fail "only ${#steps[@]} steps: ${steps[*]}"

# break_step STEP RUN: run fails at it, or else verify does.
break_step() {
    local code=0
    rm -rf "$2"
    UNITMILL_PLANTED_STEP=$1 timeout 60 "$planted" run plan.yaml --set "run=$2" --ranks 3 --quiet \
        >"$2.output" 2>&1 || code=$?
    if [ $code = 0 ]; then
        UNITMILL_PLANTED_STEP=$1 timeout 60 "$planted" verify "$2" --ranks 3 --quiet >"$2.output" 2>&1 || code=$?
    fi
    [ $code = 1 ] || { cat "$2.output" >&2; fail "\"$1\": exit code $code"; }
    expect_text "$2.output" planted
}

# They mostly wait for MPI to begin and end, so two go at a time.
break_each_second() {
    local s
    for ((s = $1; s < ${#steps[@]}; s += 2)); do break_step "${steps[s]}" "broken$1"; done
}
break_each_second 0 &
other=$!
break_each_second 1
wait $other
echo "${#steps[@]} planted failures, each told"
