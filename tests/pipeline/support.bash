# What the pipeline tests share. Each test is a program of its own, run by CTest with UNITMILL_BINARY
# and UNITMILL_SOURCE set; it works in a fresh folder that is removed at the end.
set -euo pipefail

unitmill=${UNITMILL_BINARY:?the program to test}
golden=${UNITMILL_GOLDEN:-${UNITMILL_SOURCE:?the source tree}/tests/golden}
skipped=77 # what CTest takes for a test that cannot run here
export skipped

scratch=$(mktemp -d "${TMPDIR:-/tmp}/unitmill-pipeline-XXXXXX")
leave_scratch() {
    mountpoint -q "$scratch/disk" 2>/dev/null && umount -l "$scratch/disk" # a rank may still be ending
    rm -rf "$scratch"
}
trap leave_scratch EXIT
cd "$scratch"

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# expect_same WHAT A B
expect_same() {
    [ "$2" = "$3" ] || fail "$1: \"$2\" is not \"$3\""
}

# expect_text FILE TEXT: the file holds the text.
expect_text() {
    grep -qF -- "$2" "$1" || { cat "$1" >&2; fail "\"$2\" is not in $1"; }
}

# expect_failure CODE OUTPUT COMMAND...: the command ends with that code; what it says goes to OUTPUT.
expect_failure() {
    local code=$1 output=$2 got=0
    shift 2
    "$@" >"$output" 2>&1 || got=$?
    [ "$got" = "$code" ] || { cat "$output" >&2; fail "$* ended with $got, expected $code"; }
}

# make_plan RUN [PICTURES]: a data set in data/ and plan.yaml that turns it into RUN, with the smallest
# nets there are. Several runs may share the data.
make_plan() {
    [ -e data/manifest.jsonl ] || "$unitmill" scenes data --count "${2:-12}" --seed 7 --quiet
    cat >plan.yaml <<PLAN
manifest: data/manifest.jsonl
run: $1
shard_captions: 16
shard_images: 4
speak: {voices: [en-us, en-us+f2, ar]}
fit_units: {clusters: 12, captions_max: 60, frames_max: 3000, iterations_max: 15}
speech_units: {hubert: $golden/hubert-tiny/hf_weight_g.safetensors,
               config: $golden/hubert-tiny/hf_config.json, layer: 3}
image_units: {vit_vqgan: $golden/vit-vqgan-tiny/model.safetensors, crop_tokens: 6}
PLAN
}

# digest PATH: what verify says of a run or a store.
digest() {
    "$unitmill" verify "$1" --digest --quiet --ranks 1
}

# ranks_of PID: the processes below it that run this program as ranks.
ranks_of() {
    local child
    for child in $(cat "/proc/$1/task/"*/children 2>/dev/null || true); do
        if [ "$(readlink "/proc/$child/exe")" = "$(readlink -f "$unitmill")" ]; then
            echo "$child"
        else
            ranks_of "$child"
        fi
    done
}

# is_sanitized: the program is the sanitizers' build, which preloaded libraries disturb.
is_sanitized() {
    ldd "$unitmill" | grep -q libasan
}
