"""OpenVINO's side of the benchmark inference: embeddings of images of noise, on request.

    openvino_inference.py FILE.onnx N      float32
    openvino_inference.py FILE.xml N       the same network in int8, made by NNCF
    openvino_inference.py quantize FILE.onnx FILE.xml
        makes that by NNCF with its own settings, and prints {"event": "summary"}
    openvino_inference.py layers FILE N
        prints what the operations of a step take: {"event": "summary", "seconds": S, "layers": {NAME: S}}

A step is one run of N images; the protocol is that of command step in serve.py. The batch is
part of the compiled network. What is not int8 computes in float32, as on tfpair's side: the
default on some processors is bfloat16.
"""

import collections
import json
import os
import sys
import time

import openvino
import protocol
import serve

CALIBRATION = 64  # images; ranges do not change how fast a network is
WARM, TRACED = 5, 20  # runs that layers makes before it counts, and those that it counts


def quantize(file, to):
    import nncf

    model = openvino.Core().read_model(file)
    size = model.input(0).partial_shape[1].get_length()
    images = nncf.Dataset(list(protocol.noise(CALIBRATION, size)[:, None]))
    openvino.save_model(
        nncf.quantize(model, images, subset_size=CALIBRATION), to, compress_to_fp16=False
    )
    print(json.dumps({"event": "summary"}), flush=True)


def compiled(file, batch, **settings):
    """Returns what embeds a batch, and the images."""
    core = openvino.Core()
    model = core.read_model(file)
    size = model.input(0).partial_shape[1].get_length()
    model.reshape([int(batch), size, size, 3])
    network = core.compile_model(
        model,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
            **settings,
        },
    )
    return network.create_infer_request(), protocol.noise(int(batch), size)


def layers(file, batch):
    request, images = compiled(file, batch, PERF_COUNT="YES")
    for _ in range(WARM):
        request.infer([images], share_inputs=True)
    start, names = time.perf_counter(), collections.Counter()
    for _ in range(TRACED):
        request.infer([images], share_inputs=True)
        for node in request.profiling_info:
            names[node.node_name] += node.real_time.total_seconds() / TRACED
    seconds = (time.perf_counter() - start) / TRACED
    print(json.dumps({"event": "summary", "seconds": seconds, "layers": names}), flush=True)


def main(file, batch):
    request, images = compiled(file, batch)
    serve.serve_steps(lambda: request.infer([images], share_inputs=True))


if __name__ == "__main__":
    if sys.argv[1] == "quantize":
        quantize(*sys.argv[2:])
    elif sys.argv[1] == "layers":
        layers(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
