#!/bin/sh
# The recipe on a real Llama, for a machine with a GPU. Not run so far: no GPU was at hand.
#   sh scripts/gpu_recipe.sh OUT [TRANSCRIPTS]
# OUT comes to hold words and weights: protect it. TRANSCRIPTS holds annomi/ and mibot/. Each step goes on where it stopped.
set -eu
out=${1:?say which folder to write to}
transcripts=${2:-}
make setup-llm
python=.venv-training/bin/python
recipe="$python -m training.feedback"
export HF_HUB_OFFLINE=1
mkdir -p "$out"
[ -e "$out/base" ] || $recipe unpack-small "$out/base"
[ -e "$out/written.jsonl" ] || $recipe corpora "$out/written.jsonl"
[ -e "$out/reasons.jsonl" ] || $recipe prepare "$out/written.jsonl" "$out/reasons.jsonl"
if [ -n "$transcripts" ]; then
    [ -e "$out/all.jsonl" ] || $recipe corpora "$out/all.jsonl" --transcripts "$transcripts"
    [ -e "$out/labels.jsonl" ] || $recipe prepare "$out/all.jsonl" "$out/labels.jsonl" --arm labels
else
    [ -e "$out/labels.jsonl" ] || $recipe prepare "$out/written.jsonl" "$out/labels.jsonl" --arm labels
fi
# Four runs of five folds by writer: each method with levels alone and with reasons. Figures are in OUT/*/evaluation.txt.
for arm in labels reasons; do
    for method in lora full; do
        run="$out/$arm-$method"
        $recipe train "$out/$arm.jsonl" "$run" --model "$out/base" --method "$method" --prompt exchange
        $recipe evaluate "$out/$arm.jsonl" "$run" --schema
    done
done
$recipe train "$out/reasons.jsonl" "$out/reasons-full" --model "$out/base" --method full --prompt exchange --final
# Memory, tokens a second and latency of a Llama of eight thousand million random weights.
$python -m training.feedback shape-8b "$out/shape-8b.json"
# The tuned small model behind a real Triton; fails where the model does.
make test-llm RUN="$out/reasons-full"
