#!/usr/bin/env bash
# pretrain of vit-vqgan: from pictures alone, without a store; pictures come back better than they
# did, sessions of other ranks come to the same, and every command takes what was trained.
. "$(dirname "$0")/support.bash"

make_plan run 60
cat >>plan.yaml <<PLAN
pretrain: {objective: vit-vqgan, steps: 60, picture_pixels: 64, patch_pixels: 16, width: 32, heads: 2,
           feed_forward: 64, codes: 64, code_width: 8, batch_captions: 8, pass_frames: 40, learning_rate: 0.004,
           warmup_steps: 5, schedule: constant, checkpoint_steps: 20, validate_steps: 30, revive_batches: 7,
           flip: true, crop_pixels: 4}
PLAN

# losses RUN: of the training lines of its metrics.
losses() {
    sed -n 's/.*"event":"train","step":\([0-9]*\),"loss":\([0-9.e-]*\),.*/\1 \2/p' "$1/metrics.jsonl"
}

# figure NAME LINE: a figure of a validation.
figure() {
    sed -n "s/.*\"$1\":\([0-9.e-]*\)[,}].*/\1/p" <<<"$2"
}

"$unitmill" pretrain plan.yaml --ranks 2 --quiet
losses run >whole
awk 'NR == 1 { first = $2 } { last = $2 } END { exit !(last < 0.5 * first) }' whole ||
    { cat whole >&2; fail "the loss does not fall"; }
last=$(grep '"validation"' run/metrics.jsonl | tail -1)
awk -v psnr="$(figure psnr_db "$last")" -v used="$(figure codes_used_in_training "$last")" \
    'BEGIN { exit !(psnr > 12 && psnr < 40 && used > 0.2 && used <= 1) }' ||
    fail "no pictures, or no codes: $last"
[ ! -e run/store.h5 ] || fail "a store was needed"

# The same in two sessions of one rank and of three. Last bits may change a code, and the more so the
# later, so the tenth update after the first session tells.
"$unitmill" pretrain plan.yaml --ranks 1 --quiet --set run=parts --set pretrain.steps=20
"$unitmill" pretrain plan.yaml --ranks 3 --set run=parts --set pretrain.steps=30 2>again
expect_text again "resume checkpoint="
losses parts | tail -1 >end
grep '^30 ' whole | paste -d ' ' - end |
    awk '{ exit !($1 == 30 && $3 == 30 && $2 - $4 < 0.002 && $4 - $2 < 0.002) }' ||
    { cat whole end >&2; fail "two sessions end elsewhere than one"; }

# It is measured, recognised, and turns pictures into units and back.
trained=run/checkpoints/model.safetensors
"$unitmill" evaluate plan.yaml --ranks 2 --quiet >table
expect_text table "psnr_db"
! grep -q "PNMI" table || fail "phones of a run without speech"
"$unitmill" inspect $trained >said
expect_text said "ViT-VQGAN"
"$unitmill" encode-image --vit-vqgan $trained --out units.h5 data/images/000004.jpg
"$unitmill" decode-image --vit-vqgan $trained units.h5 --out back >/dev/null
[ -s back/000004.png ] || fail "no picture came back"
"$unitmill" image-units plan.yaml --ranks 2 --quiet --set run=units --set image_units.vit_vqgan=$trained \
    --set image_units.crop_tokens=0 --set pretrain.steps=0
[ -s units/images/00000.h5 ] || fail "image-units did not take the weights"

# begin WEIGHTS OPTION...: one update of a training that begins as WEIGHTS.
begin() {
    local weights=$1
    shift
    rm -rf begun
    "$unitmill" pretrain plan.yaml --ranks 2 --set run=begun --set pretrain.init="$weights" \
        --set pretrain.steps=1 "$@"
}

# Weights bring their sizes along, whatever the plan has.
begin $trained --set pretrain.width=48 2>said
expect_text said "init file="
losses begun | cat - whole | awk 'NR == 1 { begun = $2 } NR == 2 { exit !(begun < 0.6 * $2) }' ||
    fail "the net did not begin as it was"
begin "$golden/vit-vqgan-tiny/model.safetensors" --quiet
expect_failure 1 refused begin "$golden/hubert-tiny/hf_weight_g.safetensors"
expect_text refused "encoder.to_patch_embedding.0.weight is missing"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --set run=other --set pretrain.heads=3
expect_text refused "3 heads do not divide a width of 32"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --set run=other --set pretrain.picture_pixels=70
expect_text refused "no multiple"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --set run=other --set pretrain.batch_captions=60
expect_text refused "a batch of 60 records"

# A picture that cannot be read is said and left out; where no other is there, that is the end.
echo "no picture" >data/images/000003.jpg
"$unitmill" pretrain plan.yaml --ranks 2 --set run=spoilt --set pretrain.steps=8 2>said
expect_text said "left-out pictures=1 reason="
expect_text said "000003.jpg"
for picture in data/images/*.jpg; do echo "no picture" >"$picture"; done
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set run=none --set pretrain.steps=8
expect_text refused "no picture of a batch could be read"
echo "a net that was trained on pictures turns them into units and back"
