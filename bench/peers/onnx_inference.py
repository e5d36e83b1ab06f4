"""ONNX Runtime's side of the benchmark inference: embeddings of images of noise, on request.

    onnx_inference.py FILE N

A step is one run of N images; the protocol is that of command step in serve.py.
"""

import os
import sys

import onnxruntime
import protocol
import serve


def main(file, batch):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    images = protocol.noise(int(batch), session.get_inputs()[0].shape[1])
    serve.serve_steps(lambda: session.run(["embedding"], {"images": images}))


if __name__ == "__main__":
    main(*sys.argv[1:])
