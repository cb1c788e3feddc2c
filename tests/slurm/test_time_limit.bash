#!/usr/bin/env bash
# A job that comes to its time limit finishes the shards in hand, queues itself and goes on; one that
# is pushed aside by a more urgent job does too; one that never gets anywhere fails in the end.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2154
. "$(dirname "$0")/support.bash"

# A minute is the shortest limit; the warning is due 58 s before it, but Slurm looks every 30 s only:
# the stage has to be at work when it does.
make_plan run 100
two_hosts 'stages: [speak.time=1, speak.warning_seconds=58, speak.nodes=1]'
make_reference
begin=$(stat --format %Y cluster/slurm.conf)
until ((($(date +%s) - begin) % 30 == 26)); do sleep 0.2; done
submit >said
job=$(job_of run speak)
wait_for run 30 grep -q "the time is nearly over" run/slurm/speak.log
wait_for run 30 grep -q "queued again" run/slurm/speak.log
expect_states run "speak queued"
[[ -z "$(find run -name '*.partial')" ]] || fail "something in hand was dropped"
is_not_first() { grep -q "turn [1-9]: starts" run/slurm/speak.log; }
wait_for run 30 is_not_first
wait_for run 60 has_files run/units 1
[[ "$(job_of run speak)" == "$job" ]] || fail "it is another job"

# The urgent job takes both hosts from speech-units or what comes after it.
on_cluster sbatch --partition=urgent --nodes=2 --ntasks-per-node=2 --output=/dev/null --wrap "sleep 1" >said
wait_for run 30 grep -q "ended from outside" run/slurm/*-units.log
wait_for run 120 is_quiet
expect_whole run

# Ranks that are lost at once, turn for turn.
make_plan lost
two_hosts 'requeue_limit: 1, launcher: "sh -c \"kill -9 \\$\\$\""'
submit >said
wait_for lost 60 is_quiet
expect_text lost/slurm/speak.log "ranks were lost, exit code 137; queued again"
expect_text lost/slurm/speak.log "2 turns in a row made nothing new"
expect_states lost "speak failed" "pack cancelled"
