#!/usr/bin/env bash
# evaluate: the same table and the same line of metrics for 1 and 3 ranks, voices apart that the fit
# never heard, and what is said where it cannot work.
. "$(dirname "$0")/support.bash"

make_plan run 6
held_out=(--set "fit_units.held_out_voices=en-us+f2")
"$unitmill" run plan.yaml --to speech-units --ranks 2 --quiet "${held_out[@]}"
for ranks in 1 3; do
    "$unitmill" evaluate plan.yaml --ranks $ranks --quiet "${held_out[@]}" >table$ranks
done
cmp table1 table3 || fail "1 and 3 ranks give another table"
expect_same "lines of metrics" "$(wc -l <run/metrics.jsonl)" 2
expect_same "different lines of metrics" "$(uniq run/metrics.jsonl | wc -l)" 1
expect_text run/metrics.jsonl '"event":"evaluation"'
for group in "HuBERT layer 3   all       all" "MFCC             all       all" \
    "MFCC             held out  en" "HuBERT layer 3   heard     ar"; do
    expect_text table1 "$group"
done
! grep -q "held out  ar" table1 || fail "a group without frames is in the table"
! grep -qi "nan" table1 run/metrics.jsonl || fail "NaN"

# Heard and held-out frames are all frames; the MFCC of the very speech that the units are of tell
# phones better than an untrained net of a few numbers.
awk '/^MFCC .* all / && $4 ~ /^[0-9]/ { frames[$2 $3] = $4 }
     $1 == "MFCC" && $3 == "all" && $2 == "all" { mfcc = $NF; whole = $4 }
     $1 == "MFCC" && $2 == "heard" && $3 == "all" { parts += $4 }
     $1 == "MFCC" && $2 == "held" && $4 == "all" { parts += $5 }
     $1 == "HuBERT" && $4 == "all" && $5 == "all" { net = $NF }
     END { exit !(whole > 0 && parts == whole && mfcc > net && mfcc < 1) }' table1 ||
    { cat table1 >&2; fail "the table does not add up"; }

# Held-out voices decide the fit, so another set of them is another run.
expect_failure 1 refused "$unitmill" evaluate plan.yaml --ranks 1 --quiet
expect_text refused 'fit_units.held_out_voices is [], was ["en-us+f2"] in the run'
expect_failure 1 unknown "$unitmill" evaluate plan.yaml --ranks 1 --set fit_units.held_out_voices=de
expect_text unknown "de is not in speak.voices"

# Without units there is nothing to evaluate; a damaged shard is named.
make_plan other
"$unitmill" speak plan.yaml --ranks 2 --quiet
expect_failure 1 missing "$unitmill" evaluate plan.yaml --ranks 3 --quiet
expect_text missing "unitmill speech-units makes it"
rm run/speech/00001.h5
make_plan run
expect_failure 1 gone "$unitmill" evaluate plan.yaml --ranks 3 --quiet "${held_out[@]}"
expect_text gone "00001.h5"
expect_text gone "unitmill speak makes it"

# More units than the sample has frames: the units are evaluated, without a baseline.
make_plan few
few=(--set "speech_units.kmeans=$golden/hubert-tiny/km_centers.npy"
    --set fit_units.clusters=2 --set fit_units.frames_max=2)
"$unitmill" run plan.yaml --to speech-units --ranks 2 --quiet "${few[@]}"
"$unitmill" evaluate plan.yaml --ranks 2 "${few[@]}" >few.table 2>few.said
expect_text few.table "HuBERT layer 3"
! grep -q "^MFCC" few.table || fail "a baseline fitted on next to nothing"
expect_text few.said "there is no MFCC baseline"
