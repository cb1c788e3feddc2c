#!/usr/bin/env bash
# pretrain of im2sp on CLIP's embeddings: the same on 1 and 3 ranks and after a kill; generate says the same
# on any ranks and in any batch, describe the same of a file; and what does not fit is said.
. "$(dirname "$0")/support.bash"

clip=$golden/clip-vit-tiny/openai_fp16.pt
make_plan run 16
sed -i -e '/scene-000005/s/"split":"train"/"split":"test"/' -e '/scene-000006/s/"split":"train"/"split":"val"/' \
    data/manifest.jsonl
cat >>plan.yaml <<PLAN
embed_images: {clip: $clip}
pretrain: {objective: im2sp, input: embeddings, prefix_tokens: 3, steps: 40, width: 32, heads: 2, batch_captions: 16,
           pass_frames: 400, learning_rate: 0.02, warmup_steps: 5, checkpoint_steps: 20,
           validate_steps: 20}
PLAN
"$unitmill" run plan.yaml --to pack --ranks 2 --quiet

# losses RUN: of the training lines of its metrics.
losses() {
    sed -n 's/.*"event":"train","step":\([0-9]*\),"loss":\([0-9.e-]*\),.*/\1 \2/p' "$1/metrics.jsonl"
}

cp -r run killed
"$unitmill" pretrain plan.yaml --ranks 1 --quiet
losses run >whole
awk 'NR == 1 { first = $2 } { last = $2 } END { exit !(first > 4.3 && first < 5 && last < 2.7 && last > 1.0) }' whole ||
    { cat whole >&2; fail "the loss does not fall from that of 103 ids to that of 12 units"; }

# A rank is killed after the first checkpoint; three ranks go on and come to the same.
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
tail -1 whole | paste -d ' ' - end | awk '{ exit !($1 == $3 && $2 - $4 < 0.002 && $4 - $2 < 0.002) }' ||
    { cat whole end >&2; fail "a training that was killed ends elsewhere"; }

# What was trained says captions.
sed -i 's/^run: .*/run: run/' plan.yaml
weights=run/checkpoints/model.safetensors
"$unitmill" inspect $weights >facts
expect_text facts "as 3 tokens"
expect_text facts "usable     yes"
nets="--set generate.im2sp=$weights --set generate.length_max=40"
said() {
    rm -rf run/generated
    "$unitmill" generate plan.yaml --ranks "$1" --quiet $nets --set generate.batch_images="$2"
    digest run
}
expect_same "3 ranks, batch 64" "$(said 3 64)" "$(said 1 1)"
"$unitmill" generate plan.yaml --ranks 2 $nets 2>again
! grep -q redo-shard again || fail "what was there was made again"
"$unitmill" export run --generated --out exported --quiet >/dev/null
expect_same "captions" "$(grep -c '^scene-' exported/generated.tsv)" 16
"$unitmill" evaluate plan.yaml --ranks 2 --quiet $nets >table
expect_text table "cross_entropy"
expect_text run/metrics.jsonl '"event":"validation","step":20,"unit_accuracy":'

# One by one: the same units.
"$unitmill" make-weights --net vocoder --units 12 vocoder --quiet
picture=$(find data -name "*000003.jpg")
"$unitmill" describe --im2sp $weights --vocoder vocoder/model.safetensors --clip "$clip" "$picture" \
    --length-max 40 --out described >line
expect_same "units of one picture" "$(cut -f 2 line)" "$(grep '^scene-000003' exported/generated.tsv | cut -f 6)"

# What does not fit. Other embeddings make other captions.
expect_failure 1 refused "$unitmill" describe --im2sp $weights --vocoder vocoder/model.safetensors "$picture" --out d
expect_text refused "a CLIP is needed"
width=$(sed -n 's/.*"im2sp.embedding_size": *\([0-9]*\).*/\1/p; s/.*"embedding_size": *\([0-9]*\).*/\1/p' \
    run/checkpoints/config.json | head -1)
"$unitmill" make-weights --net im2sp --embedding "$width" --units 12 drawn --quiet
"$unitmill" generate plan.yaml --ranks 2 $nets --set generate.im2sp=drawn/model.safetensors 2>again
expect_text again "made from other input"
"$unitmill" make-weights --net im2sp --embedding 5 --units 12 narrow --quiet
expect_failure 1 refused "$unitmill" generate plan.yaml --ranks 2 $nets --set generate.im2sp=narrow/model.safetensors
expect_text refused "the model sees 5"
expect_failure 1 refused "$unitmill" describe --im2sp narrow/model.safetensors --vocoder vocoder/model.safetensors \
    --clip "$clip" "$picture" --out d
expect_text refused "the model sees 5"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.objective=contrastive
expect_text refused "embeddings is for im2sp"
expect_failure 1 refused "$unitmill" pretrain plan.yaml --ranks 2 --set pretrain.image_shift_units=1
expect_text refused "embeddings have none"
sed -e 's/^run: .*/run: plain/' -e '/^embed_images/d' plan.yaml >plain.yaml
"$unitmill" run plain.yaml --to pack --ranks 2 --quiet
expect_failure 1 refused "$unitmill" pretrain plain.yaml --ranks 2
expect_text refused "a store without image embeddings"
expect_failure 1 refused "$unitmill" generate plain.yaml --ranks 2 $nets
expect_text refused "embed_images.clip makes them"
echo "captions are learnt from embeddings, on any number of ranks"
