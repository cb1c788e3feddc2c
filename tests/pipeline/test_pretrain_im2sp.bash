#!/usr/bin/env bash
# pretrain of im2sp: the loss falls, a killed training goes on to the same losses, generate says
# captions with what was trained, training begins as a checkpoint, and what does not fit is said.
. "$(dirname "$0")/support.bash"

make_plan run 40
cat >>plan.yaml <<PLAN
pretrain: {objective: im2sp, steps: 60, width: 32, image_width: 32, image_blocks: 1, heads: 2,
           batch_captions: 16, pass_frames: 800, learning_rate: 0.02, warmup_steps: 5, checkpoint_steps: 20,
           validate_steps: 30}
PLAN
"$unitmill" run plan.yaml --to pack --ranks 2 --quiet

# losses RUN: of the training lines of its metrics.
losses() {
    sed -n 's/.*"event":"train","step":\([0-9]*\),"loss":\([0-9.e-]*\),.*/\1 \2/p' "$1/metrics.jsonl"
}

cp -r run killed
"$unitmill" pretrain plan.yaml --ranks 2 --quiet
losses run >whole
awk 'NR == 1 { first = $2 } { last = $2 }
     END { exit !(first > 4.4 && first < 4.9 && last < 2.7 && last > 1.0) }' whole ||
    { cat whole >&2; fail "the loss does not fall from that of 103 ids to that of 12 units"; }
expect_text run/metrics.jsonl '"event":"validation","step":30,"unit_accuracy":'
expect_text run/training.svg "unit_accuracy"

# A rank is killed after the first checkpoint; other ranks go on and come to the same.
sed -i 's/^run: .*/run: killed/' plan.yaml
"$unitmill" pretrain plan.yaml --ranks 2 >output 2>&1 &
parent=$!
while kill -0 $parent 2>/dev/null && [ ! -e killed/checkpoints/00000020.h5 ]; do sleep 0.01; done
mapfile -t ranks < <(ranks_of $parent)
[ ${#ranks[@]} = 0 ] || kill -9 "${ranks[0]}" 2>/dev/null || true
wait $parent && fail "nobody was killed"
"$unitmill" pretrain plan.yaml --ranks 3 2>again
expect_text again "resume checkpoint="
losses killed | tail -1 >end
tail -1 whole | paste -d ' ' - end |
    awk '{ exit !($1 == $3 && $2 - $4 < 0.002 && $4 - $2 < 0.002) }' ||
    { cat whole end >&2; fail "a training that was killed ends elsewhere"; }

# What was trained says captions, and is measured.
trained=killed/checkpoints/model.safetensors
"$unitmill" generate plan.yaml --ranks 2 --quiet --set generate.im2sp=$trained \
    --set generate.length_max=40
"$unitmill" export killed --generated --out exported --quiet >/dev/null
expect_same "captions" "$(grep -c '^scene-' exported/generated.tsv)" 40
"$unitmill" evaluate plan.yaml --ranks 2 --quiet >table
expect_text table "cross_entropy"
! grep -q "recall" table || fail "recall of a model that finds nothing"

# begin WEIGHTS OPTION...: one update of a training that begins as WEIGHTS.
begin() {
    local weights=$1
    shift
    rm -rf killed/checkpoints killed/metrics.jsonl
    "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.init="$weights" \
        --set pretrain.steps=1 --set pretrain.warmup_steps=0 "$@"
}

# A whole model begins where it ended, whatever sizes the plan has; of one of pixels the decoder is
# taken, but for the ids.
begin run/checkpoints/model.safetensors --set pretrain.width=48 2>begun
losses killed | awk '{ exit !($2 < 2.8) }' || fail "the model did not begin as it was"
expect_text begun "init file="
expect_failure 1 other "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.width=48 \
    --set pretrain.steps=1 --set pretrain.warmup_steps=0
begin "$golden/im2sp-tiny/pixel/model.safetensors" 2>begun
expect_text begun "init file="
losses killed | awk '{ exit !($2 > 4) }' || fail "ids of other units were taken"
expect_failure 1 refused begin "$golden/im2sp-tiny/imgunit/model.safetensors"
expect_text refused "the store has grids of 6 x 6 image units, the model sees 28 x 28"
expect_failure 1 refused begin "$golden/hubert-tiny/hf_weight_g.safetensors"
expect_text refused "no image-to-speech model"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.images_frozen=true
expect_text refused "pretrain.images_frozen keeps an image encoder that pretrain.init brings"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.heads=3
expect_text refused "3 heads do not divide a width of 32"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.width=9000
expect_text refused "9000"

# With early convolutions, similarities and moved pictures: any number of ranks, a kill between, generation and a look at the file.
convolved() {
    "$unitmill" pretrain plan.yaml --set pretrain.image_convolution_channels=8 --set pretrain.image_similarities=true \
        --set pretrain.image_shift_units=1 --quiet "$@"
}
rm -rf killed/checkpoints killed/metrics.jsonl killed/generated
convolved --ranks 1 --set pretrain.steps=40
losses killed | tail -1 >whole
rm -rf killed/checkpoints killed/metrics.jsonl
convolved --ranks 2 --set pretrain.steps=20
convolved --ranks 3 --set pretrain.steps=40
losses killed | tail -1 | paste -d ' ' whole - |
    awk '{ exit !($1 == $3 && $2 - $4 < 0.002 && $4 - $2 < 0.002) }' ||
    fail "convolutions depend on the ranks: $(cat whole)"
"$unitmill" inspect $trained >output
expect_text output "encoder 1 layers of width 32 behind convolutions of 8 channels over units and their similarities"
"$unitmill" generate plan.yaml --ranks 2 --quiet --set generate.im2sp=$trained --set generate.length_max=40
"$unitmill" export killed --generated --out convolved --quiet >/dev/null
expect_same "captions" "$(grep -c '^scene-' convolved/generated.tsv)" 40
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.image_convolution_channels=5000
expect_text refused "pretrain.image_convolution_channels"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.image_similarities=true
expect_text refused "similarities of units without early convolutions"
echo "training goes on after a kill, and what was trained says captions"
