#!/usr/bin/env bash
# Ranks are placed by cores and memory, one on a core, under srun and under mpirun.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2154
. "$(dirname "$0")/support.bash"

make_plan run
cores=$(nproc)
two_hosts
submit --set slurm.tasks_per_node=0 --dry-run >said
expect_text said "speak          2 nodes x $cores ranks x 1 cores"
submit --set slurm.tasks_per_node=0 --set slurm.memory=1G --dry-run >said
expect_text said "speak          2 nodes x 1 ranks x 1 cores, 1G"
submit --set slurm.tasks_per_node=0 --set "slurm.threads=$cores" --dry-run >said
expect_text said "speak          2 nodes x 1 ranks x $cores cores"
((cores > 1)) || { echo "one core: nothing to bind" && exit "$skipped"; }

# Each rank notes where it may run.
cat >note_cores <<'END'
#!/bin/bash
rank=${SLURM_PROCID:-x}-${OMPI_COMM_WORLD_RANK:-x}
sed -n "s/^Cpus_allowed_list:\t/$(hostname) /p" /proc/self/status >"$FOLDER/$rank"
shift
exec "$@"
END
chmod +x note_cores
for launcher in srun mpirun; do
    mkdir $launcher
    make_plan "run-$launcher"
    two_hosts "launcher: $launcher, container: \"$scratch/note_cores\""
    sed -i "s|prologue: \[|&export FOLDER=$scratch/$launcher OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, |" plan.yaml
    sed -i "s|shift|:|; s|exec .*|exec $unitmill \"\${@:2}\"|" note_cores
    submit --set slurm.tasks_per_node=2 >said
    wait_for "run-$launcher" 60 has_files "run-$launcher/speech" 1
    on_cluster scancel --user root
    cat $launcher/*
    expect_same "places of the ranks under $launcher" "$(cat $launcher/* | sort -u | wc -l)" 4
    wait_for "run-$launcher" 30 is_quiet
done

# Weights are copied to the hosts' own /tmp, read there, and removed; the content is the same.
make_plan copied
two_hosts 'scratch: /tmp'
make_reference
submit >said
wait_for copied 90 is_quiet
expect_whole copied
! grep -q "stays where it is" copied/slurm/*.log || fail "weights were not copied"
expect_text copied/slurm/speech-units.sh "copy_weights 'speech_units.hubert=$golden/hubert-tiny"
! on_cluster srun --nodes=2 ls /tmp | grep -q "unitmill-[0-9]" || fail "copies are left"
