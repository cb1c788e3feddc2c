#!/usr/bin/env bash
# pretrain of hubert: the loss falls, a training that was ended goes on on other ranks to the same
# losses, units are made with what was trained, and it is trained again on its own units.
. "$(dirname "$0")/support.bash"

make_plan run 10
sed -i '4~4s/"split":"train"/"split":"val"/; 5~5s/"split":"train"/"split":"test"/' data/manifest.jsonl
cat >>plan.yaml <<PLAN
pretrain: {objective: hubert, targets: mfcc, steps: 16, width: 24, blocks: 2, heads: 2, embedding: 8,
           convolution_channels: 16, position_kernel: 8, position_groups: 2, temperature: 0.1,
           crop_samples: 24000, batch_captions: 12, learning_rate: 0.005, warmup_steps: 2,
           schedule: constant, checkpoint_steps: 8, unmasked_weight: 1}
PLAN
expect_failure 1 output "$unitmill" pretrain plan.yaml --ranks 2
expect_text output "unitmill speech-units makes it"
"$unitmill" run plan.yaml --to speech-units --ranks 2 --quiet

# losses RUN: of the training lines of its metrics.
losses() {
    sed -n 's/.*"event":"train","step":\([0-9]*\),"loss":\([0-9.e-]*\),.*/\1 \2/p' "$1/metrics.jsonl"
}

# No store is needed. In one go on two ranks; and in two, on three ranks and on one.
cp -r run parts
"$unitmill" pretrain plan.yaml --ranks 2 --quiet
losses run | awk 'NR == 1 { first = $2 } { last = $2 }
                  END { exit !(first > 5 && first < 12 && last < 0.9 * first) }' ||
    { losses run >&2; fail "the loss does not fall from that of 12 units"; }
expect_text run/metrics.jsonl '"event":"validation","step":16,"masked_accuracy":'
sed -i 's/^run: .*/run: parts/' plan.yaml
"$unitmill" pretrain plan.yaml --ranks 3 --quiet --set pretrain.steps=8
"$unitmill" pretrain plan.yaml --ranks 1 2>again
expect_text again "resume checkpoint="
paste -d ' ' <(losses run | tail -1) <(losses parts | tail -1) |
    awk '{ exit !($1 == 16 && $3 == 16 && $2 - $4 < 0.005 && $4 - $2 < 0.005) }' ||
    { losses run; losses parts; fail "a training in parts ends elsewhere"; } >&2

# Every command takes what was trained.
trained=$PWD/run/checkpoints/model.safetensors
"$unitmill" inspect "$trained" >told
expect_text told "2 layers of width 24"
sed "s#^run: .*#run: second#; s#hubert: [^,]*,#hubert: $trained,#; /config: /s#config: [^,]*,##; s/layer: 3/layer: 1/" \
    plan.yaml >second.yaml
"$unitmill" run second.yaml --to speech-units --ranks 2 --quiet
"$unitmill" evaluate second.yaml --ranks 2 --quiet >table
expect_text table "MFCC"

# Its own units next, beginning as it was: of the codewords' shapes they fit too.
"$unitmill" pretrain second.yaml --ranks 2 --set pretrain.targets=auto --set pretrain.steps=2 \
    --set pretrain.init="$trained" --set pretrain.width=999 2>begun
expect_text begun "init file="
"$unitmill" evaluate second.yaml --ranks 2 --quiet --set pretrain.targets=auto --set pretrain.init="$trained" >table
expect_text table "masked_accuracy"

# What others trained has no codewords of this run: there is nothing to measure before training.
rm -rf parts/checkpoints
"$unitmill" evaluate plan.yaml --ranks 2 --quiet --set pretrain.init="$golden/hubert-tiny/hf_weight_g.safetensors" >table
expect_text table "hubert is not measured: nothing is trained yet"
! grep -q "masked_accuracy" table || fail "codewords that were drawn are measured"

# What does not fit.
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.heads=5
expect_text refused "5 heads do not divide a width of 24"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.targets=embeddings
expect_text refused "embeddings is not for hubert"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.init=plan.yaml
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.memory_mib=16
expect_text refused "memory"
rm -r parts/speech
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2
expect_text refused "unitmill speak makes it"
echo "a HuBERT is trained, makes units, and is trained on these"
