"""Uses model.onnx as the page says, and compares with what Go makes of the model.

    onnx_page.py PAGE CASE

CASE is a folder as case.py has it. Prints a line per check; the first that fails ends it.
"""

import os
import re
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from case import MODEL, Case, close, require

COSINE = 0.999  # of embeddings of one picture, prepared by Pillow and by Go
FILE = f"{MODEL}/model.onnx"


def run_page(page):
    """Runs what defines prepare and what is for ONNX, and returns the names of both."""
    names = {}
    for text in re.findall(r"^```python(?: onnx)?\n(.*?)^```$", page.read_text(), re.M | re.S):
        if "def prepare" in text or "onnxruntime" in text:
            exec(compile(text, page.name, "exec"), names)
    require("embeddings" in names, f"{page.name} has no example for ONNX Runtime")
    return names


def main(page, folder):
    page = Path(page).resolve()
    os.chdir(folder)
    case, names = Case(), run_page(page)
    for got, pair in zip(names["embeddings"], case.pairs):
        want = np.array(pair["left"], np.float32)
        cosine = float(got @ want / np.linalg.norm(got) / np.linalg.norm(want))
        require(cosine >= COSINE, f"the page's embedding has cosine {cosine:.6f} with Go's")
    onnx.checker.check_model(FILE, full_check=True)
    session = onnxruntime.InferenceSession(FILE)
    for side in ("left", "right"):
        (got,) = session.run(["embedding"], {"images": getattr(case, side)})
        close(got, case.column(side), f"ONNX Runtime, {side}")


if __name__ == "__main__":
    main(*sys.argv[1:])
