"""Reads a model card as Hugging Face's library does, and compares its numbers with the manifest's.

usage: card.py MODEL/VERSION
"""

import json
import pathlib
import sys

from huggingface_hub import ModelCard

folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "assets.extra/tfpair.json").read_text())
data = ModelCard.load(folder / "README.md").data  # raises where the front matter is not as it should be
got = {one.metric_type: one.metric_value for one in data.eval_results}
want = {one["name"]: one["value"] for one in manifest["metrics"]}
assert got == want, f"card has {got}, manifest {want}"
assert (data.license, data.library_name) == ("apache-2.0", "tfpair"), data.to_dict()
print(f"huggingface_hub: {len(got)} numbers of the card are those of the manifest")
