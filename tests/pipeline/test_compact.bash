#!/usr/bin/env bash
# The nets that ship with unitmill: a plan of a manifest and a run alone, and commands without weights.
# Designed and random nets stand in for them, in the folder that UNITMILL_MODELS names.
. "$(dirname "$0")/support.bash"

nets=$scratch/nets
export UNITMILL_MODELS=$nets
"$unitmill" scenes data --count 4 --seed 7 --quiet
printf 'manifest: data/manifest.jsonl\nrun: run\n' >plan.yaml

# What is not there is told in one line, before anything is made.
expect_failure 1 refused "$unitmill" run plan.yaml --quiet --ranks 1
expect_text refused "speech_units.kmeans: models/compact is not installed: UNITMILL_MODELS: $nets/hubert/kmeans.h5"
expect_same "lines of it" "$(grep -c . refused)" 1
[ ! -e run/speech ] || fail "speech was made"
expect_failure 1 refused "$unitmill" encode-speech --out units.h5 none.wav
expect_text refused "models/compact is not installed"
UNITMILL_MODELS='' expect_failure 1 refused "$unitmill" encode-image --out units.h5 --vit-vqgan ./compact none.jpg
expect_text refused "./compact: cannot open" # no word, a file

# Stand-ins, with centres of another run's.
"$unitmill" make-weights "$nets/hubert" --net hubert --quiet
"$unitmill" make-weights "$nets/vit-vqgan" --net vit-vqgan --kind random --quiet
"$unitmill" make-weights "$nets/vocoder" --net vocoder --units 20 --quiet
"$unitmill" make-weights "$nets/im2sp" --net im2sp --units 20 --quiet
small=(--quiet --set fit_units.clusters=20 --set fit_units.frames_max=3000 --set fit_units.captions_max=20)
"$unitmill" run plan.yaml --to fit-units --ranks 2 "${small[@]}" --set run=fitted --set speech_units.kmeans=fit
cp fitted/kmeans.h5 "$nets/hubert/kmeans.h5"
"$unitmill" inspect "$nets/hubert/kmeans.h5" >said
expect_text said "20 of 128 values"

# The plan of two lines. The centres are those that ship, at the layer that the net's config.json says.
"$unitmill" run plan.yaml --ranks 2 --quiet
[ ! -e run/kmeans.h5 ] || fail "centres were fitted"
expect_text run/plan.yaml 'hubert: "compact"'
expect_text run/plan.yaml 'kmeans: "compact"'
expect_text run/plan.yaml 'layer: 3'
made=$(digest run/store.h5)

# The same nets by their paths give the same store and may go on with the run; so may the nets elsewhere.
paths=(--set "speech_units.hubert=$nets/hubert/model.safetensors" --set "speech_units.kmeans=$nets/hubert/kmeans.h5"
    --set "image_units.vit_vqgan=$nets/vit-vqgan/model.safetensors")
"$unitmill" run plan.yaml --ranks 1 --quiet "${paths[@]}"
"$unitmill" run plan.yaml --ranks 1 --quiet --set run=by-path "${paths[@]}"
expect_same "the store of the same nets by path" "$(digest by-path/store.h5)" "$made"
cp -r "$nets" moved
UNITMILL_MODELS=moved "$unitmill" run plan.yaml --ranks 1 --quiet
UNITMILL_MODELS=moved "$unitmill" run run/plan.yaml --ranks 1 --quiet # the frozen plan is a plan
"$unitmill" verify run --quiet --ranks 1
UNITMILL_MODELS=nowhere "$unitmill" status run >said # to look at a run takes no net
expect_text said "speech-units"
expect_failure 1 refused "$unitmill" run plan.yaml --ranks 1 --quiet --set speech_units.layer=2
expect_text refused "speech_units.layer is 2, was 3 in the run"

# Another layer than the net's own, or `fit`, makes centres of its own.
"$unitmill" run plan.yaml --to fit-units --ranks 2 "${small[@]}" --set run=other --set speech_units.layer=2
[ -e other/kmeans.h5 ] || fail "the shipped centres were taken for another layer"
expect_text other/plan.yaml 'kmeans: "fit"'

# An installed program has them in its share folder.
mkdir -p installed/bin installed/share/unitmill/models
cp "$unitmill" installed/bin/unitmill
(
    unset UNITMILL_MODELS
    expect_failure 1 refused installed/bin/unitmill vocode --units 1 --out none.wav
    expect_text refused "models/compact is not installed: $scratch/installed/share/unitmill/models/compact/vocoder"
    cp -r "$nets" installed/share/unitmill/models/compact
    installed/bin/unitmill run plan.yaml --ranks 1 --quiet # goes on with the run
)

# Other nets under the same name are another content.
"$unitmill" make-weights moved/vit-vqgan --net vit-vqgan --kind random --seed 2 --quiet
UNITMILL_MODELS=moved expect_failure 1 refused "$unitmill" run plan.yaml --ranks 1 --quiet
expect_text refused "another content of image_units.vit_vqgan"

# Commands without weights.
picture=data/images/000001.jpg
"$unitmill" export run/store.h5 --caption scene-000001-en-0 --out look >/dev/null
"$unitmill" encode-speech --out speech.h5 --quiet look/scene-000001-en-0.wav
grep -aqF dedup_units speech.h5 || fail "no units"
"$unitmill" encode-speech --layer 2 --out plain.h5 --quiet look/scene-000001-en-0.wav
! grep -aqF dedup_units plain.h5 || fail "units of another layer than the centres'"
"$unitmill" encode-speech --hubert compact --out named.h5 --quiet look/scene-000001-en-0.wav
cmp speech.h5 named.h5 || fail "other units by the name"
"$unitmill" encode-speech --layer 2 --kmeans compact --out asked.h5 --quiet look/scene-000001-en-0.wav
grep -aqF dedup_units asked.h5 || fail "no units by centres that were asked for"
"$unitmill" encode-image --out picture.h5 --quiet "$picture"
"$unitmill" decode-image picture.h5 --out back --quiet >said
[ -s back/000001.png ] || fail "no picture came back"
"$unitmill" vocode --units "1 2 3" --out sound.wav --quiet >said
[ -s sound.wav ] || fail "no sound"
"$unitmill" describe "$picture" --out spoken --quiet >said
[ -s spoken/000001.wav ] || fail "no description"
expect_failure 2 refused "$unitmill" describe --im2sp "$nets/im2sp/model.safetensors" "$picture" --out spoken
expect_text refused "--vocoder is needed"
"$unitmill" describe --im2sp "$nets/im2sp/model.safetensors" --vocoder compact --vit-vqgan compact "$picture" --out named \
    --quiet >said
cmp named/000001.wav spoken/000001.wav || fail "another description by the same nets"
"$unitmill" describe --im2sp compact "$picture" --out worded --quiet >said
cmp worded/000001.wav spoken/000001.wav || fail "another description by the name"

# Generated captions, and training that begins as a shipped net.
"$unitmill" generate plan.yaml --ranks 1 --quiet --set generate.im2sp=compact --set generate.vocoder=compact \
    --set generate.length_max=20
[ -e run/generated/00000.h5 ] || fail "no captions"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 1 --quiet --set pretrain.steps=1 --set pretrain.init=compact
expect_text refused "pretrain.init: models/compact is not installed: UNITMILL_MODELS: $nets/contrastive/model.safetensors"
