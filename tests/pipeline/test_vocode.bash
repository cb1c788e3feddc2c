#!/usr/bin/env bash
# Units to sound by the command: one utterance, a file of them, and what goes wrong.
. "$(dirname "$0")/support.bash"

with=$golden/unit-hifigan-tiny/units_dur/g_00000001
without=$golden/unit-hifigan-tiny/units/g_00000001

"$unitmill" inspect "$with" >net
expect_text net "with duration predictor"
expect_text net "yes, with --vocoder"

# samples FILE: of a 16-bit mono WAV file.
samples() {
    echo $((($(stat -c %s "$1") - 44) / 2))
}

"$unitmill" vocode --vocoder "$without" --units "12 7 7" --out one.wav >said
expect_text said "one.wav"
expect_same "samples of three units" "$(samples one.wav)" 960
"$unitmill" vocode --vocoder "$without" --units "12,7, -1 7" --out again.wav >/dev/null
cmp one.wav again.wav || fail "a negative unit is not dropped"

printf '12 7 7\n\n3\n' >units
"$unitmill" vocode --vocoder "$without" --units-file units --out many.wav >said
expect_same "files of two lines" "$(tr '\n' ' ' <said)" "many-1.wav many-3.wav "
cmp one.wav many-1.wav || fail "a line of a file sounds otherwise"
expect_same "samples of one unit" "$(samples many-3.wav)" 320
"$unitmill" vocode --vocoder "$with" --units "12 7" --predict-durations --out longer.wav >/dev/null
[ "$(samples longer.wav)" -ge 640 ] || fail "durations below one code"

expect_failure 1 said "$unitmill" vocode --vocoder "$without" --units "12" --predict-durations --out x.wav
expect_text said "no duration predictor"
expect_failure 1 said "$unitmill" vocode --vocoder "$without" --units "12 99999" --out x.wav
expect_text said "unit 99999: the vocoder has units 0 .."
expect_failure 1 said "$unitmill" vocode --vocoder "$without" --units "" --out x.wav
expect_text said "no units to speak"
expect_failure 1 said "$unitmill" vocode --vocoder "$without" --units "1 two" --out x.wav
expect_text said '"two" is no unit'
printf '1\n99999\n' >units
expect_failure 1 said "$unitmill" vocode --vocoder "$without" --units-file units --out x.wav
expect_text said "units:2: unit 99999"
printf '\n \n' >units
expect_failure 1 said "$unitmill" vocode --vocoder "$without" --units-file units --out x.wav
expect_text said "no units to speak"
expect_failure 1 said "$unitmill" vocode --vocoder "$golden/vit-vqgan-tiny/model.safetensors" --units 1 --out x.wav
expect_text said "no unit vocoder"
expect_failure 2 said "$unitmill" vocode --vocoder "$without" --out x.wav
[ ! -e x.wav ] || fail "a failure left a file"
echo "units become sound"
