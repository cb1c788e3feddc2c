#!/usr/bin/env bash
# The audit of a run: the same figures in every format, its entropies and sums those that HDF5 and
# numpy find; a store that is read at random by any number of ranks.
. "$(dirname "$0")/support.bash"

make_plan run
"$unitmill" run plan.yaml --ranks 2 --quiet
"$unitmill" audit run --project 600000 >table
"$unitmill" audit run --project 600000 --format json >audit.json
"$unitmill" audit run --project 600000 --format csv >audit.csv
for text in "Speech by language" "What each step of packing gains" "order 2" \
    "Stores of other sizes" "requested" "LAION-400M" "742 hours"; do
    expect_text table "$text"
done
expect_text audit.csv "projection,requested,captions,600000,record"
"$unitmill" audit run/store.h5 --quick >quick
! grep -q "order 2" quick || fail "--quick reads the tokens"
expect_text quick "What each step of packing gains"
expect_failure 2 usage "$unitmill" audit run --project many
expect_failure 2 usage "$unitmill" audit run --format xml
expect_failure 1 nothing "$unitmill" audit nowhere

python=$(command -v /usr/bin/python3 || command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import h5py, numpy' 2>/dev/null; then
    echo "python3-h5py is not installed: the figures were not compared with it"
    exit 0
fi
"$python" - run/store.h5 audit.json audit.csv <<'PYTHON'
import collections, csv, json, math, sys
import h5py, numpy as np

store = h5py.File(sys.argv[1], "r")
audit = json.load(open(sys.argv[2]))
units, offsets = store["speech/units"][:], store["speech/offsets"][:].astype(int)
assert units.dtype == np.uint16 and store["images/units"].dtype == np.uint16

def entropies(records):
    tables = [collections.defaultdict(collections.Counter) for _ in range(3)]
    for record in records:
        padded = [-1, -1] + [int(token) for token in record]
        for t in range(2, len(padded)):
            for order in range(3):
                tables[order][tuple(padded[t - order:t])][padded[t]] += 1
    for table in tables:
        total = sum(sum(counts.values()) for counts in table.values())
        yield sum(n * math.log2(sum(counts.values()) / n)
                  for counts in table.values() for n in counts.values()) / total

captions = [slice(offsets[c], offsets[c + 1]) for c in range(len(offsets) - 1)]
expected = {
    "speech_units": [units[c] for c in captions],
    "speech_durations": [store["speech/durations"][:][c] for c in captions],
    "image_units": list(store["images/units"][:]),
}
for name, records in expected.items():
    for order, bits in enumerate(entropies(records)):
        found = audit["entropy"][name][f"order{order}_bits"]
        assert abs(found - bits) < 1e-6, (name, order, found, bits)

languages = store["captions/language"].asstr()[:]
samples = store["speech/sample_count"][:]
for language, row in audit["languages"].items():
    mine = languages == language
    assert row["records"] == mine.sum()
    assert row["raw_bytes"] == 2 * int(samples[mine].sum())
assert sum(row["records"] for row in audit["languages"].values()) == len(languages)

for row in csv.DictReader(open(sys.argv[3])):
    value = audit[row["section"]][row["name"]][row["quantity"]]
    assert math.isclose(float(row["value"]), value, rel_tol=1e-12), row
PYTHON
