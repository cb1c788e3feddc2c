#!/usr/bin/env bash
# make-weights: designed nets by default, random ones on request, the same bytes each time; the speech
# units of the designed HuBERT tell phones apart far better than those of the random one.
. "$(dirname "$0")/support.bash"

"$unitmill" make-weights designed --net hubert 2>said
expect_text said "designed, not trained"
"$unitmill" make-weights again --net hubert --kind designed --quiet
cmp designed/model.safetensors again/model.safetensors || fail "another net the second time"
"$unitmill" make-weights random --net hubert --kind random 2>said
expect_text said "random: their units mean nothing"
cmp designed/config.json random/config.json || fail "the designed net is of another architecture"
"$unitmill" inspect designed/model.safetensors >said
expect_text said "usable     yes"

expect_failure 2 refused "$unitmill" make-weights base --net hubert --size base --kind designed
expect_text refused "only a compact hubert or vit-vqgan"
expect_failure 2 refused "$unitmill" make-weights clip --net clip --kind designed
expect_failure 2 refused "$unitmill" make-weights other --net hubert --kind trained
expect_text refused "--kind is designed or random"
[ ! -e base ] && [ ! -e clip ] && [ ! -e other ] || fail "a refused call makes something"

# The phone-normalised mutual information of all voices and languages, over some thousand frames.
pnmi() {
    make_plan "run-$1" 4
    local net=(--set "speech_units.hubert=$1/model.safetensors" --quiet
        --set "speech_units.config=$1/config.json" --set fit_units.clusters=50)
    "$unitmill" run plan.yaml --to speech-units --ranks 2 "${net[@]}"
    "$unitmill" evaluate plan.yaml --ranks 2 "${net[@]}" |
        awk '$1 == "HuBERT" && $4 == "all" && $5 == "all" { print $NF }'
}
designed=$(pnmi designed)
random=$(pnmi random)
awk -v a="$designed" -v b="$random" 'BEGIN { exit !(a > 0.4 && a > b + 0.2) }' ||
    fail "PNMI: $designed for the designed net, $random for the random one"
