"""PyTorch's side of the benchmark inference: embeddings of images of noise, on request.

    torch_inference.py NETWORK N

NETWORK is resnet50, efficientnet-lite0 or program1, eager, channels_last, in inference mode. A
step is one call with N images; the protocol is that of command step in serve.py.
"""

import os
import sys

import protocol
import serve
import torch


def lite0():
    import torch_extract

    return torch_extract.build(), protocol.LARGE


def program1():
    import torch_siamese

    model = torch_siamese.Siamese().eval().to(memory_format=torch.channels_last)
    return model.embed, protocol.SIZE


def resnet50():
    import torch_resnet

    model = torch_resnet.ResNet50().eval().to(memory_format=torch.channels_last)
    return model, protocol.LARGE


NETWORKS = {"efficientnet-lite0": lite0, "program1": program1, "resnet50": resnet50}


@torch.inference_mode()
def main(network, batch):
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    embed, size = NETWORKS[network]()
    images = torch.from_numpy(protocol.noise(int(batch), size)).permute(0, 3, 1, 2)
    serve.serve_steps(lambda: embed(images).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
