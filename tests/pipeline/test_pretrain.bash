#!/usr/bin/env bash
# Training of a small model: the same losses for 1, 2 and 4 ranks; a run that is killed or stopped
# goes on along the same curve; whatever cannot be trained on is named.
. "$(dirname "$0")/support.bash"

# The store that all runs begin from, with features and image units.
make_plan base 40
sed -i 's/layer: 3}/layer: 3, features: true}/' plan.yaml
cat >>plan.yaml <<'PLAN'
pretrain: {steps: 200, batch_captions: 24, heads: 2, embedding: 16, feed_forward: 32, width: 20,
           image_width: 16, image_patch: 2, image_blocks: 1, validate_steps: 50,
           checkpoint_steps: 20, warmup_steps: 10, memory_mib: 64}
PLAN
"$unitmill" run plan.yaml --to pack --ranks 2 --quiet

# begin RUN: a run of its own over the same store.
begin() {
    cp -r base "$1"
    sed "s/^run: .*/run: $1/" plan.yaml >"$1.yaml"
}

# train RUN RANKS OPTION...
train() {
    "$unitmill" pretrain "$1.yaml" --ranks "$2" --quiet "${@:3}"
}

# losses RUN: "step loss" a line, of each step the last that was noted.
losses() {
    sed -n 's/^{"event":"train","step":\([0-9]*\),"loss":\([^,}]*\).*/\1 \2/p' "$1/metrics.jsonl" |
        awk '{ loss[$1] = $2 } END { for (s in loss) print s, loss[s] }' | sort -n
}

# expect_curves A B STEPS: the same losses within 1e-4, at STEPS noted steps or more.
expect_curves() {
    losses "$1" >a
    losses "$2" >b
    join <(sort a) <(sort b) | awk -v steps="$3" '
        { gap = $2 > $3 ? $2 - $3 : $3 - $2 }
        !(gap <= 1e-4) { print "step", $1, "losses", $2, $3; bad = 1 }
        END { if (NR < steps) { print NR, "steps in common"; bad = 1 } exit bad }' >differences ||
        fail "$1 and $2: $(cat differences)"
}

# last_step RUN: of the newest checkpoint.
last_step() {
    find "$1/checkpoints" -name '0*.h5' -printf '%f\n' 2>/dev/null | sort | tail -n 1
}

for ranks in 1 2 4; do
    begin ranks$ranks
    train ranks$ranks $ranks
done
expect_curves ranks1 ranks2 20
expect_curves ranks1 ranks4 20
awk 'NR == 1 { first = $2 } { last = $2 } END { exit !(last < first - 0.1) }' a ||
    fail "nothing was learnt: $(head -n 1 a) to $(tail -n 1 a)"
train ranks1 2 # nothing is left to do
"$unitmill" inspect ranks1/checkpoints/model.safetensors >output
expect_text output "speech CLS encoder"
expect_text output "1 blocks of width 40, over 1 layers of features, embeddings of 16 values; with an image tower"

# By units instead of features, over ranks likewise.
for ranks in 1 4; do
    begin units$ranks
    train units$ranks $ranks --set pretrain.input=units --set pretrain.steps=60
done
expect_curves units1 units4 6

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

# start RUN CHECKPOINT: trains on two ranks in the background until that checkpoint is there.
start() {
    "$unitmill" pretrain "$1.yaml" --ranks 2 >output 2>&1 &
    parent=$!
    until [ -e "$1/checkpoints/$2.h5" ]; do
        kill -0 $parent 2>/dev/null || break
    done
}

# A rank dies in the middle: the job ends with an error at once, and goes on from its checkpoint.
begin killed
start killed 00000040
mapfile -t ranks < <(ranks_of $parent)
expect_same "ranks at work" "${#ranks[@]}" 2
kill -9 "${ranks[1]}"
code=0
timeout 20 tail --pid=$parent -f /dev/null || fail "the job hangs after a rank's death"
wait $parent || code=$?
[ $code != 0 ] || fail "a job whose rank was killed ended well"
expect_text output "the same command goes on from there"
killed=$(last_step killed)
[ "$killed" != 00000200.h5 ] || fail "the run was over before the kill"
train killed 4
expect_curves ranks1 killed 20
echo "killed after $killed"

# SIGTERM: a checkpoint of what was done, and a word on how to go on.
begin stopped
start stopped 00000020
kill -TERM $parent
code=0
wait $parent || code=$?
expect_same "exit code after SIGTERM" $code 1
expect_text output "stopped by a signal after"
expect_text output "the same command goes on from there"
stopped=$(last_step stopped)
[ "$stopped" != 00000200.h5 ] || fail "the run was over before the signal"
[ -z "$(find stopped -name '*.partial')" ] || fail "partial files are left"
train stopped 1
expect_curves ranks1 stopped 20
echo "stopped after $stopped"

# What cannot be gone on from is named, and stays as it is.
expect_failure 1 output train ranks1 2 --set pretrain.steps=300 --set pretrain.feed_forward=48
expect_text output "was made with pretrain.feed_forward: 32, not pretrain.feed_forward: 48"
newest=ranks1/checkpoints/00000200.h5
for bytes in 0 1000 $(($(stat -c %s $newest) - 1)); do
    head -c "$bytes" $newest >cut
    cp $newest whole
    cp cut $newest
    expect_failure 1 output train ranks1 2 --set pretrain.steps=300
    expect_text output "$newest"
    cmp -s cut $newest || fail "a damaged checkpoint was changed"
    mv whole $newest
done
train ranks1 2 --set pretrain.steps=202

# So are a batch larger than the split, what the store has not, and nets that do not fit.
begin bad
expect_failure 1 output train bad 2 --set pretrain.batch_captions=5000
expect_text output "a batch of 5000 records, but the split has"
expect_failure 1 output train bad 2 --set pretrain.targets=embeddings
expect_text output "a store without image embeddings"
expect_failure 1 output train bad 2 --set pretrain.heads=3
expect_text output "3 heads do not divide a width"
expect_failure 1 output train bad 2 --set pretrain.image_patch=5
expect_text output "patches of 5 x 5 units do not fill a grid"
expect_failure 1 output train bad 2 --set pretrain.image_convolution_channels=8
expect_text output "behind convolutions patches are of 4 x 4 units, not of 4 in all"
expect_failure 1 output train bad 2 --set pretrain.image_shift_units=1
expect_text output "contrastive moves no pictures"
expect_failure 1 output train bad 2 --set pretrain.image_similarities=true
expect_text output "the image tower of contrastive sees none"
expect_failure 1 output train bad 2 --set pretrain.memory_mib=16 --set pretrain.batch_captions=300
expect_text output "memory_mib"
expect_failure 1 output train bad 2 --set pretrain.eps=0 --set pretrain.checkpoint_steps=1
expect_text output "not finite, in a batch with captions"
[ -z "$(last_step bad)" ] || fail "a checkpoint of no numbers was kept"

# A disk that is full: the checkpoints before stay whole, and there is a word on it.
mkdir disk
if mount -t tmpfs -o size=500k tmpfs disk 2>/dev/null; then
    begin full
    ln -s ../disk full/checkpoints
    expect_failure 1 output timeout -s KILL 60 "$unitmill" pretrain full.yaml --ranks 2 --quiet --set pretrain.keep_checkpoints=100
    grep -qiE 'no space|disk full|cannot (write|close|flush|create)' output ||
        { cat output >&2; fail "the full disk is not named"; }
    [ -z "$(find -L full/checkpoints -name '*.partial')" ] || fail "a partial checkpoint is left"
    [ -n "$(find -L full/checkpoints -name '0*.h5')" ] || fail "no checkpoint is left"
    mount -o remount,size=20m disk
    train full 1
    expect_curves ranks1 full 20
else
    echo "a small file system cannot be mounted here: the full disk is left out"
fi

# A store without features: only where they were asked for.
make_plan plain
"$unitmill" run plan.yaml --to pack --ranks 2 --quiet
cp plan.yaml plain.yaml
echo 'pretrain: {steps: 3, batch_captions: 8, heads: 2, embedding: 8, width: 8, image_width: 8, image_patch: 2}' >>plain.yaml
expect_failure 1 output train plain 2 --set pretrain.input=features
expect_text output "a store without features"
train plain 2
