#!/usr/bin/env bash
# kill -9 of a rank at several moments of a run, then the same command again: the same content, and
# nothing half written in between.
. "$(dirname "$0")/support.bash"

make_plan reference 24
"$unitmill" run plan.yaml --ranks 2 --quiet
expected=$(digest reference)
mapfile -t files < <(find reference -name '*.h5')

# Moments over the whole of a run: when that many files are there, a little later each time, another
# rank each time.
kills=0
for moment in 0 1 2 3 4 5 6 7; do
    make_plan "killed$moment"
    wanted=$((${#files[@]} * moment / 8))
    "$unitmill" run plan.yaml --ranks 2 >output 2>&1 &
    parent=$!
    while kill -0 $parent 2>/dev/null; do
        mapfile -t ranks < <(ranks_of $parent)
        mapfile -t done < <(find "killed$moment" -name '*.h5' 2>/dev/null || true)
        if [ ${#ranks[@]} = 2 ] && [ ${#done[@]} -ge $wanted ]; then
            sleep "0.0$moment"
            kill -9 "${ranks[$((moment % 2))]}" 2>/dev/null && kills=$((kills + 1))
            break
        fi
    done
    code=0
    wait $parent || code=$?
    if [ -e "killed$moment/plan.yaml" ]; then
        "$unitmill" verify "killed$moment" --quiet --ranks 1 ||
            fail "something under a final name is not whole"
    fi
    [ "$code" = 0 ] || expect_text output "the same command goes on from there"
    "$unitmill" run plan.yaml --ranks 3 --quiet
    expect_same "digest after a kill at moment $moment" "$(digest "killed$moment")" "$expected"
    echo "moment $moment: ended with $code, resumed to the same digest"
    rm -rf "killed$moment"
done
[ $kills -ge 6 ] || fail "only $kills of 8 kills came before the end"
