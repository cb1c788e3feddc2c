#!/usr/bin/env bash
# K-means in mini-batches: the same centres for any number of ranks, about as good as those of all
# frames at once, and a fit that says what it was.
. "$(dirname "$0")/support.bash"

batches=(--set fit_units.batch_frames=400 --set fit_units.iterations_max=12)
for ranks in 1 3; do
    make_plan "run$ranks" 5
    "$unitmill" run plan.yaml --to speech-units --ranks $ranks "${batches[@]}" 2>said$ranks
done
expect_same "digest of units on 3 ranks" "$(digest run3)" "$(digest run1)"
expect_same "batches" "$(grep -c " batch number=" said1)" 12
expect_same "batches on 3 ranks" "$(sed -n 's/.* batch number/number/p' said3)" \
    "$(sed -n 's/.* batch number/number/p' said1)"
make_plan whole 5
"$unitmill" run plan.yaml --to fit-units --ranks 2 2>whole.said
expect_text whole.said "converged"

# Batches of fresh frames come close to what Lloyd's iterations reach on their own sample.
last() { sed -n "s/.*$1.*inertia=\([0-9.e+-]*\).*/\1/p" "$2" | tail -n 4; }
first() { sed -n "s/.*$1.*inertia=\([0-9.e+-]*\).*/\1/p" "$2" | head -n 1; }
awk -v first="$(first " batch " said1)" -v whole="$(first " done clusters" whole.said)" '
    { sum += $1; count++ }
    END { mean = sum / count; printf "first %g, last %g, Lloyd %g\n", first, mean, whole
          exit !(mean < first && mean < 1.15 * whole) }' <<<"$(last " batch " said1)" ||
    fail "the batches do not come near the whole"

# Evaluate fits its baseline in the same way; nothing is fitted twice.
"$unitmill" evaluate plan.yaml --ranks 2 --set run=run1 "${batches[@]}" >table 2>evaluate.said
expect_text table "MFCC"
expect_text evaluate.said " batch number=12"
"$unitmill" fit-units plan.yaml --ranks 2 --set run=run1 "${batches[@]}" 2>again
! grep -q " batch " again || fail "a fit that was there was made again"
expect_failure 1 refused "$unitmill" fit-units plan.yaml --ranks 2 --set run=run1
expect_text refused "fit_units"

# A first batch with fewer frames than units is told.
expect_failure 1 scarce "$unitmill" run plan.yaml --to fit-units --ranks 3 --quiet --set run=few \
    --set fit_units.batch_frames=5
expect_text scarce "12 clusters were asked for"
