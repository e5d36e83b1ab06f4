"""ONNX Runtime's side of the benchmark onnx: embeddings of images of noise, on request.

    onnx_model.py FILE N

makes one run of N images and prints {"event": "first_step"}; then, for each line "run K" of its input, it makes K
runs and prints {"event": "steps", "seconds": [...]}. It uses all cores that it may run on, and no other setting.
"""

import json
import os
import sys
import time

import numpy as np
import onnxruntime


def main(file, batch):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    size = session.get_inputs()[0].shape[1]
    images = np.random.default_rng(0).integers(0, 256, (int(batch), size, size, 3), np.uint8)

    def step():
        start = time.perf_counter()
        session.run(["embedding"], {"images": images})
        return time.perf_counter() - start

    step()
    print(json.dumps({"event": "first_step"}), flush=True)
    for line in sys.stdin:
        steps = int(line.removeprefix("run "))
        print(json.dumps({"event": "steps", "seconds": [step() for _ in range(steps)]}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
