#!/usr/bin/env bash
# Pictures with the same bytes become units and embeddings once and are stored once; each can still be
# found by its id. The same for 1 and 3 ranks, and after shards were lost.
. "$(dirname "$0")/support.bash"

clip=$golden/clip-vit-tiny/openai_fp16.pt
with_clip="--set embed_images.clip=$clip --set embed_images.batch_images=3 --set reject_limit=0.5"

# Twelve pictures and copies: of the last one before all, so that the copy is the first; of the third
# behind all, twice; and a broken one twice.
make_plan run1 12
mkdir data/copies
cp "$(find data -name '*000012.jpg')" data/copies/early.jpg
cp "$(find data -name '*000003.jpg')" data/copies/late.jpg
cp "$(find data -name '*000003.jpg')" data/copies/later.jpg
head -c 300 data/copies/late.jpg >data/copies/broken.jpg
cp data/copies/broken.jpg data/copies/broken-too.jpg
line_of() {
    printf '{"id": "%s", "image": "copies/%s.jpg", "captions": [{"id": "%s-0", "text": "a copy", "language": "en"}]}\n' \
        "$1" "$1" "$1"
}
{
    head -n 1 data/manifest.jsonl
    line_of early
    line_of broken
    tail -n +2 data/manifest.jsonl
    for name in late broken-too later; do line_of $name; done
} >data/manifest.new
mv data/manifest.new data/manifest.jsonl

for ranks in 1 3; do
    make_plan run$ranks
    "$unitmill" run plan.yaml --ranks $ranks --quiet $with_clip
done
expect_same "digest on 3 ranks" "$(digest run3)" "$(digest run1)"
expect_same "store on 3 ranks" "$(digest run3/store.h5)" "$(digest run1/store.h5)"

"$unitmill" status run1 --rejects >status
grep -qE 'image-units +broken .*cut short' status || { cat status >&2; fail "no reject"; }
grep -qE 'image-units +broken-too .*same bytes as broken: .*cut short' status ||
    { cat status >&2; fail "the copy of a reject is none"; }

"$unitmill" audit run1 --format csv >audit
expect_text audit 'counts,pictures,records,12,'
expect_text audit 'counts,duplicate_pictures,records,3,'
grep -qE '^pictures,duplicates_saved,bytes,[1-9]' audit || { cat audit >&2; fail "nothing is saved"; }
expect_text audit 'datasets,/images/embedding,rows,12,'

"$unitmill" export run1/store.h5 --image late --out exported >/dev/null
"$unitmill" export run1/store.h5 --image scene-000003 --out exported >/dev/null
"$unitmill" export run1/store.h5 --image early --out exported >/dev/null
"$unitmill" export run1/store.h5 --caption late-0 --out exported >/dev/null
expect_text exported/late.json '"same_bytes_as":"scene-000003"'
expect_text exported/late.json '"late-0"'
cmp exported/late.units.png exported/scene-000003.units.png || fail "a copy has other units"
cmp exported/late.jpg data/copies/late.jpg || fail "not the source of the copy"
if grep -q same_bytes_as exported/early.json exported/scene-000003.json; then
    fail "the first of the manifest is a copy"
fi
expect_failure 1 output "$unitmill" export run1/store.h5 --image broken-too --out exported
"$unitmill" decode-image --vit-vqgan "$golden/vit-vqgan-tiny/model.safetensors" run1/store.h5 \
    --image scene-000012 --out decoded >listed
expect_text listed early.png

# What was lost is made again, whichever part it was.
before=$(digest run1)
rm run1/pictures/00000.h5 run1/images/00003.h5 run1/store.h5
truncate -s -10 run1/pictures/00002.h5
expect_failure 1 damaged "$unitmill" verify run1 --ranks 1
expect_text damaged "pictures/00002.h5"
make_plan run1
"$unitmill" run plan.yaml --ranks 2 --quiet $with_clip
expect_same "digest after shards were made again" "$(digest run1)" "$before"
echo "same pictures are stored once"
