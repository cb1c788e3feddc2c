#!/usr/bin/env bash
# Records that cannot be used are rejects with a reason, in every form that real collections have, and
# the good ones beside them are kept.
. "$(dirname "$0")/support.bash"

make_plan run 4
mkdir -p data/bad
cp "$golden"/image-preprocess/*.jpg data/bad/
printf 'unreadable' >data/bad/locked.jpg
ln -s /dev/zero data/bad/device.jpg

# One picture a line; each needs a caption to be a record of interest.
add_picture() {
    printf '{"id": "%s", "image": "%s", "captions": [{"id": "%s-0", "text": "a picture", "language": "en"}]}\n' \
        "$1" "$2" "$1" >>data/manifest.jsonl
}
add_picture missing bad/nothing-here.jpg
add_picture empty bad/bad_empty.jpg
add_picture garbage bad/bad_garbage.jpg
add_picture truncated bad/bad_truncated_half.jpg
add_picture text bad/bad_text.jpg
add_picture huge bad/bad_huge_65500x65500.jpg
add_picture device bad/device.jpg
add_picture outside ../../etc/passwd
add_picture absolute /etc/passwd
add_picture cmyk bad/cmyk.jpg
add_picture png bad/bad_png_named_jpg.jpg
add_picture tiny bad/one.jpg
add_picture tiny bad/small.jpg # the id again

add_caption() {
    printf '{"id": "p-%s", "image": "bad/small.jpg", "captions": [{"id": "%s", "text": "%b", "language": "%s"}]}\n' \
        "$1" "$1" "$2" "${3:-en}" >>data/manifest.jsonl
}
add_caption nothing ''
add_caption blank '   '
add_caption control 'a\\u0007bell'
add_caption latin1 'caf\xe9 au lait'
add_caption klingon 'a sentence' tlh
add_caption punctuation '...'
add_caption "long" "$(printf 'very %.0s' $(seq 300)) long"
add_caption markup 'a <b> & [[h@\\u0027lo]] picture'
add_caption klingon 'the id again'

# Above the limit the stage fails at its end, and says so; below it the run goes on from there.
expect_failure 1 output "$unitmill" run plan.yaml --ranks 2
expect_text output "above reject_limit 0.05"
"$unitmill" run plan.yaml --ranks 2 --quiet --set reject_limit=0.9
digest run >/dev/null

"$unitmill" status run --rejects >rejects
expect_reject() {
    grep -E -- "$1" rejects | grep -qF -- "$2" || { cat rejects >&2; fail "$1: no \"$2\""; }
}
expect_reject 'image-units.*missing' "No such file"
expect_reject 'image-units.*empty' "empty"
expect_reject 'image-units.*garbage' "JPEG"
expect_reject 'image-units.*truncated' "cut short"
expect_reject 'image-units.*huge' "pixels"
expect_reject 'image-units.*device' "regular file"
expect_reject 'image-units.*outside' "leaves the image root"
expect_reject 'image-units.*absolute' "leaves the image root"
expect_reject 'image-units.*tiny' "the id is that of record"
expect_reject 'pack.*missing-0' "its picture missing is a reject"
expect_reject 'speak.*nothing' "empty"
expect_reject 'speak.*blank' "empty"
expect_reject 'speak.*control' "control character"
expect_reject 'speak.*latin1' "UTF-8"
expect_reject 'speak.*klingon' "tlh"
expect_reject 'speak.*punctuation' "audible"
expect_reject 'speak.*long' "bytes"

for kept in cmyk-0 png-0 markup scene-000001-en-0; do
    "$unitmill" export run/store.h5 --caption $kept --out exported >/dev/null ||
        fail "$kept is not in the store"
done
echo "every bad record is a reject with its reason"
