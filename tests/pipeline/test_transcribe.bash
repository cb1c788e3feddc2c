#!/usr/bin/env bash
# evaluate --transcribe: espeak-ng's speech is understood, the same on any number of ranks; generated and
# resynthesised speech have lines of their own; and what is said where there is nothing to hear.
. "$(dirname "$0")/support.bash"

make_plan run 6
"$unitmill" speak plan.yaml --ranks 2 --quiet
if ! ldd "$unitmill" | grep -q pocketsphinx || [ ! -e /usr/share/pocketsphinx/model/en-us ]; then
    expect_failure 1 refused "$unitmill" evaluate plan.yaml --transcribe all --ranks 1
    expect_text refused "install"
    exit "$skipped"
fi

# figure EVENT NAME: a figure of the newest such line of metrics.
figure() {
    grep "\"event\":\"$1\"" run/metrics.jsonl | tail -1 | sed "s/.*\"$2\":\([-0-9.e]*\).*/\1/"
}

for ranks in 1 3; do
    "$unitmill" evaluate plan.yaml --transcribe train --ranks $ranks --quiet >table$ranks
done
cmp table1 table3 || fail "1 and 3 ranks hear otherwise"
expect_text table1 "understands of"
! grep -qE "generated|resynthesised" table1 || fail "speech that is not there was heard"
awk -v wer="$(figure "transcribed train speech" word_error_rate)" \
    -v bleu="$(figure "transcribed train speech" bleu_4)" \
    -v rouge="$(figure "transcribed train speech" rouge_l)" \
    -v objects="$(figure "transcribed train speech" objects_right)" \
    -v captions="$(figure "transcribed train speech" captions)" \
    'BEGIN { exit !(wer < 0.15 && bleu > 0.7 && rouge > 0.85 && objects > 0.85 && captions >= 10) }' ||
    { cat table1 >&2; fail "espeak-ng is not understood"; }
figures=$(grep -c '"event":"transcribed' run/metrics.jsonl)
expect_same "lines of metrics" "$figures" 2

# A part of the pictures is a part of the captions.
"$unitmill" evaluate plan.yaml --transcribe train --pictures 1 --ranks 2 --quiet >part
expect_same "captions of one picture" "$(figure "transcribed train speech" captions)" 5.0
expect_text part "of 1 pictures' captions; 5 that are not English left out"

# Random nets say nothing that anybody understands, but it is heard: kept sound as the vocoder's.
"$unitmill" make-weights --net im2sp --side 6 --channels 16 --units 12 im2sp --quiet
"$unitmill" make-weights --net vocoder --units 12 vocoder --quiet
nets=(--set generate.im2sp=im2sp/model.safetensors --set generate.vocoder=vocoder/model.safetensors
    --set generate.length_max=40)
"$unitmill" run plan.yaml --to image-units --ranks 2 --quiet "${nets[@]}"
"$unitmill" generate plan.yaml --ranks 2 --quiet "${nets[@]}"
"$unitmill" evaluate plan.yaml --transcribe train --pictures 2 --ranks 2 --quiet "${nets[@]}" >vocoded
"$unitmill" generate plan.yaml --ranks 2 --quiet "${nets[@]}" --set generate.audio=true
"$unitmill" evaluate plan.yaml --transcribe train --pictures 2 --ranks 1 --quiet "${nets[@]}" \
    --set generate.audio=true >kept
cmp vocoded kept || fail "kept sound is heard otherwise than the vocoder's"
captions=$(figure "transcribed train generated" captions)
"$unitmill" generate plan.yaml --ranks 2 --quiet "${nets[@]}" --set generate.audio=true \
    --set generate.method=beam --set generate.captions=2
"$unitmill" evaluate plan.yaml --transcribe train --pictures 2 --ranks 2 --quiet "${nets[@]}" \
    --set generate.audio=true >several
expect_same "of two captions each is heard" "$(figure "transcribed train generated" captions)" \
    "$(awk -v n="$captions" 'BEGIN { printf "%.1f", 2 * n }')"
for kind in generated speech resynthesised; do
    grep -qE "^train +$kind +[0-9]+ +[0-9.]+" kept || { cat kept >&2; fail "no line of $kind"; }
done
awk -v speech="$(figure "transcribed train speech" word_error_rate)" \
    -v resynthesised="$(figure "transcribed train resynthesised" word_error_rate)" \
    'BEGIN { exit !(resynthesised > speech + 0.3) }' || fail "noise is understood as well as speech"

# What does not fit.
expect_failure 2 refused "$unitmill" evaluate plan.yaml --transcribe trian --ranks 1
expect_text refused "it is train, val, test or all"
expect_failure 2 refused "$unitmill" evaluate plan.yaml --pictures 3 --ranks 1
sed -i 's/"objects"/"things"/' data/ground_truth.jsonl
expect_failure 1 refused "$unitmill" evaluate plan.yaml --transcribe all --ranks 3
expect_text refused "ground_truth.jsonl:1"
rm data/ground_truth.jsonl
"$unitmill" evaluate plan.yaml --transcribe train --pictures 1 --ranks 1 --quiet >without
! grep -q "objects right" without || fail "facts without ground truth"
sed 's/"language":"en"/"language":"de"/g' data/manifest.jsonl >data/german.jsonl
expect_failure 1 refused "$unitmill" evaluate plan.yaml --transcribe all --ranks 3 \
    --set manifest=data/german.jsonl --set run=other
expect_text refused "no English captions"
rm run/speech/00000.h5
expect_failure 1 refused "$unitmill" evaluate plan.yaml --transcribe train --ranks 3
expect_text refused "unitmill speak makes it"
echo "espeak-ng is understood, on any number of ranks"
