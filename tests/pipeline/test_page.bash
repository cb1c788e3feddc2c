#!/usr/bin/env bash
# A run as a page: every file that it names is there and can be shown or played, the same each time; parts
# that are missing are left out with a line that says what makes them; and what goes wrong is said.
. "$(dirname "$0")/support.bash"

make_plan run 12
sed -i 's/"text":"\([^"]*\)","language":"en"/"text":"\1 <b>\&amp;","language":"en"/' data/manifest.jsonl
"$unitmill" run plan.yaml --ranks 2 --quiet

# files: what the page names, from its folder.
files() {
    grep -oE '(src|href)="[^"]*"' "$1/index.html" | sed 's/^[a-z]*="//; s/"$//' | LC_ALL=C sort -u
}

# expect_files FOLDER: all that the page names is there, is of its kind, and is all that is there.
expect_files() {
    local file
    expect_same "files of $1" "$(cd "$1" && find media -type f | LC_ALL=C sort | xargs)" "$(files "$1" | xargs)"
    for file in $(files "$1" | grep 'wav$'); do
        expect_same "$file" "$(head -c 4 "$1/$file")" RIFF
        [ "$(stat -c %s "$1/$file")" -gt 44 ] || fail "$file is silent"
    done
    [ -z "$(files "$1" | grep 'jpg$')" ] ||
        (cd "$1" && "$unitmill" encode-image --vit-vqgan "$golden/vit-vqgan-tiny/model.safetensors" \
            --out ../encoded.h5 $(files . | grep 'jpg$') --quiet) || fail "not all pictures of $1 can be read"
}

# A bare run: pictures, reconstructions, speech; the rest is left out, a line each.
"$unitmill" page plan.yaml --out bare --split all --pictures 3 --quiet >said
expect_same "what it says" "$(cat said)" "bare/index.html"
expect_files bare
expect_same "entries" "$(grep -c '<article>' bare/index.html)" 3
expect_same "kinds of files" "$(files bare | sed 's/[^.]*//' | LC_ALL=C sort | uniq -c | xargs)" \
    "3 .jpg 3 .units.jpg 3 .wav"
for line in 'unitmill generate makes it' 'pretrain.objective: contrastive' 'generate.vocoder'; do
    expect_text bare/index.html "$line"
done
expect_text bare/index.html '&lt;b&gt;&amp;amp;'
! grep -qE '<b>|<script|https?:' bare/index.html || fail "captions become markup, or the page leads elsewhere"

# With nets that know nothing: everything is there, the same twice, and with the run's own net as with the named one.
"$unitmill" make-weights --net im2sp --side 6 --channels 16 --units 12 im2sp --quiet
"$unitmill" make-weights --net vocoder --units 12 vocoder --quiet
nets=(--set generate.im2sp=im2sp/model.safetensors --set generate.vocoder=vocoder/model.safetensors
    --set generate.length_max=30)
trained=(--set pretrain.steps=2 --set pretrain.batch_captions=8 --set pretrain.width=16 --set pretrain.heads=2
    --set pretrain.image_width=16 --set pretrain.embedding=8 --set pretrain.image_blocks=1 --set pretrain.image_patch=2)
"$unitmill" generate plan.yaml --ranks 2 --quiet "${nets[@]}"
"$unitmill" pretrain plan.yaml --ranks 2 --quiet "${trained[@]}"
"$unitmill" page plan.yaml --out whole --split train --pictures 2 --quiet "${nets[@]}" >/dev/null
expect_files whole
expect_same "answers" "$(grep -c '<ol>' whole/index.html)" 2
for text in 'R@10' 'from its units' 'what the model says'; do
    expect_text whole/index.html "$text"
done
! grep -qE "no contrastive|unitmill generate" whole/index.html || fail "what is there is called missing"
if ldd "$unitmill" | grep -q pocketsphinx && [ -e /usr/share/pocketsphinx/model/en-us ]; then
    expect_same "what was understood" "$(grep -c 'recogniser of English' whole/index.html)" 2
fi

# Of several captions each is heard.
cp -r run several && rm -r several/generated several/plan.yaml
several=("${nets[@]}" --set run=several --set generate.captions=3)
"$unitmill" generate plan.yaml --ranks 2 --quiet "${several[@]}" --set generate.method=sample
"$unitmill" page plan.yaml --out three --split train --pictures 2 --quiet "${several[@]}" --set generate.method=sample >/dev/null
expect_files three
expect_same "what is said" "$(grep -cE '(generated-[012].wav|what the model says)' three/index.html)" 6

cp -r run/checkpoints net
"$unitmill" page plan.yaml --out again --split train --pictures 2 --quiet "${nets[@]}" \
    --contrastive net/model.safetensors >/dev/null
diff -r whole again || fail "the same run gives another page"
mkdir nets
cp -r net nets/contrastive
UNITMILL_MODELS=nets "$unitmill" page plan.yaml --out shipped --split train --pictures 1 --quiet --contrastive compact >/dev/null
expect_text shipped/index.html "R@10"

# A picture that is gone leaves its place; one line says so.
mkdir gone
mv data/images/* gone
"$unitmill" page plan.yaml --out hollow --split train --pictures 2 --quiet >/dev/null
expect_text hollow/index.html "pictures: "
expect_files hollow

# What does not fit.
expect_failure 2 refused "$unitmill" page plan.yaml
expect_text refused "expected --out FOLDER"
expect_failure 2 refused "$unitmill" page plan.yaml --out x --pictures 0
expect_failure 1 refused "$unitmill" page plan.yaml --out x --split trian
expect_same "lines of a refusal" "$(wc -l <refused)" 1
expect_text refused "--split trian"
expect_failure 1 refused "$unitmill" page plan.yaml --out x --contrastive im2sp/model.safetensors --split train
expect_text refused "not a contrastive net"
UNITMILL_MODELS=nowhere expect_failure 1 refused "$unitmill" page plan.yaml --out x --split all --contrastive compact
expect_text refused "models/compact is not installed"
truncate -s 5000 net/model.safetensors
expect_failure 1 refused "$unitmill" page plan.yaml --out x --contrastive net/model.safetensors --split train
expect_same "lines of a refusal" "$(wc -l <refused)" 1
rm run/store.h5
expect_failure 1 refused "$unitmill" page plan.yaml --out x
expect_text refused "unitmill pack makes it"
[ ! -e x/index.html ] || fail "a failure left a page"
echo "a run becomes a page"
