"""Writes torchvision's ResNet50 with random weights, and what PyTorch computes with it.

    weights_torch.py CASE

CASE is a folder, see weights.py. First the network of the recipe that anyone can make again, as it is: of
images and of numbers that are normalized already. Then one whose batch norm starts elsewhere than at 0 and 1.
"""

import os
import sys

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file

import weights

OPTIONS = {"stride_on": "3x3", "preprocess": "torch", "bn_epsilon": 1e-5}
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
# What the recipe's features begin with, and their L2 norms; the sum of its first convolution.
FIRST = [10.01479, 13.53213, 16.44523, 4.22821, 13.68873, 13.99123, 1.19811, 1.83595]
NORMS, SUM = [573.5903, 573.5412], -0.445382


def transformers_name(name):
    """What Hugging Face's transformers call a weight of torchvision."""
    parts = name.split(".")
    kind, fields = parts[-1], parts[:-1]
    if fields[0] == "fc":
        return "classifier.1." + kind
    inner = "normalization." if fields[-1].startswith("bn") or fields[-2:] == ["downsample", "1"] else "convolution."
    if fields[0].startswith("layer"):
        layer = f"resnet.encoder.stages.{int(fields[0][5:]) - 1}.layers.{fields[1]}."
        place = "shortcut." if fields[2] == "downsample" else f"layer.{int(fields[2][-1]) - 1}."
        return layer + place + inner + kind
    return "resnet.embedder.embedder." + inner + kind


def features(model, pixels):
    """Pooled features of pixels [N,H,W,3] that are normalized."""
    body = torch.nn.Sequential(*list(model.children())[:-1])
    with torch.no_grad():
        return body(torch.from_numpy(pixels).permute(0, 3, 1, 2)).flatten(1).numpy()


def main(folder):
    os.chdir(folder)
    torch.manual_seed(0)
    model = torchvision.models.resnet50(weights=None).eval()
    number = 2 * weights.SIZE**2 * 3
    recipe = (((np.arange(number) * 7919) % 1000) / 1000 - 0.5).astype(np.float32)
    recipe = recipe.reshape(2, weights.SIZE, weights.SIZE, 3)
    got = features(model, recipe)
    np.testing.assert_allclose(model.conv1.weight.sum().item(), SUM, rtol=1e-4)
    np.testing.assert_allclose(got[0, :8], FIRST, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), NORMS, rtol=1e-5)
    ((recipe * DEVIATION + MEAN) * 255).astype(np.float32).tofile("recipe.f32")

    torch.save(model.state_dict(), "torchvision.pth")
    torch.save(model.state_dict(), "torchvision_old.pth", _use_new_zipfile_serialization=False)
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(state, "torchvision.safetensors")
    save_file({transformers_name(name): value for name, value in state.items()}, "transformers.safetensors")
    files = ["torchvision.pth", "torchvision_old.pth", "torchvision.safetensors", "transformers.safetensors"]
    pixels = (weights.images().astype(np.float32) / 255 - MEAN) / DEVIATION
    networks = [
        {"files": files, "options": OPTIONS, "features": weights.flat(features(model, pixels))},
        {"files": files[:1], "options": OPTIONS, "pixels": "recipe.f32", "features": weights.flat(got)},
    ]

    for name, value in model.state_dict().items():  # of which parameters and averages start at 0 and 1
        if value.dim() == 1 and not name.startswith("fc"):
            u = torch.from_numpy(weights.uniform(name, len(value)))
            value += u / 4 if name.endswith("running_var") or value.mean() > 0.5 else u / 10
    torch.save(model.state_dict(), "spread.pth")
    networks.append({"files": ["spread.pth"], "options": OPTIONS,
                     "features": weights.flat(features(model, pixels))})
    weights.write({"torch": torch.__version__, "torchvision": torchvision.__version__}, networks)


if __name__ == "__main__":
    main(*sys.argv[1:])
