#!/usr/bin/env bash
# kill -9 of any rank at random moments, 50 times: whatever a run was at, it goes on to the same content.
# A run that got to its end is held against the reference, and another one begun.
. "$(dirname "$0")/support.bash"

make_plan reference 6
"$unitmill" run plan.yaml --ranks 2 --quiet
expected=$(digest reference)
make_plan run

export OMPI_MCA_odls_base_sigkill_timeout=0 # mpirun need not wait for the others
RANDOM=1
kills=0 ends=0 most=50
is_sanitized && most=10 # each takes several times as long
check_end() {
    expect_same "digest after $kills kills" "$(digest run)" "$expected"
    [ -z "$(find run -name '*.partial')" ] || fail "partial files are left"
    ends=$((ends + 1))
    rm -rf run
}
while [ $kills -lt $most ]; do
    count=$((RANDOM % 2 + 2))
    "$unitmill" run plan.yaml --ranks $count >output 2>&1 &
    parent=$!
    ranks=()
    while kill -0 $parent 2>/dev/null && [ ${#ranks[@]} -lt $count ]; do
        sleep 0.02
        mapfile -t ranks < <(ranks_of $parent)
    done
    sleep "0.$(printf %03d $((RANDOM % 500)))"
    code=0
    if [ ${#ranks[@]} = $count ] && kill -9 "${ranks[$((RANDOM % count))]}" 2>/dev/null; then
        kills=$((kills + 1))
    fi
    wait $parent || code=$?
    [ $code -le 1 ] || fail "a run ended with $code"
    if [ $code = 0 ]; then check_end; fi
done
"$unitmill" run plan.yaml --ranks 3 --quiet
check_end
echo "$kills kills over $ends runs, each to the same digest"
