#!/usr/bin/env bash
# Audio, k-means models and HuBERT weights as they should not be: one clear line, exit code 1, no output
# file, and nothing is run. Audio that is merely of another kind is taken, with a note.
. "$(dirname "$0")/support.bash"

weights=$golden/hubert-tiny/hf_weight_g.safetensors
little_endian() { # VALUE BYTES
    local i
    for ((i = 0; i < $2; i++)); do
        printf "\\x$(printf %02x $((($1 >> (8 * i)) & 255)))"
    done
}

# wav FILE FORMAT CHANNELS RATE BITS BYTES: a WAV file of what comes on standard input, at most so many
# bytes of it. Format 1 is PCM, 3 is float.
wav() {
    local data=$1.data bytes
    head -c "$6" >"$data"
    bytes=$(stat -c %s "$data")
    {
        printf RIFF
        little_endian $((bytes + 36)) 4
        printf 'WAVEfmt '
        little_endian 16 4
        little_endian "$2" 2
        little_endian "$3" 2
        little_endian "$4" 4
        little_endian $(($4 * $3 * $5 / 8)) 4
        little_endian $(($3 * $5 / 8)) 2
        little_endian "$5" 2
        printf data
        little_endian "$bytes" 4
        cat "$data"
    } >"$1"
    rm "$data"
}

encode() {
    "$unitmill" encode-speech --hubert "${hubert:-$weights}" --config "$golden/hubert-tiny/hf_config.json" \
        --layer 2 --out out.h5 "$@"
}

# expect_refusal TEXT ARGUMENTS...: encode-speech says one line that holds the text, and leaves nothing.
expect_refusal() {
    local text=$1
    shift
    expect_failure 1 output encode "$@"
    expect_text output "$text"
    [ "$(wc -l <output)" -eq 1 ] || { cat output >&2; fail "more than a line: $*"; }
    [ -z "$(find . -name 'out.h5*')" ] || fail "a file is left: $*"
}

# Kinds of audio that are taken: any bytes are a sound.
expect_taken() {
    rm -f out.h5
    encode "$1" >output 2>&1 || { cat output >&2; fail "$1 is refused"; }
    [ -s out.h5 ] || fail "$1: no output"
}
wav eight.wav 1 1 16000 8 8000 <"$weights"
wav twentyfour.wav 1 1 16000 24 24000 <"$weights"
wav fast.wav 1 1 96000 16 96000 <"$weights"
wav stereo.wav 1 2 16000 16 32000 <"$weights"
wav shortest.wav 1 1 16000 16 800 <"$weights"
for kind in eight twentyfour shortest; do
    expect_taken $kind.wav
    [ ! -s output ] || { cat output >&2; fail "$kind: something is said"; }
done
expect_taken fast.wav
expect_text output "fast.wav: resampled from 96000 Hz to 16000 Hz"
expect_taken stereo.wav
expect_text output "stereo.wav: the mean of 2 channels"
rm out.h5

# Audio that cannot be used; a good file before it changes nothing. A rate that makes hours of a small file is none.
wav slow.wav 1 1 10 16 40000 <"$weights"
expect_refusal "no conversion from 10 to 16000 Hz" slow.wav
wav long.wav 1 1 1000 8 10800000 </dev/zero
expect_refusal "long.wav: longer than 3 hours" long.wav
rm slow.wav long.wav
wav none.wav 1 1 16000 16 0 </dev/null
wav short.wav 1 1 16000 16 798 <"$weights"
wav fast_short.wav 1 1 96000 16 4000 <"$weights"
{ head -c 4000 /dev/zero; printf '\000\000\300\177'; head -c 4000 /dev/zero; } >nan.data
wav nan.wav 3 1 16000 32 8004 <nan.data
printf 'This is text.\n' >text.wav
expect_refusal "none.wav: no samples" none.wav
expect_refusal "short.wav: 399 samples at 16 kHz are too few" eight.wav short.wav
expect_refusal "fast_short.wav: 333 samples at 16 kHz are too few" --quiet fast_short.wav
expect_refusal "nan.wav: sample 1000 is not finite" nan.wav
expect_refusal "text.wav: not an audio file" text.wav
expect_refusal "nothing.wav: cannot be read" nothing.wav

# K-means models. npy FILE ROWS WIDTH: zeros.
npy() {
    {
        printf '\223NUMPY\001\000v\000%-117s\n' \
            "{'descr': '<f4', 'fortran_order': False, 'shape': ($2, $3), }"
        head -c $(($2 * $3 * 4)) /dev/zero
    } >"$1"
}
width=$(grep -oE '"hidden_size": *[0-9]+' "$golden/hubert-tiny/hf_config.json" | grep -oE '[0-9]+$')
npy narrow.npy 12 $((width - 1))
npy many.npy 65536 "$width"
printf '\200\002cposix\nsystem\nX\014\000\000\000touch called\205R.' >calls.bin
expect_refusal "narrow.npy: centres $((width - 1)) wide, the features are $width wide" --kmeans narrow.npy eight.wav
expect_refusal "many.npy: 65536 clusters, not 1 .. 65535" --kmeans many.npy eight.wav
expect_refusal "calls.bin: expected an array, found posix.system" --kmeans calls.bin eight.wav

# Weights. header TEXT: a safetensors file with this header and 64 bytes of data.
header() {
    {
        little_endian ${#1} 8
        printf '%s' "$1"
        head -c 64 /dev/zero
    } >bad.safetensors
}
expect_bad_weights() {
    header "$2"
    hubert=bad.safetensors expect_refusal "$1" eight.wav
}
one='"a": {"dtype": "F32", "shape": [8], "data_offsets": [0, 32]}'
expect_bad_weights "tensor b overlaps another" "{$one, \"b\": {\"dtype\": \"F32\", \"shape\": [8], \"data_offsets\": [16, 48]}}"
expect_bad_weights "tensor b lies at -32 .. 0 of 64 bytes" "{$one, \"b\": {\"dtype\": \"F32\", \"shape\": [8], \"data_offsets\": [-32, 0]}}"
expect_bad_weights "tensor b has an impossible shape" "{$one, \"b\": {\"dtype\": \"F32\", \"shape\": [4611686018427387904, 4], \"data_offsets\": [32, 64]}}"
expect_bad_weights "too big integer" "{$one, \"b\": {\"dtype\": \"F32\", \"shape\": [8], \"data_offsets\": [32, 18446744073709551615]}}"
hubert=calls.bin expect_refusal "calls.bin: not a PyTorch file" eight.wav

# The same in a run: the plan's models are read before anything is written.
make_plan run 4
"$unitmill" speak plan.yaml --ranks 2 --quiet
expect_run_refusal() { # TEXT KEY=VALUE
    expect_failure 1 output "$unitmill" run plan.yaml --ranks 2 --set "$2"
    expect_text output "$1"
    [ "$(grep -c -F -- "$1" output)" -eq 1 ] || { cat output >&2; fail "said more than once: $2"; }
}
rm -f run/plan.yaml
expect_run_refusal "narrow.npy: centres $((width - 1)) wide, the features are $width wide" speech_units.kmeans=narrow.npy
rm -f run/plan.yaml
expect_run_refusal "calls.bin: expected an array, found posix.system" speech_units.kmeans=calls.bin
rm -f run/plan.yaml
expect_run_refusal "calls.bin: not a PyTorch file" speech_units.hubert=calls.bin
rm -f run/plan.yaml
expect_run_refusal "fit_units.clusters" fit_units.clusters=65536
[ ! -e called ] || fail "a pickle was run"
echo "what is bad is named, what is merely unusual is taken"
