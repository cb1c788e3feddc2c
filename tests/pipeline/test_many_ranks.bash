#!/usr/bin/env bash
# Ranks far beyond cores and shards: the same content, and no more looks at files than one rank has.
. "$(dirname "$0")/support.bash"

make_plan one 8
"$unitmill" run plan.yaml --ranks 1 --quiet
expected=$(digest one)

# 16 ranks, and 5 shards of captions, 2 of pictures.
make_plan many
"$unitmill" run plan.yaml --ranks 16 --quiet
expect_same "digest of 16 ranks" "$("$unitmill" verify many --digest --quiet --ranks 16)" "$expected"
expect_same "store of 16 ranks" "$(digest many/store.h5)" "$(digest one/store.h5)"

# A single shard of each, and 7 ranks.
make_plan single
sed -i 's/shard_captions: 16/shard_captions: 1000/; s/shard_images: 4/shard_images: 1000/' plan.yaml
"$unitmill" run plan.yaml --ranks 7 --quiet
make_plan single1
sed -i 's/shard_captions: 16/shard_captions: 1000/; s/shard_images: 4/shard_images: 1000/' plan.yaml
"$unitmill" run plan.yaml --ranks 1 --quiet
expect_same "digest of 7 ranks on single shards" "$(digest single)" "$(digest single1)"

# Looks at shard files do not grow with ranks, in a first run and in one that finds all done.
if ! strace -o trace true 2>/dev/null || is_sanitized; then
    echo "calls cannot be traced here"
    exit 0
fi
looks() { # FOLDER: calls that name a shard of it
    grep -cE "/$1/[0-9]{5}[.]h5" trace || true
}
for ranks in 1 8; do
    make_plan traced$ranks
    sed -i 's/shard_captions: 16/shard_captions: 2/; s/shard_images: 4/shard_images: 1/' plan.yaml
    for pass in first second; do
        strace -f -qq -o trace -e trace=open,openat,stat,lstat,newfstatat,access \
            "$unitmill" run plan.yaml --ranks $ranks --quiet
        for folder in speech units images; do
            declare "${pass}_${folder}_$ranks=$(looks $folder)"
        done
    done
done
for pass in first second; do
    for folder in speech units images; do
        one=${pass}_${folder}_1 eight=${pass}_${folder}_8
        [ "${!one}" -gt 0 ] || fail "nothing was traced"
        [ "${!eight}" -le "${!one}" ] ||
            fail "$pass run, $folder: ${!one} looks on 1 rank, ${!eight} on 8"
        echo "$pass run, $folder: ${!one} looks on 1 rank, ${!eight} on 8"
    done
done
