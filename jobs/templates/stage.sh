#!/usr/bin/env bash
# One stage of a run as a Slurm job. `unitmill submit` fills in the names between @ signs. A line whose
# value is empty is left out, one with several values is written for each. docs/slurm.md lists them.
#SBATCH --job-name=@job_name@
#SBATCH --output="@log@"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --partition=@partition@
#SBATCH --account=@account@
#SBATCH --nodes=@nodes@
#SBATCH --ntasks-per-node=@tasks_per_node@
#SBATCH --cpus-per-task=@threads@
#SBATCH --mem=@memory@
#SBATCH --time=@time@
#SBATCH --constraint=@constraint@
#SBATCH --signal=B:USR1@@warning_seconds@
#SBATCH @extra@
# shellcheck disable=SC2317 # the functions of traps

stage=@stage@
run=@run@
requeue_limit=@requeue_limit@
warning_seconds=@warning_seconds@
folder=$run/slurm
turn=${SLURM_RESTART_COUNT:-0}

say() { printf '%s job %s turn %s: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$SLURM_JOB_ID" "$turn" "$*"; }

# What became of the job, for `unitmill status` when Slurm has forgotten it.
end() {
    say "$2"
    printf '%s %s\n' "$SLURM_JOB_ID" "$2" >"$folder/$stage.end"
    exit "$1"
}

# The job waits in the queue again; what is complete stays, the next turn does the rest.
requeue() {
    say "$1; queued again"
    printf '%s queued again: %s\n' "$SLURM_JOB_ID" "$1" >"$folder/$stage.end"
    scontrol requeue "$SLURM_JOB_ID" || end 1 "cannot be queued again: $1"
    exit 75
}

made_since() {
    [[ -n "$(find "$run" \( -name '*.h5' -o -path "$run/checkpoints/*" \) ! -name '*.partial' \
        -newer "$1" -print -quit)" ]]
}

# Turns in a row that left no new file, this one not counted.
idle=0
mark=$folder/$stage.turn
if ((turn > 0)) && [[ -e "$mark" ]] && ! made_since "$mark"; then
    idle=$(($(cat "$mark") + 1))
fi
((idle <= requeue_limit)) || end 1 "$idle turns in a row made nothing new"
echo "$idle" >"$mark"

# Before the time limit: finish what is in hand. What is not finished when two thirds of the time are
# over is dropped, so that the job still ends by itself.
ranks=
is_warned=false
is_ended=false
warn() {
    is_warned=true
    say "the time is nearly over"
    [[ -z "$ranks" ]] || kill -s USR2 "$ranks"
    { sleep $((warning_seconds * 2 / 3)) && kill -s USR1 "$ranks"; } 2>/dev/null &
}
# Cancelled or preempted: Slurm itself decides whether the job is queued again.
leave() {
    is_ended=true
    [[ -z "$ranks" ]] || kill -s USR1 "$ranks"
}
trap warn USR1
trap leave TERM

@prologue@

# A host that came back may still have the sockets of the step that died with it, under its number.
for ((step = 0; step < turn % 16; step++)); do
    srun --mpi=none --nodes=1 --ntasks=1 true
done

# Copies on the nodes' own disks, where the plan names a folder there, and settings that name them.
scratch="@scratch@"
settings=()
copy_weights() {
    local key=${1%%=*} path=${1#*=} copy
    [[ -n "$scratch" ]] || return 0
    copy=$scratch/unitmill-$SLURM_JOB_ID-${path##*/}
    if sbcast --force "$path" "$copy"; then
        settings+=(--set "$key=$copy")
    else
        say "$path stays where it is"
    fi
}
drop_weights() {
    [[ ${#settings[@]} == 0 ]] ||
        srun --mpi=none --ntasks-per-node=1 --ntasks="$SLURM_JOB_NUM_NODES" \
            find "$scratch" -maxdepth 1 -name "unitmill-$SLURM_JOB_ID-*" -delete
}
copy_weights @weights@

say "starts on $SLURM_JOB_NODELIST"
@launch@ @container@ @unitmill@ @stage@ @plan@ "${settings[@]}" &
ranks=$!
! $is_warned || kill -s USR2 "$ranks"
wait "$ranks"
while kill -0 "$ranks" 2>/dev/null; do # a signal ended the wait, not the ranks
    wait "$ranks"
done
wait "$ranks"
code=$?
((code > 2 && code != 75)) || drop_weights # after a lost host there is no asking it

! $is_ended || end 1 "ended from outside" # srun may say 0 then
((code != 0)) || end 0 "done"
! $is_warned || requeue "the time limit came"
case "$code" in
1 | 2) end "$code" "failed with exit code $code" ;;
75) requeue "asked to go on later" ;;
*) requeue "ranks were lost, exit code $code" ;;
esac
