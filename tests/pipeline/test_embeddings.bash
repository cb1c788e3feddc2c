#!/usr/bin/env bash
# Embeddings beside the units, where the plan names a CLIP: the same for 1, 2 and 3 ranks, the same as
# encode-image gives, and a picture that CLIP cannot see is a reject.
. "$(dirname "$0")/support.bash"

clip=$golden/clip-vit-tiny/openai_fp16.pt
with_clip="--set embed_images.clip=$clip --set embed_images.batch_images=3"

# A plan without a CLIP has no embeddings, and says so.
make_plan plain 8
"$unitmill" run plan.yaml --ranks 2 2>said
expect_text said "no embeddings"
[ ! -e plain/embeddings ] || fail "there are embeddings that nobody asked for"
expect_failure 1 refused "$unitmill" run plan.yaml --ranks 2 --set embed_images.clip=$clip
expect_text refused "digests.clip"

# A picture that is gone by the time that CLIP would see it.
picture=$(find data -name "*000005.jpg")
for ranks in 1 2 3; do
    make_plan run$ranks
    "$unitmill" run plan.yaml --to image-units --ranks $ranks --quiet $with_clip
    mv "$picture" elsewhere.jpg
    "$unitmill" run plan.yaml --from embed-images --ranks $ranks --quiet $with_clip \
        --set reject_limit=0.2
    mv elsewhere.jpg "$picture"
done
for ranks in 2 3; do
    expect_same "digest on $ranks ranks" "$(digest run$ranks)" "$(digest run1)"
    expect_same "store on $ranks ranks" "$(digest run$ranks/store.h5)" "$(digest run1/store.h5)"
done
"$unitmill" status run1 --rejects >status
grep -qE 'embed-images +scene-000005.*No such file' status || { cat status >&2; fail "no reject"; }
grep -qE 'pack +scene-000005-en-0.*picture scene-000005 is a reject' status || fail "no orphans"

# A damaged shard is found and made again.
truncate -s -100 run1/embeddings/00000.h5
expect_failure 1 damaged "$unitmill" verify run1 --ranks 1
expect_text damaged "embed-images"
make_plan run1
"$unitmill" run plan.yaml --ranks 2 --quiet $with_clip --set reject_limit=0.2
expect_same "digest after a shard was made again" "$(digest run1)" "$(digest run2)"

"$unitmill" encode-image --clip "$clip" --out single.h5 "$(find data -name "*000003.jpg")" --quiet
python=$(command -v /usr/bin/python3 || command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import h5py' 2>/dev/null; then
    echo "python3-h5py is not installed: the embeddings were not read with it"
    exit 0
fi
"$python" - run1/store.h5 single.h5 <<'PYTHON'
import sys
import h5py, numpy as np
store, single = h5py.File(sys.argv[1], "r"), h5py.File(sys.argv[2], "r")
ids = list(store["images/id"].asstr())
table = store["images/embedding"]
assert table.dtype == np.float32 and table.shape == (len(ids), 48) and "scene-000005" not in ids, table
assert np.abs(table[ids.index("scene-000003")] - single["000003/embedding"][:]).max() < 5e-6
assert len(store["provenance"].attrs["clip_digest"]) == 32
PYTHON
echo "embeddings are the same for any number of ranks"
