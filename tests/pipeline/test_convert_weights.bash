#!/usr/bin/env bash
# convert-weights: what it writes and leaves out, and bad input. That nets give the same from it: stages.test_convert_weights.
. "$(dirname "$0")/support.bash"

hubert=$golden/hubert-tiny
"$unitmill" convert-weights "$hubert/fairseq.pt" --out whole >said
expect_text said " dropped; "
"$unitmill" inspect whole/model.safetensors >said
expect_text said "usable     yes"
"$unitmill" convert-weights whole/model.safetensors --out half --half >said
expect_text said "0 too large for half precision"
[ "$(stat -c %s half/model.safetensors)" -lt "$(($(stat -c %s whole/model.safetensors) * 7 / 10))" ] || fail "not half"
"$unitmill" convert-weights half/model.safetensors --out again --half >/dev/null
cmp half/model.safetensors again/model.safetensors || fail "not the same again"

# Of other nets what only training needs goes.
"$unitmill" make-weights vocoder --net vocoder --units 20 --quiet
"$unitmill" convert-weights vocoder/model.safetensors --out vocoder-half --half >said
cmp vocoder/config.json vocoder-half/config.json || fail "another configuration"
"$unitmill" vocode --vocoder vocoder-half/model.safetensors --units "1 2 3" --out sound.wav --quiet >/dev/null

# Bad input makes nothing.
expect_failure 2 refused "$unitmill" convert-weights whole/model.safetensors
expect_failure 1 refused "$unitmill" convert-weights whole/model.safetensors --out none --layers 0
expect_failure 1 refused "$unitmill" convert-weights whole/model.safetensors --out none --layers 100
expect_text refused "--layers 100: it has"
expect_failure 1 refused "$unitmill" convert-weights vocoder/model.safetensors --out none --layers 1
expect_text refused "--layers goes with a HuBERT"
expect_failure 1 refused "$unitmill" convert-weights none.pt --out none
head -c 2000 whole/model.safetensors >cut.safetensors
expect_failure 1 refused "$unitmill" convert-weights cut.safetensors --out none
[ ! -e none ] || fail "a refused call makes something"

# What is too large for half precision stays; what is no number is refused.
header='{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"loss.seen":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}'
header+=$(printf '%*s' $((128 - ${#header})) '')
tensors() { { printf '\200\0\0\0\0\0\0\0%s' "$header" && printf %b "$1"; } >odd.safetensors; }
tensors '\0000\0000\0200\0077\0000\0000\0200\0110\0000\0000\0000\0000' # 1, 262144; 0
"$unitmill" convert-weights odd.safetensors --out odd --half >said
expect_text said "F32      a: too large for half precision, kept"
expect_text said "dropped  loss.seen"
tensors '\0000\0000\0200\0077\0000\0000\0200\0177\0000\0000\0000\0000' # 1, infinity; 0
expect_failure 1 refused "$unitmill" convert-weights odd.safetensors --out none --half
expect_text refused "tensor a is not finite"
[ ! -e none ] || fail "a refused call makes something"
