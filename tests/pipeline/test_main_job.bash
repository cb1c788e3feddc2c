#!/usr/bin/env bash
# The main job from nothing: the same content for 1, 2 and 3 ranks, nothing done twice, and a store
# that h5py reads as docs/FORMATS.md says.
. "$(dirname "$0")/support.bash"

for ranks in 1 2 3; do
    make_plan "run$ranks"
    "$unitmill" run plan.yaml --ranks $ranks --quiet
done
reference=$(digest run1)
store=$(digest run1/store.h5)
[ ${#store} = 32 ] || fail "no digest: $store"
for ranks in 2 3; do
    expect_same "digest of the run on $ranks ranks" "$(digest run$ranks)" "$reference"
    expect_same "digest of the store on $ranks ranks" "$(digest run$ranks/store.h5)" "$store"
done
expect_same "digest found on 3 ranks" \
    "$("$unitmill" verify run1/store.h5 --digest --quiet --ranks 3)" "$store"

# A second run finds everything there, and leaves every file as it is.
find run1 -type f -name '*.h5' -printf '%p %T@ %s\n' | sort >before
make_plan run1
"$unitmill" run plan.yaml --ranks 2 --quiet
find run1 -type f -name '*.h5' -printf '%p %T@ %s\n' | sort >after
cmp before after || fail "a run that was complete was done again"
[ -z "$(find run1 -name '*.partial')" ] || fail "partial files are left"

# Another plan is refused, with the difference; a stage can be run alone.
expect_failure 1 refused "$unitmill" run plan.yaml --set seed=2 --ranks 2
expect_text refused "seed is 2, was 1 in the run"
rm run1/units/00001.h5 run1/store.h5
"$unitmill" speech-units plan.yaml --ranks 2 --quiet
"$unitmill" pack plan.yaml --ranks 2 --quiet
expect_same "digest after a shard was made again" "$(digest run1)" "$reference"

# What a person looks at.
"$unitmill" status run1 >status
expect_text status "120/120"
"$unitmill" audit run1 >audit
expect_text audit "0.846"
"$unitmill" audit run1 --format json >audit.json
"$unitmill" export run1/store.h5 --caption scene-000003-en-0 --out exported
"$unitmill" export run1/store.h5 --image scene-000003 --out exported
for file in scene-000003-en-0.wav scene-000003-en-0.txt scene-000003.jpg; do
    [ -s "exported/$file" ] || fail "exported/$file is missing"
done

# HDF5 alone, without this program.
python=$(command -v /usr/bin/python3 || command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import h5py' 2>/dev/null; then
    echo "python3-h5py is not installed: the store was not read with it"
    exit 0
fi
"$python" - run1/store.h5 data/manifest.jsonl <<'PYTHON'
import json, sys
import h5py, numpy as np
store = h5py.File(sys.argv[1], "r")
records = [json.loads(line) for line in open(sys.argv[2]) if "captions" in line]
captions = [caption for record in records for caption in record["captions"]]
assert list(store["captions/id"].asstr()) == [c["id"] for c in captions]
assert list(store["captions/text"].asstr()) == [c["text"] for c in captions]
assert list(store["images/id"].asstr()) == [r["id"] for r in records]
images = store["images/id"].asstr()[:]
for row, image in enumerate(store["captions/image"][:]):
    assert captions[row]["id"].startswith(images[image])
offsets, units = store["speech/offsets"][:], store["speech/units"][:]
assert offsets[0] == 0 and offsets[-1] == len(units) and (np.diff(offsets.astype(int)) > 0).all()
assert units.dtype == np.uint16 and units.max() < store["speech/units"].attrs["codebook"] == 12
frames = np.add.reduceat(store["speech/durations"][:], offsets[:-1].astype(int))
samples = store["speech/sample_count"][:].astype(int)
assert (frames == (samples - 400) // 320 + 1).all()
assert store["images/units"].shape == (12, 36) and store["images/units"][:].max() < 200
print("h5py reads the store as documented")
PYTHON
