#!/usr/bin/env bash
# The speed of the store, as docs/STORAGE.md promises it. Speeds are the best of several runs, since
# other programs only ever slow something down, and counted by processor time where there is no rival.
. "$(dirname "$0")/support.bash"

# at_least BENCH QUANTITY LEAST
at_least() {
    local value=
    for _ in 1 2 3 4 5; do
        "$unitmill" bench "$1" --ranks 1 --seconds 2 --folder "$scratch" >result
        value=$(sed -n "s/.*\"$2\":\([0-9.e+-]*\).*/\1/p" result)
        awk -v value="$value" -v least="$3" 'BEGIN { exit !(value != "" && value >= least) }' &&
            return
    done
    cat result >&2
    fail "bench $1: $2 is $value, less than $3"
}

at_least read items_per_processor_second 20000
at_least pack fraction_of_h5dwrite 0.8
