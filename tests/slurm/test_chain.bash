#!/usr/bin/env bash
# The sample plan, submitted from nothing, goes through every stage over both hosts and gives what a
# local run gives; submitting twice submits once; status tells the truth on the way.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2154
. "$(dirname "$0")/support.bash"

make_plan run 24
two_hosts 'stages: [image-units.tasks_per_node=2]'
make_reference
# The jobs begin once `open` is there: a stage of a second may be over before anybody looks at it.
sed -i 's/prologue: \[/&until test -e open; do sleep 0.1; done, /' plan.yaml

# What would be submitted is shown and nothing is made.
submit --dry-run >said
[[ ! -e run ]] || fail "a dry run makes something"
expect_text said "image-units    2 nodes x 2 ranks x 1 cores"
expect_text said ", after speech-units"
expect_text said "#SBATCH --signal=B:USR1@300"
expect_text said "export OMPI_MCA_mpi_yield_when_idle=1"

submit >said
for stage in speak fit-units speech-units image-units pack; do
    expect_text said "$stage"
done
before=$(cat run/slurm/jobs)

# Twice at once, then while it runs: once.
expect_failure 1 said submit
expect_text said "submitted already"
expect_states run "pack queued"
wait_for run 30 job_state_is "$(job_of run speak)" RUNNING
expect_failure 1 said submit
expect_text said "speak job"

# To watch ends by itself, with everything done.
on_cluster "$unitmill" status run --watch >watched &
watching=$!
wait_for run 30 grep -q "running" watched
touch open
wait_for run 30 has_files run/speech 1
expect_failure 1 said submit
expect_same "jobs" "$(cat run/slurm/jobs)" "$before"
wait "$watching"
expect_text watched "queued"
[[ "$(tail -n 20 watched | grep -c ' done ')" == 5 ]] || fail "the last of watch is not all done"
expect_whole run
for host in host1 host2; do
    expect_text run/slurm/speak.log "host[1-2]"
    grep -q "$host\|host\[1-2\]" run/slurm/image-units.log || fail "image-units was not on $host"
done
wait_for run 10 is_quiet

# There is nothing left, and after a loss only that.
submit 2>said
expect_text said "nothing to submit"
rm run/images/00002.h5
submit >said
expect_same "stages to do again" "$(sed 's/ .*//' said | tr '\n' ' ')" "image-units pack "
wait_for run 60 is_quiet
expect_whole run

# Another plan for the same run is refused before anything is queued.
expect_failure 1 said submit --set seed=99
expect_text said "seed is 99, was 1 in the run"
is_quiet || fail "a refused plan is queued"
