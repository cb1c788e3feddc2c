#!/usr/bin/env bash
# Features of several layers from one pass: each is what a run with that layer alone keeps, units are
# not touched by it, and the store holds them side by side.
. "$(dirname "$0")/support.bash"

python=$(command -v /usr/bin/python3 || command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import h5py' 2>/dev/null; then
    echo "python3-h5py is not installed: the store cannot be read"
    exit $skipped
fi

# The units of all runs are those of one fit, at layer 2.
centres=$PWD/fit/kmeans.h5
make_run() {
    make_plan "$1" 3
    "$unitmill" run plan.yaml --ranks 2 --quiet --set speech_units.features=true "${@:2}"
}
make_plan fit 3
"$unitmill" run plan.yaml --to fit-units --ranks 2 --quiet --set speech_units.layer=2
make_run layer2 --set speech_units.layer=2 --set "speech_units.kmeans=$centres"
make_run layer3 --set speech_units.layer=3 --set "speech_units.kmeans=$centres"
make_run both --set speech_units.layer=2 --set "speech_units.kmeans=$centres" \
    --set speech_units.feature_layers=3,0,2

"$python" - <<'PYTHON'
import h5py, numpy as np
two, three, both = (h5py.File(f"{run}/store.h5")["speech"] for run in ("layer2", "layer3", "both"))
width = two["features"].shape[1]
kept = both["features"][:].reshape(len(two["features"]), 3, width)
assert kept.dtype == np.float16 and both["features"].shape[1] == 3 * width
assert (kept[:, 0] == three["features"][:]).all(), "layer 3"
assert (kept[:, 2] == two["features"][:]).all(), "layer 2"
assert (kept[:, 1] != kept[:, 2]).any(), "layer 0"
assert (both["feature_offsets"][:] == two["feature_offsets"][:]).all()
assert (both["units"][:] == two["units"][:]).all() and (both["offsets"][:] == two["offsets"][:]).all()
PYTHON
"$unitmill" verify both --quiet --ranks 1
"$unitmill" audit both >audit
expect_text audit "features"
"$unitmill" evaluate plan.yaml --ranks 2 --quiet --set speech_units.features=true \
    --set speech_units.layer=2 --set "speech_units.kmeans=$centres" \
    --set speech_units.feature_layers=3,0,2 >table
expect_text table "HuBERT layer 2"

expect_failure 1 refused "$unitmill" speech-units plan.yaml --ranks 2 --set run=other \
    --set speech_units.feature_layers=3,x
expect_text refused 'speech_units.feature_layers: "x" is not a whole number'
"$unitmill" speak plan.yaml --ranks 2 --quiet --set run=other --set speech_units.features=true \
    --set speech_units.feature_layers=77 --set "speech_units.kmeans=$centres"
expect_failure 1 refused "$unitmill" speech-units plan.yaml --ranks 2 --set run=other \
    --set speech_units.features=true --set speech_units.feature_layers=77 \
    --set "speech_units.kmeans=$centres"
expect_text refused "layer 77 was asked for"
