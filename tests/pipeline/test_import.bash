#!/usr/bin/env bash
# An imported manifest runs: captions from public formats over drawn pictures, spoken or recorded, with what
# an import and a run say about what they leave out.
. "$(dirname "$0")/support.bash"

speech=$UNITMILL_SOURCE/tests/data/mfcc/speech.wav # 16 kHz, mono, 16 bit
make_plan spoken 6

# Spoken captions, from Flickr8k's captions.txt.
cat >captions.txt <<'TEXT'
image,caption
000001.jpg,A picture, with commas, of things .
000002.jpg,"A ""second"" picture, quoted ."
000002.jpg,
000003.jpg,Another picture .
000009.jpg,Nobody drew this one .
TEXT
"$unitmill" manifest flickr8k captions.txt --images data/images --check-files --out imported.jsonl >said
expect_text said "imported.jsonl: 3 pictures, 3 captions, 0 of them recorded"
expect_text said "2 skipped"
expect_text said "text is empty"
expect_text said "captions.txt:4"
expect_text said "picture file is not there"
sed -i 's/^manifest: .*/manifest: imported.jsonl/' plan.yaml
"$unitmill" run plan.yaml --to speak --ranks 2 --quiet
"$unitmill" status spoken >stages
grep -E "^speak .*\b3\b" stages >/dev/null || { cat stages >&2; fail "3 captions were not spoken"; }

# Recorded audio instead, under the name that Flickr8k's has; one is missing, one is no audio, one beside
# them has no recording and is spoken.
mkdir wavs
cp "$speech" wavs/000001_0.wav
cp "$speech" wavs/000003_0.wav
printf 'no audio' >wavs/000002_0.wav
"$unitmill" manifest flickr8k captions.txt --images data/images --audio wavs --out recorded.jsonl >said
expect_text said "4 pictures, 5 captions, 5 of them recorded"
printf '{"id": "quiet", "image": "000004.jpg", "captions": [{"id": "quiet-0", "text": "", "language": "en", "audio": "000001_0.wav"}]}\n' >>recorded.jsonl
printf '{"id": "loud", "image": "000005.jpg", "captions": [{"id": "loud-0", "text": "Spoken.", "language": "en"}, {"id": "loud-1", "text": "Out.", "language": "en", "audio": "../captions.txt"}]}\n' >>recorded.jsonl
sed -i -e 's/^manifest: .*/manifest: recorded.jsonl/' -e 's/^run: .*/run: recorded/' plan.yaml
sed -i 's/clusters: 12/clusters: 4/' plan.yaml
"$unitmill" run plan.yaml --ranks 2 --quiet --set reject_limit=0.9
"$unitmill" status recorded --rejects >rejects
expect_reject() {
    grep -E -- "$1" rejects | grep -qF -- "$2" || { cat rejects >&2; fail "$1: no \"$2\""; }
}
expect_reject 'speak.*000002-0' "recorded audio"
expect_reject 'speak.*000009-0' "No such file"
expect_reject 'speak.*loud-1' "leaves the audio root"

# What was recorded comes out as it went in: 16 kHz, mono, 16 bit.
"$unitmill" export recorded/store.h5 --caption 000001-0 --out out >exported
cmp <(tail -c +45 out/000001-0.wav) <(tail -c +45 "$speech") ||
    fail "the recorded audio is not what was recorded"
[ ! -e out/000001-0.phones.txt ] || fail "phones of recorded speech"
"$unitmill" export recorded/store.h5 --caption quiet-0 --out out >/dev/null
"$unitmill" export recorded/store.h5 --caption loud-0 --out out >/dev/null
[ -s out/loud-0.phones.txt ] || fail "spoken captions beside recorded ones have no phones"
"$unitmill" evaluate plan.yaml --ranks 2 --quiet --set reject_limit=0.9 >table
expect_text table "4 units on 1 captions"

two=$(digest recorded)
sed -i 's/^run: .*/run: again/' plan.yaml
"$unitmill" run plan.yaml --ranks 3 --quiet --set reject_limit=0.9
expect_same "digests of 2 and 3 ranks" "$two" "$(digest again)"

# An audio list has no pictures; its speech becomes units.
printf '%s\n%s\t16000\n' "${speech%/*}" "${speech##*/}" >train.tsv
"$unitmill" manifest fairseq train.tsv --out list.jsonl >said
expect_text said "1 pictures, 1 captions, 1 of them recorded"
sed -i -e 's/^manifest: .*/manifest: list.jsonl/' -e 's/^run: .*/run: list/' plan.yaml
"$unitmill" run plan.yaml --to speech-units --ranks 1 --quiet
expect_failure 1 output "$unitmill" run plan.yaml --ranks 1
expect_text output "above reject_limit"

# Wrong usage and malformed input.
expect_failure 2 output "$unitmill" manifest xml captions.txt --out x.jsonl
expect_failure 2 output "$unitmill" manifest csv captions.txt
expect_failure 2 output "$unitmill" manifest csv captions.txt --out x.jsonl --restval skip
expect_failure 2 output "$unitmill" manifest karpathy captions.txt --out x.jsonl --restval most
expect_failure 1 output "$unitmill" manifest karpathy captions.txt --out x.jsonl
expect_text output "captions.txt: byte"
expect_same "lines of the failure" "$(wc -l <output)" 1
compgen -G "x.jsonl*" && fail "a failed import left something"

# A full disk leaves no manifest, and says why.
mkdir disk
if mount -t tmpfs -o size=256k tmpfs disk 2>/dev/null; then
    awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%06d.jpg#0\tA caption of many, number %d\n", i, i }' >many.txt
    expect_failure 1 output "$unitmill" manifest flickr8k many.txt --out disk/many.jsonl
    expect_text output "No space left"
    [ -z "$(ls -A disk)" ] || fail "the full disk holds $(ls -A disk)"
fi
echo "imported manifests run"
