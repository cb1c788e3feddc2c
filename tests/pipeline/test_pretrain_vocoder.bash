#!/usr/bin/env bash
# pretrain of vocoder: the loss falls, other ranks and a training that was stopped give the same,
# vocode speaks with what was trained, training begins as a checkpoint, and what does not fit is
# said. There is no store.
. "$(dirname "$0")/support.bash"

make_plan run 40
cat >>plan.yaml <<PLAN
pretrain: {objective: vocoder, steps: 24, width: 64, embedding: 8, batch_captions: 6,
           segment_frames: 12, pass_frames: 24, learning_rate: 0.004, warmup_steps: 2,
           schedule: constant, weight_decay: 0, checkpoint_steps: 8, validate_steps: 12,
           validate_captions: 3,
           voices: [en-us, ar]}
PLAN
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2
expect_text refused "unitmill speak makes it"
"$unitmill" run plan.yaml --to fit-units --ranks 2 --quiet
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2
expect_text refused "unitmill speech-units makes it"
"$unitmill" run plan.yaml --to speech-units --ranks 2 --quiet

# losses RUN: of the training lines of its metrics.
losses() {
    sed -n 's/.*"event":"train","step":\([0-9]*\),"loss":\([0-9.e-]*\),.*/\1 \2/p' "$1/metrics.jsonl"
}

cp -r run stopped
"$unitmill" pretrain plan.yaml --ranks 1 --quiet
losses run >whole
awk 'NR == 1 { first = $2 } { last = $2 } END { exit !(last < 0.8 * first) }' whole ||
    { cat whole >&2; fail "the loss does not fall"; }
expect_text run/metrics.jsonl '"event":"validation","step":12,"mel_likeness":'
expect_text run/training.svg "mel_likeness"

# A part on three ranks, the rest on two.
sed -i 's/^run: .*/run: stopped/' plan.yaml
"$unitmill" pretrain plan.yaml --ranks 3 --quiet --set pretrain.steps=16
"$unitmill" pretrain plan.yaml --ranks 2 2>again
expect_text again "resume checkpoint="
losses stopped | tail -1 >end
tail -1 whole | paste -d ' ' - end |
    awk '{ exit !($1 == $3 && $2 - $4 < 0.01 * $2 && $4 - $2 < 0.01 * $2) }' ||
    { cat whole end >&2; fail "a training that was stopped ends elsewhere"; }

# What was trained speaks: 320 samples a unit, or as long as it says.
trained=run/checkpoints/model.safetensors
"$unitmill" inspect $trained >inspected
expect_text inspected "vocoder"
"$unitmill" vocode --vocoder $trained --units "1 7 3 3" --out said.wav --quiet
[ -s said.wav ] || fail "no sound"
expect_failure 1 refused "$unitmill" vocode --vocoder $trained --units "1 12" --out no.wav
expect_text refused "unit 12: the vocoder has units 0 .. 11"

# begin OPTION...: one update of another training.
begin() {
    rm -rf stopped/checkpoints stopped/metrics.jsonl
    "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.steps=1 --set pretrain.warmup_steps=0 "$@"
}
begin --set pretrain.init=$trained --set pretrain.width=32 2>begun
losses stopped | paste -d ' ' - <(head -1 whole) | awk '{ exit !($2 < 0.8 * $4) }' ||
    fail "the vocoder did not begin as it was"
expect_failure 1 refused begin --set pretrain.init="$golden/hubert-tiny/hf_weight_g.safetensors"
expect_text refused "no unit vocoder"
expect_failure 1 refused begin --set pretrain.voices=en-gb
expect_text refused "no caption of pretrain.voices has speech"
expect_failure 1 refused begin --set pretrain.speech_mib=1
expect_text refused "pretrain.speech_mib allows more"
expect_failure 1 refused begin --set pretrain.width=40
expect_text refused "40 channels, to be halved 4 times"
echo "a vocoder learns from a run's speech, and speaks"
