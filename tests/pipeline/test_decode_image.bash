#!/usr/bin/env bash
# Units back into pictures, by every way there is: from a store, from encode-image's file, beside a
# record, and on a contact sheet.
. "$(dirname "$0")/support.bash"

weights=$golden/vit-vqgan-tiny/model.safetensors
is_png() {
    [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] || fail "$1 is no PNG"
}

make_plan run 6
"$unitmill" run plan.yaml --ranks 2 --quiet
"$unitmill" decode-image --vit-vqgan "$weights" run/store.h5 --out all >listed
expect_same "pictures of the store" "$(wc -l <listed)" 6
"$unitmill" decode-image --vit-vqgan "$weights" run/store.h5 --image scene-000004 --out one >/dev/null
cmp one/scene-000004.png all/scene-000004.png || fail "one alone is not what it is among all"
is_png one/scene-000004.png

# The same units by encode-image give the same picture; so does export, with the run's weights.
"$unitmill" encode-image --vit-vqgan "$weights" --crop-tokens 6 --out units.h5 \
    "$(find data -name '*000004.jpg')"
"$unitmill" decode-image --vit-vqgan "$weights" units.h5 --out again >/dev/null
cmp again/000004.png one/scene-000004.png || fail "encode-image's units give another picture"
"$unitmill" export run/store.h5 --image scene-000004 --out exported >/dev/null
cmp exported/scene-000004.reconstruction.png one/scene-000004.png || fail "export gives another one"

"$unitmill" export run/store.h5 --contact-sheet 4 --out exported >listed
expect_text listed contact-sheet.png
is_png exported/contact-sheet.png
mv data elsewhere
expect_failure 1 output "$unitmill" export run/store.h5 --contact-sheet 4 --out exported
mv elsewhere data
expect_failure 2 output "$unitmill" export run/store.h5 --contact-sheet 4 --image a --out exported
expect_text output "one of"

expect_failure 1 output "$unitmill" decode-image --vit-vqgan "$weights" run/store.h5 --image nobody --out one
expect_text output "no picture nobody"
expect_failure 1 output "$unitmill" decode-image --vit-vqgan "$weights" run/kmeans.h5 --out one
expect_text output "no group has units"
expect_failure 2 output "$unitmill" decode-image run/store.h5
expect_text output "needed"
echo "units give the same picture by every way"
