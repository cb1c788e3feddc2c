#!/usr/bin/env bash
# inspect names what a file is and shows the SHA-256 that everybody else shows for it.
. "$(dirname "$0")/support.bash"

inspect() {
    "$unitmill" inspect "$1" >said
    expect_text said "$2"
    expect_same "SHA-256 of $1" "$(sed -n 's/^SHA-256  *//p' said)" "$(sha256sum <"$1" | cut -d' ' -f1)"
}
inspect "$golden/hubert-tiny/fairseq.pt" "HuBERT"
inspect "$golden/hubert-tiny/hf_weight_g.safetensors" "safetensors"
inspect "$golden/hubert-tiny/km_centers.npy" "k-means model"
inspect "$golden/kmeans/km.bin" "k-means model"

# What is neither is told as weights are told, for those are what people mostly have.
echo "no weights" >text
expect_failure 1 refused "$unitmill" inspect text
expect_text refused "neither safetensors nor a PyTorch file"
expect_failure 1 missing "$unitmill" inspect none
expect_text missing "none: cannot open"
