#!/usr/bin/env bash
# A host that dies in the middle of a stage, with its slurmd and its ranks, costs the shards in flight:
# the job is queued again by itself and the content is the same.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2154
. "$(dirname "$0")/support.bash"

make_plan run 40
two_hosts
make_reference
submit >said
wait_for run 30 has_files run/speech 3
"$cluster" kill host2
[[ ! -e run/kmeans.h5 ]] || fail "speak was over before the host died"
job=$(job_of run speak)
wait_for run 60 job_state_is "$job" PENDING
expect_states run "pack queued" # speak has all shards where the host had none in hand
"$cluster" start host2
wait_for run 90 is_quiet
expect_text run/slurm/speak.log "turn 1: starts"
expect_whole run
