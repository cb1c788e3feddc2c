#!/usr/bin/env bash
# What submit --estimate says of a run is what the run then takes, as far as a busy machine allows.
. "$(dirname "$0")/support.bash"
export TMPDIR=$scratch/tmp
mkdir tmp

make_plan run 40
cores=$(nproc)
estimate() { "$unitmill" submit plan.yaml --set "slurm.tasks_per_node=$cores" --estimate "$@"; }

estimate --sample 12 >said 2>progress || { cat progress && fail "no estimate"; }
cat said
expect_text progress "measuring image-units on 12 pictures with 120 captions"
[ -z "$(find tmp -name 'unitmill-*')" ] || fail "the sample is left behind"
[ ! -e run ] || fail "an estimate begins the run"
for stage in speak fit-units speech-units image-units pack; do
    expect_text said "    - $stage.nodes=1"
    expect_text said "    - $stage.rank_memory="
done

# Stage for stage, as the commands that jobs would run.
begin=$(date +%s%N)
for stage in speak fit-units speech-units image-units pack; do
    "$unitmill" $stage plan.yaml --ranks "$cores" --quiet
done
took_ms=$((($(date +%s%N) - begin) / 1000000))
said_seconds=$(sed -n 's/^together *\([0-9.]*\) s .*/\1/p' said)
echo "estimated $said_seconds s, took $took_ms ms"
awk -v said="$said_seconds" -v took="$took_ms" \
    'BEGIN { exit !(said * 1000 < 3 * took && took < 3000 * said) }' || fail "far from the truth"

# What shards take on disk: within a fifth.
said_mib=$(sed -n 's/^speak .* \([0-9]*\) MiB$/\1/p' said)
took_mib=$(($(du --apparent-size --block-size=1M --total run/speech | sed -n 's/\ttotal//p')))
((said_mib * 5 <= took_mib * 6 + 5 && took_mib * 5 <= said_mib * 6 + 5)) ||
    fail "speech of $took_mib MiB, not $said_mib MiB"

# Rates that are given are not measured, and need no pictures.
estimate --rate speak=10 --rate fit-units=1 --rate speech-units=5 --rate image-units=0.5 --rate pack=100 \
    --hours 0.0001 >said 2>progress
[ ! -s progress ] || fail "it measured"
expect_text said "    - image-units.nodes=$(((10 + cores - 1) / cores))"
estimate --rate speak=10 --rate fit-units=1 --rate speech-units=5 --rate image-units=0.5 --rate pack=100 \
    --set pretrain.steps=10 >said
expect_text said "pretrain                10        1  not measured"
expect_failure 1 said estimate --rate speak=fast
expect_text said "--rate speak=fast: no rate"
expect_failure 1 said estimate --rate painting=3
expect_text said "painting=3"
expect_failure 1 said estimate --sample 0
expect_text said "speak: neither measured nor given by --rate"
