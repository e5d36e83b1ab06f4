"""Features of EfficientNet-Lite0 in eager PyTorch, channels_last, by the package's own model.

The protocol is that of command step in serve.py; a step is one batch.
"""

import protocol
import serve
import torch
from efficientnet_lite_pytorch import EfficientNet
from torch.nn.functional import adaptive_avg_pool2d


def build():
    """Returns what gives features [N,1280] of images uint8 [N,3,H,W]."""
    model = EfficientNet.from_name("efficientnet-lite0").eval()
    model = model.to(memory_format=torch.channels_last)

    def features(images):
        x = (images.to(torch.float32, memory_format=torch.channels_last) - 127) / 128
        return adaptive_avg_pool2d(model.extract_features(x), 1).flatten(1)

    return features


def main():
    torch.manual_seed(0)
    features = build()
    images = torch.from_numpy(protocol.extract_batch()).permute(0, 3, 1, 2)

    @torch.inference_mode()
    def step():
        return features(images).numpy()

    serve.serve_steps(step, peer="torch", versions={"torch": torch.__version__})


if __name__ == "__main__":
    main()
