#!/usr/bin/env bash
# Captions of the run's pictures: the same for any number of ranks, any batch and after a kill; as
# describe says them one by one; and what goes wrong is said.
. "$(dirname "$0")/support.bash"

vit_vqgan=$golden/vit-vqgan-tiny/model.safetensors
"$unitmill" make-weights --net im2sp --side 6 --channels 16 --units 12 im2sp --quiet
"$unitmill" make-weights --net vocoder --units 12 vocoder --quiet
nets="--set generate.im2sp=im2sp/model.safetensors --set generate.vocoder=vocoder/model.safetensors
      --set generate.length_max=60 --set reject_limit=1"

make_plan run 16
sed -i 's/^shard_images: .*/shard_images: 3/' plan.yaml
"$unitmill" image-units plan.yaml --ranks 2 --quiet

# Without a model there is nothing to say.
"$unitmill" generate plan.yaml --ranks 1 2>said
expect_text said "no generated captions"
[ ! -e run/generated ] || fail "there are captions that nobody asked for"

# generate RANKS BATCH OPTION...: makes the captions afresh and prints the run's digest.
generate() {
    local ranks=$1 batch=$2
    shift 2
    rm -rf run/generated
    "$unitmill" generate plan.yaml --ranks "$ranks" --quiet $nets --set generate.batch_images="$batch" "$@"
    digest run
}

for method in greedy beam sample "beam --set generate.captions=3" "sample --set generate.captions=3"; do
    options="--set generate.method=$method --set generate.beams=3 --set generate.top_k=20"
    expected=$(generate 1 1 $options)
    expect_same "$method, 3 ranks, batch 64" "$(generate 3 64 $options)" "$expected"
    [ "${previous:-}" != "$expected" ] || fail "$method says what the method before it says"
    previous=$expected
done
expect_same "another seed is another plan" \
    "$(generate 1 4 $options --set seed=2 2>&1 | grep -c 'seed is 2')" 1

# Several captions of a picture: what sampling draws first, and beam search finds best, is what they give
# alone, where it says anything; what one picture has is different. Sound and table are numbered.
for method in sample beam; do
    options="--set generate.method=$method --set generate.length_max=30 --set generate.audio=true"
    generate 2 8 $options --set generate.captions=1 >/dev/null
    "$unitmill" export run --generated --out one --quiet >/dev/null
    generate 2 3 $options --set generate.captions=3 >/dev/null
    "$unitmill" export run --generated --out three --quiet >/dev/null
    awk -F '\t' '$7 == 0 && $6 != "" { print $1, $3, $4, $5, $6 }' three/generated.tsv >first
    awk -F '\t' 'NR > 1 { print $1, $3, $4, $5, $6 }' one/generated.tsv | cmp - first ||
        fail "$method: the first of three captions is not the only one"
    expect_same "$method: captions" "$(wc -l <three/generated.tsv)" $((3 * $(awk -F '\t' '$7 == 0' three/generated.tsv | wc -l) + 1))
    awk -F '\t' 'NR > 1 { print $1, $6 }' three/generated.tsv | sort -u | wc -l >different
    [ "$(cat different)" -gt $((2 * $(wc -l <first))) ] || fail "$method: captions repeat each other"
    cmp one/scene-000003.wav three/scene-000003-0.wav || fail "$method: another sound"
    [ -s three/scene-000003-2.wav ] || fail "$method: the third caption has no sound"
    rm -rf one three
done
expect_failure 1 refused "$unitmill" generate plan.yaml --ranks 2 $nets --set generate.captions=2
expect_text refused "greedy search says one"
expect_failure 1 refused "$unitmill" generate plan.yaml --ranks 2 $nets --set generate.captions=6 \
    --set generate.method=beam
expect_text refused "6 captions of a picture"

# A rank is killed once the first shard is there; the same command goes on.
options="--set generate.method=beam --set generate.audio=true --set generate.captions=2"
expected=$(generate 2 8 $options)
rm -rf run/generated
"$unitmill" generate plan.yaml --ranks 2 $nets $options >output 2>&1 &
parent=$!
while kill -0 $parent 2>/dev/null && ! ls run/generated/*.h5 >shards 2>/dev/null; do sleep 0.01; done
mapfile -t ranks < <(ranks_of $parent)
[ ${#ranks[@]} = 0 ] || kill -9 "${ranks[0]}" 2>/dev/null || true
wait $parent || true
"$unitmill" verify run --quiet --ranks 1 || fail "something under a final name is not whole"
"$unitmill" generate plan.yaml --ranks 3 --quiet $nets $options
expect_same "digest after a kill" "$(digest run)" "$expected"
"$unitmill" generate plan.yaml --ranks 1 $nets $options 2>again
! grep -q redo-shard again || fail "what was there was made again"
"$unitmill" generate plan.yaml --ranks 1 $nets --set generate.method=greedy \
    --set generate.audio=true 2>again
expect_text again "made from other input"

# One by one: the same units and, but for what FLAC and WAV hold alike, the same sound.
"$unitmill" export run --generated --out exported --quiet >/dev/null
picture=$(find data -name "*000003.jpg")
"$unitmill" describe --im2sp im2sp/model.safetensors --vocoder vocoder/model.safetensors \
    --vit-vqgan "$vit_vqgan" "$picture" --length-max 60 --out described >line
expect_same "units of one picture" "$(cut -f 2 line)" \
    "$(grep '^scene-000003' exported/generated.tsv | cut -f 6)"
cmp described/000003.wav exported/scene-000003.wav || fail "another sound"
"$unitmill" vocode --vocoder vocoder/model.safetensors --units "$(cut -f 2 line)" \
    --predict-durations --out spoken.wav >/dev/null
cmp spoken.wav described/000003.wav || fail "vocode gives another sound"

"$unitmill" describe --im2sp im2sp/model.safetensors --vocoder vocoder/model.safetensors \
    --vit-vqgan "$vit_vqgan" "$picture" --method beam --captions 2 --length-max 60 --out several >lines
expect_same "files of two captions" "$(cut -f 1 lines | tr '\n' ' ')" "several/000003-0.wav several/000003-1.wav "
[ "$(head -1 lines | cut -f 2)" != "$(tail -1 lines | cut -f 2)" ] || fail "two captions are the same"

# Against the captions of the manifest: the same on one rank and on three.
"$unitmill" run plan.yaml --ranks 2 --to speech-units --quiet $nets
for ranks in 1 3; do
    "$unitmill" evaluate plan.yaml --ranks $ranks --quiet $nets >figures
    grep -A 9 'generated captions' figures >scores$ranks || fail "no scores of captions"
done
cmp scores1 scores3 || fail "scores depend on the ranks"
for line in '(train|val|test) +all' 'train +ar' 'train +en'; do
    grep -qE "^$line +[0-9]+ +[0-9.]+" scores1 || { cat scores1 >&2; fail "no line of $line"; }
done
grep -q '"event":"generated train".*"unit_error_rate":' run/metrics.jsonl || fail "scores are not kept"

# Of several captions each counts that says anything.
"$unitmill" generate plan.yaml --ranks 2 --quiet $nets --set generate.method=sample --set generate.captions=3
"$unitmill" export run --generated --out counted --quiet >/dev/null
"$unitmill" evaluate plan.yaml --ranks 3 --quiet $nets >figures
expect_same "captions that count" "$(awk '/^(train|val|test) +all/ { sum += $3 } END { print sum }' figures)" \
    "$(awk -F '\t' 'NR > 1 && $6 != ""' counted/generated.tsv | wc -l)"
"$unitmill" verify run --quiet --ranks 2 || fail "a run of several captions is not whole"

# Captions that never end are cut and flagged.
"$unitmill" generate plan.yaml --ranks 1 --quiet $nets --set generate.length_max=4
"$unitmill" export run --generated --out cut --quiet >/dev/null
grep -q "	cut	" cut/generated.tsv || fail "no caption was cut"

# What does not fit.
expect_failure 1 refused "$unitmill" generate plan.yaml --ranks 2 $nets --set generate.audio=true \
    --set generate.vocoder="$golden/unit-hifigan-tiny/units/g_00000001"
expect_text refused "duration predictor"
"$unitmill" make-weights --net vocoder --units 5 small --quiet
expect_failure 1 refused "$unitmill" generate plan.yaml --ranks 2 $nets --set generate.audio=true \
    --set generate.vocoder=small/model.safetensors
expect_text refused "the vocoder knows 5 units, captions have 12"
"$unitmill" make-weights --net im2sp --side 8 --channels 16 --units 12 wide --quiet
expect_failure 1 refused "$unitmill" generate plan.yaml --ranks 2 $nets \
    --set generate.im2sp=wide/model.safetensors
expect_text refused "grids of 8 x 8"
"$unitmill" make-weights --net im2sp --side 6 --channels 5 --units 12 narrow --quiet
expect_failure 1 refused "$unitmill" generate plan.yaml --ranks 2 $nets \
    --set generate.im2sp=narrow/model.safetensors
expect_text refused "is not this model's"
expect_failure 1 refused "$unitmill" describe --im2sp im2sp/model.safetensors \
    --vocoder vocoder/model.safetensors "$picture" --out described
expect_text refused "a ViT-VQGAN is needed"
expect_failure 1 refused "$unitmill" describe --im2sp im2sp/model.safetensors --vit-vqgan "$vit_vqgan" \
    --vocoder vocoder/model.safetensors "$picture" plan.yaml --out described
expect_text refused "1 of 2 pictures were not described"
mkdir other
cp "$picture" other
expect_failure 1 refused "$unitmill" describe "$picture" other/"$(basename "$picture")" --out twice
expect_text refused "000003.wav: two pictures would become this"
[ ! -e twice ] || fail "one of two pictures of a name is described"
echo "captions are the same for any number of ranks, any batch and after a kill"
