# What the Slurm tests share: a cluster of its own for each test, taken down at its end. Where there
# can be none, the test is skipped.
. "${UNITMILL_SOURCE:?the source tree}/tests/pipeline/support.bash"

# shellcheck disable=SC2119,SC2154 # unitmill, golden and scratch come from there
cluster=$UNITMILL_SOURCE/tests/slurm/cluster
export UNITMILL_CLUSTER=$scratch/cluster
UNITMILL_CLUSTER_SHARED=$scratch:$(dirname "$(realpath "$unitmill")"):$(realpath "$golden")
export UNITMILL_CLUSTER_SHARED UNITMILL_CLUSTER_OWNER=$$

leave_cluster() {
    "$cluster" down
    leave_scratch
}
code=0
"$cluster" up || code=$?
((code == 0)) || exit "$code"
trap leave_cluster EXIT

on_cluster() { "$cluster" run "$@"; }

# two_hosts KEY: VALUE, ...: the slurm section of the plan; both hosts, a rank each, and more.
# Ranks that wait give way, since two hosts share the cores of one machine.
two_hosts() {
    cat >>plan.yaml <<PLAN
slurm: {nodes: 2, tasks_per_node: 1, time: "10", prologue: [export OMPI_MCA_mpi_yield_when_idle=1]${1:+, $1}}
PLAN
}

submit() { on_cluster "$unitmill" submit plan.yaml "$@"; }

# states_of RUN: "STAGE STATE" lines, as status says them.
states_of() {
    on_cluster "$unitmill" status "$1" --json >states.json
    sed 's/{"stage"/\n&/g' states.json | sed -n 's/^{"stage":"\([a-z-]*\)","state":"\([a-z ]*\)".*/\1 \2/p'
}

# expect_states RUN "STAGE STATE"...
expect_states() {
    local run=$1 states wanted
    shift
    states=$(states_of "$run")
    for wanted in "$@"; do
        grep -qx "$wanted" <<<"$states" || { tell "$run" && fail "status does not say: $wanted"; }
    done
}

tell() { # RUN
    on_cluster "$unitmill" status "$1" >&2 || true
    on_cluster squeue --states=all >&2 || true
    tail -n 25 "$1"/slurm/*.log >&2 || true
}

# wait_for RUN SECONDS COMMAND...
wait_for() {
    local run=$1 end=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || { tell "$run" && fail "in vain: $*"; }
        sleep 0.05
    done
}

is_quiet() { [[ -z "$(on_cluster squeue --noheader)" ]]; }
has_files() { # FOLDER COUNT
    (($(find "$1" -name '*.h5' | wc -l) >= $2))
}
job_of() { # RUN STAGE
    sed -n "s/^$2 //p" "$1/slurm/jobs" | tail -n 1
}
job_state_is() { # ID STATE
    [[ "$(on_cluster squeue --noheader --states=all --format=%T --jobs "$1")" == "$2" ]]
}

# make_reference: the digest that a local run of the plan has.
make_reference() {
    "$unitmill" run plan.yaml --set run=reference --ranks 2 --quiet
    expected=$(digest reference)
}

# expect_whole RUN: nothing is left to do, and the content is that of the local run.
expect_whole() {
    expect_same "states of $1" "$(states_of "$1" | sed 's/.* //' | sort -u)" "done"
    [[ "$(digest "$1")" == "$expected" ]] && return
    diff -rq reference "$1" >&2 || true # the files that differ, beside plan, log and store
    "$unitmill" status "$1" >&2
    fail "digest of $1: \"$(digest "$1")\" is not \"$expected\""
}
