#!/usr/bin/env bash
# The recipes of the compact nets, from nothing: every command that their comments tell, in order, with few pictures and
# updates. What they give at full length is in models/compact/README.md.
. "$(dirname "$0")/support.bash"

mkdir -p jobs/recipes
cp "$UNITMILL_SOURCE"/jobs/recipes/compact-*.yaml jobs/recipes

# unitmill COMMAND...: the program, shortened.
unitmill() {
    local before='' argument arguments=()
    for argument; do
        [ "$before" != --count ] || argument=40
        arguments+=("$argument")
        before=$argument
    done
    case "$1 $*" in
    *" pretrain.steps=0"* | *"pretrain.steps=0 "*) ;;
    run\ * | pretrain\ *)
        arguments+=(--set pretrain.steps=2 --set pretrain.batch_captions=4 --set pretrain.checkpoint_steps=1
            --set pretrain.validate_captions=4)
        ;;
    esac
    case "$1" in
    run | pretrain | evaluate | generate)
        # A net of two updates often ends a caption before it began: of three that are drawn, not all.
        arguments+=(--set fit_units.clusters=20 --set fit_units.iterations_max=3 --set generate.length_max=60 --set generate.method=sample
            --set generate.captions=3 --quiet)
        ;;
    vocode) arguments=("${arguments[@]//.../1 2 3 4}") ;;
    esac
    echo "unitmill ${arguments[*]}" >>commands
    "$unitmill" "${arguments[@]}" >said 2>&1 || { cat said >&2 && fail "unitmill ${arguments[*]}"; }
}

for recipe in hubert vit-vqgan contrastive im2sp vocoder; do
    file=jobs/recipes/compact-$recipe.yaml
    sed -n 's/^#     //p' "$file" >"$recipe.bash" # commands are indented
    [ -s "$recipe.bash" ] || fail "$file tells no command"
done
# The last recipe makes the sound of the one before, so that one's evaluation waits for it.
grep -v told im2sp.bash >im2sp-first.bash
grep told im2sp.bash >told.bash
for part in hubert vit-vqgan contrastive im2sp-first vocoder told; do
    . "./$part.bash"
done

for net in hubert-2 vit-vqgan contrastive im2sp vocoder; do
    [ -s "runs/compact/$net/checkpoints/model.safetensors" ] || fail "no $net was trained"
done
grep -q '"test en"' runs/compact/unseen/metrics.jsonl || fail "retrieval of unseen scenes was not measured"
! grep -q ", and " runs/compact/scenes-places/manifest.jsonl || fail "captions tell of two groups with --groups 1"
[ "$(find wav -name '*.wav' | wc -l)" -gt 0 ] || fail "no description can be listened to"
echo "the recipes of all five nets run from nothing"
