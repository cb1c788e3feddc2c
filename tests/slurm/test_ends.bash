#!/usr/bin/env bash
# scancel leaves a run that submit completes; a stage that fails leaves those after it cancelled, and
# status says why.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2154
. "$(dirname "$0")/support.bash"

make_plan run 40
two_hosts
make_reference
submit >said
wait_for run 30 has_files run/speech 2
on_cluster scancel "$(job_of run speak)"
wait_for run 30 is_quiet
expect_states run "speak cancelled" "fit-units cancelled"
on_cluster "$unitmill" status run >said
expect_text said "speak did not succeed (DependencyNeverSatisfied)"
made=$(find run/speech -name '*.h5' -newer run/slurm/jobs | sort)
[[ -n "$made" ]] || fail "nothing was kept"
touch mark
submit >said
wait_for run 90 is_quiet
expect_whole run
for file in $made; do
    [[ ! "$file" -nt mark ]] || fail "$file was there and was made again"
done

# No voice speaks half of the captions.
make_plan broken
two_hosts
submit --set speak.voices=en-us >said
wait_for broken 60 is_quiet
expect_states broken "speak failed" "fit-units cancelled" "pack cancelled"
on_cluster "$unitmill" status broken >said
expect_text said "failed with exit code 1"
expect_text said "above reject_limit"
expect_text said "speak did not succeed (DependencyNeverSatisfied)"
! grep -q "queued again" broken/slurm/speak.log || fail "a failure is not to be tried again"

# Slurm forgets, or cannot be asked: what the jobs left still tells.
"$unitmill" status broken >said
expect_text said "Slurm cannot be asked"
expect_text said "failed with exit code 1"
