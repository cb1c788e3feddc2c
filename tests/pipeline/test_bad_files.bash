#!/usr/bin/env bash
# Plans, manifests, weights and stores that are wrong: one clear line that names the thing, exit code 1
# (2 for wrong usage), and nothing that was written before is lost.
. "$(dirname "$0")/support.bash"

make_plan run 4
expect_one_line() {
    expect_text output "$1"
    [ "$(wc -l <output)" -le 2 ] || { cat output >&2; fail "more than a line or two"; }
}

# Usage.
expect_failure 2 output "$unitmill" no-such-command
expect_failure 2 output "$unitmill" run
expect_one_line "expected PLAN"
expect_failure 2 output "$unitmill" run plan.yaml --no-such-option
expect_one_line "unknown option --no-such-option"
expect_failure 2 output "$unitmill" run plan.yaml --ranks many
expect_one_line "not a whole number"

# Plans.
expect_failure 1 output "$unitmill" run nothing.yaml --ranks 1
expect_one_line "nothing.yaml"
sed 's/shard_captions: 16/shard_captions: 0/' plan.yaml >bad.yaml
expect_failure 1 output "$unitmill" run bad.yaml --ranks 1
expect_one_line 'bad.yaml:3: shard_captions: "0" is not a whole number in 1 .. 1000000'
sed 's/shard_captions: 16/shard_caption: 16/' plan.yaml >bad.yaml
expect_failure 1 output "$unitmill" run bad.yaml --ranks 2
expect_one_line "bad.yaml:3: shard_caption: no such key"
expect_failure 1 output "$unitmill" run plan.yaml --ranks 1 --set speak.voices=en-us,xx-none
expect_one_line "xx-none"

# Manifests: the line is named.
cp data/manifest.jsonl good.jsonl
printf '{"id": 7}\n' >>data/manifest.jsonl
expect_failure 1 output "$unitmill" run plan.yaml --ranks 2
expect_one_line "manifest.jsonl:$(wc -l <data/manifest.jsonl):"
cp good.jsonl data/manifest.jsonl

# Weights: the tensor or the header is named.
weights=$golden/hubert-tiny/hf_weight_g.safetensors
run_with_weights() {
    expect_failure 1 output "$unitmill" fit-units plan.yaml --ranks 2 --set "run=$1" \
        --set "speech_units.hubert=$2"
}
"$unitmill" speak plan.yaml --ranks 2 --quiet
head -c 5000 "$weights" >short.safetensors
rm -rf other && cp -r run other && rm other/plan.yaml
run_with_weights other short.safetensors
expect_one_line "short.safetensors"
{ printf '\377\377\377\377\377\377\377\177'; tail -c +9 "$weights"; } >lying.safetensors
rm other/plan.yaml
run_with_weights other lying.safetensors
expect_one_line "lying.safetensors"
sed 's/encoder.layers.1.final_layer_norm.weight/encoder.layers.1.final_layer_norm.wRight/' \
    "$weights" >missing.safetensors
rm other/plan.yaml
run_with_weights other missing.safetensors
expect_one_line "encoder.layers.1.final_layer_norm.w"
cp "$weights" nan.safetensors # a NaN in the first tensor of the file that is in use
header=$(od -An -t u8 -N 8 "$weights" | tr -d ' ')
name=encoder.layers.0.attention.q_proj.weight
begin=$(head -c $((8 + header)) "$weights" | tail -c "$header" | tr '{}' '\n\n' |
    grep -A1 -F "\"$name\"" | grep -oE 'data_offsets": ?\[[0-9]+' | grep -oE '[0-9]+$')
printf '\000\000\300\177' |
    dd of=nan.safetensors bs=1 seek=$((8 + header + begin)) conv=notrunc status=none
rm other/plan.yaml
run_with_weights other nan.safetensors
expect_one_line "$name is not finite"
sed 's/"hidden_size": 40/"hidden_size": 41/' "$golden/hubert-tiny/hf_config.json" >wrong.json
rm other/plan.yaml
expect_failure 1 output "$unitmill" fit-units plan.yaml --ranks 2 --set run=other \
    --set speech_units.config=wrong.json
expect_one_line "wrong.json: width 41"

# A run in use.
"$unitmill" run plan.yaml --ranks 2 --quiet
exec 9>run/.lock
flock 9
expect_failure 1 output "$unitmill" run plan.yaml --ranks 2
expect_one_line "another unitmill is at work in this run"
exec 9>&-

# A store that was cut short or damaged, and a shard.
expected=$(digest run)
head -c $(($(stat -c %s run/store.h5) * 2 / 3)) run/store.h5 >cut.h5
expect_failure 1 output "$unitmill" verify cut.h5 --ranks 2
expect_one_line "cut.h5"
damage() { # 4 KiB in the middle
    head -c 4096 /dev/zero | tr '\000' x |
        dd of="$1" bs=1 seek=$(($(stat -c %s "$1") / 2)) conv=notrunc status=none
}
expect_failure 1 output "$unitmill" verify run/images/00000.h5 --ranks 2
expect_text output "run/images/00000.h5: no store, but another whole file of a run"
expect_failure 1 output "$unitmill" export run --image x --out shown
expect_one_line "run: not a whole HDF5 file"
cp run/store.h5 damaged.h5
damage damaged.h5
expect_failure 1 output "$unitmill" verify damaged.h5 --ranks 2
expect_text output "damaged.h5"
damage run/images/00000.h5
expect_failure 1 output "$unitmill" verify run --ranks 2
expect_text output "images/00000.h5"
expect_text output "unitmill image-units"
"$unitmill" run plan.yaml --ranks 2 --quiet
expect_same "digest after the repair" "$(digest run)" "$expected"
