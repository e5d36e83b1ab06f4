"""OpenVINO's side of the benchmark inference: embeddings of images of noise, on request.

    openvino_inference.py FILE.onnx N      float32
    openvino_inference.py FILE.xml N       the same network in int8, made by NNCF
    openvino_inference.py quantize FILE.onnx FILE.xml
        makes that by NNCF with its own settings, and prints {"event": "summary"}

A step is one run of N images; the protocol is that of command step in serve.py. The batch is
part of the compiled network. What is not int8 computes in float32, as on tfpair's side: the
default on some processors is bfloat16.
"""

import json
import os
import sys

import openvino
import protocol
import serve

CALIBRATION = 64  # images; ranges do not change how fast a network is


def quantize(file, to):
    import nncf

    model = openvino.Core().read_model(file)
    size = model.input(0).partial_shape[1].get_length()
    images = nncf.Dataset(list(protocol.noise(CALIBRATION, size)[:, None]))
    openvino.save_model(
        nncf.quantize(model, images, subset_size=CALIBRATION), to, compress_to_fp16=False
    )
    print(json.dumps({"event": "summary"}), flush=True)


def main(file, batch):
    core = openvino.Core()
    model = core.read_model(file)
    size = model.input(0).partial_shape[1].get_length()
    model.reshape([int(batch), size, size, 3])
    compiled = core.compile_model(
        model,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
        },
    )
    request, images = compiled.create_infer_request(), protocol.noise(int(batch), size)
    serve.serve_steps(lambda: request.infer([images], share_inputs=True))


if __name__ == "__main__":
    if sys.argv[1] == "quantize":
        quantize(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
