#!/usr/bin/env bash
# Files of a finished run that are cut short, changed in a bit, swapped with others, left as .partial or
# gone: verify names each with the command that makes it again, --repair makes exactly these again, and
# the content is as before.
. "$(dirname "$0")/support.bash"

make_plan run 12
"$unitmill" run plan.yaml --ranks 2 --quiet
expected=$(digest run)
cp -r run good
list_files() { (cd run && find speech units images kmeans.h5 store.h5 -type f -printf '%p %i\n' | sort); }

# flip FILE BYTE: one bit.
flip() {
    local byte
    byte=$(od -An -t u1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf "\\x$(printf %x $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
size() { stat -c %s "$1"; }
swap() { mv "$1" swapped && mv "$2" "$1" && mv swapped "$2"; }

# breaks WHAT FILES...: verify names every file and a stage; the run alone, and --repair, make these and
# no others again.
breaks() {
    local what=$1 file
    shift
    cp -r run broken-run
    expect_failure 1 output "$unitmill" verify run --ranks 2
    for file; do
        grep -F "run/$file" output | grep -q 'unitmill [a-z-]* .*run/plan.yaml makes it again' ||
            { cat output >&2; fail "$what: $file and its command are not named"; }
    done
    list_files >before
    "$unitmill" verify run --ranks 3 --repair --digest >repaired 2>output ||
        { cat output >&2; fail "$what: not repaired"; }
    expect_same "$what: digest after the repair" "$(cat repaired)" "$expected"
    list_files >after
    expect_same "$what: files made again" "$(comm -13 before after | cut -d' ' -f1 | tr '\n' ' ')" \
        "$(printf '%s\n' "$@" | sort | tr '\n' ' ')"
    for file; do
        [ -e "run/broken/${file//\//-}" ] || fail "$what: $file was not set aside"
    done
    if [ "$what" != swapped ]; then
        "$unitmill" run broken-run/plan.yaml --set run=broken-run --ranks 2 --quiet
        expect_same "$what: digest after a run" "$(digest broken-run)" "$expected"
    fi
    rm -rf run broken-run
    cp -r good run
    echo "$what: named, and made again"
}

truncate -s 5000 run/speech/00001.h5
truncate -s 0 run/images/00000.h5
truncate -s $(($(size run/store.h5) - 1000)) run/store.h5
breaks "cut short" speech/00001.h5 images/00000.h5 store.h5

flip run/units/00002.h5 $(($(size run/units/00002.h5) / 2))
flip run/images/00001.h5 9
flip run/kmeans.h5 $(($(size run/kmeans.h5) - 60))
flip run/store.h5 $(($(size run/store.h5) / 2))
breaks "a bit" units/00002.h5 images/00001.h5 kmeans.h5 store.h5

swap run/images/00000.h5 run/images/00002.h5
swap run/units/00001.h5 run/speech/00003.h5
breaks "swapped" images/00000.h5 images/00002.h5 units/00001.h5 speech/00003.h5

cp run/units/00000.h5 run/store.h5
breaks "a shard as the store" store.h5

# Of another run: whole, of the right place, and of other weights.
make_plan other
"$unitmill" run plan.yaml --ranks 2 --quiet --set image_units.crop_tokens=4 --set seed=2
cp other/images/00001.h5 run/images/
cp other/units/00001.h5 run/units/
make_plan run
breaks "of another run" images/00001.h5 units/00001.h5

# Left as .partial, and gone: no damage; the next run puts it right.
mv run/speech/00002.h5 run/speech/00002.h5.partial
cp run/store.h5 run/store.h5.partial
"$unitmill" verify run --ranks 2 2>output
expect_text output "00002.h5.partial: left by a run that was killed"
expect_text output "1 of 8 shards are not there yet; unitmill speak run/plan.yaml makes them"
list_files | grep -v partial >before
"$unitmill" run plan.yaml --ranks 2 --quiet
list_files >after
expect_same "files made again" "$(comm -13 before after | cut -d' ' -f1)" speech/00002.h5
expect_same "partial files left" "$(find run -name '*.partial')" ""
expect_same "digest after a .partial" "$(digest run)" "$expected"

# A manifest that is not the run's: nothing can be held against it.
cp data/manifest.jsonl kept.jsonl
sed -i '2s/train/val/' data/manifest.jsonl
expect_failure 1 output "$unitmill" verify run --ranks 2
expect_text output "not the manifest that the run was made from"
cp kept.jsonl data/manifest.jsonl

# A store: any damage is found, and none ends the program otherwise than by exit code 1.
expect_failure 2 output "$unitmill" verify run/store.h5 --repair --ranks 1
RANDOM=7
for try in 1 2 3 4 5 6 7 8; do
    cp good/store.h5 store.h5
    flip store.h5 $((RANDOM * 32768 % $(size store.h5) + try))
    flip store.h5 $((RANDOM % 2048))
    expect_failure 1 output "$unitmill" verify store.h5 --ranks 1
    expect_text output "store.h5: damaged"
done

# Centres that are not there are no problem, but told.
rm run/kmeans.h5
"$unitmill" verify run --ranks 2 >output 2>&1
expect_text output "kmeans.h5: the centres are not there yet"
