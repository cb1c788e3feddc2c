#!/usr/bin/env bash
# Speech units of a thousand captions: the same on 1, 2 and 4 ranks, centres and all, and again where a
# run was begun on 4 ranks and finished on 1.
. "$(dirname "$0")/support.bash"

make_thousand() { # RUN: many shards, and a fit that samples and takes its time
    make_plan "$1" 100
    sed -i -e 's/^shard_captions: .*/shard_captions: 48/' \
        -e 's/^fit_units: .*/fit_units: {clusters: 100, captions_max: 400, frames_max: 20000, iterations_max: 25}/' \
        plan.yaml
}
units() {
    "$unitmill" run plan.yaml --to speech-units --quiet --ranks "$@"
}
for ranks in 1 2 4; do
    make_thousand "run$ranks"
    units $ranks
done
reference=$(digest run1)
[ ${#reference} = 32 ] || fail "no digest: $reference"
for ranks in 2 4; do
    expect_same "digest of the run on $ranks ranks" "$(digest run$ranks)" "$reference"
done

rm run4/kmeans.h5 run4/units/0000[0-7].h5
make_thousand run4
units 1
expect_same "digest of the run that was finished on 1 rank" "$(digest run4)" "$reference"

# The units themselves, read by others.
python=$(command -v /usr/bin/python3 || command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import h5py' 2>/dev/null; then
    echo "python3-h5py is not installed: the units were compared by digest alone"
    exit 0
fi
"$python" - <<'PYTHON'
import glob, h5py, numpy as np
names = sorted(glob.glob("units/*.h5", root_dir="run1"))
captions, used, compared = 0, set(), 0
for name in names:
    first, *others = (h5py.File(f"run{ranks}/{name}") for ranks in (1, 2, 4))
    def compare(path, dataset):
        global compared
        if isinstance(dataset, h5py.Dataset):
            for other in others:
                assert (dataset[()] == other[path][()]).all(), (name, path)
            compared += 1
    first.visititems(compare)
    captions += len(first["id"])
    used |= set(first["units"][:].tolist())
assert captions == 1000, captions
assert len(used) > 90, len(used)
assert compared >= 3 * len(names)
centres = [h5py.File(f"run{ranks}/kmeans.h5")["centroids"][:] for ranks in (1, 2, 4)]
assert centres[0].shape[0] == 100 and all((c == centres[0]).all() for c in centres)
print(f"{captions} captions in {len(names)} shards, {len(used)} units in use")
PYTHON
