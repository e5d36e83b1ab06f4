"""Training steps of ResNet50 in eager PyTorch, channels_last, with the blocks of Keras Applications.

They have their stride on the first 1×1 convolution. The protocol is that of command step in
serve.py; the loss is told in protocol.py.
"""

import protocol
import serve
import torch
from torch import nn

EPSILON = 1.001e-5  # of batch norm
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def conv_norm(inputs, filters, size, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, filters, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(filters, eps=EPSILON, momentum=0.01),
    )


class Bottleneck(nn.Module):
    def __init__(self, inputs, filters, stride, project):
        super().__init__()
        self.first = conv_norm(inputs, filters, 1, stride)
        self.second = conv_norm(filters, filters, 3)
        self.third = conv_norm(filters, 4 * filters, 1)
        self.shortcut = conv_norm(inputs, 4 * filters, 1, stride) if project else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu(self.first(x))
        y = self.third(self.relu(self.second(y)))
        return self.relu(y + self.shortcut(x))


class ResNet50(nn.Module):
    """Images uint8 [N,3,H,W] RGB → features [N,2048]."""

    def __init__(self):
        super().__init__()
        blocks, inputs = [], 64
        for stage, count in enumerate((3, 4, 6, 3)):
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                blocks.append(Bottleneck(inputs, 64 << stage, stride, block == 0))
                inputs = 256 << stage
        stem = conv_norm(3, 64, 7, 2)
        pool = nn.MaxPool2d(3, 2, 1)
        self.net = nn.Sequential(stem, nn.ReLU(inplace=True), pool, *blocks)
        self.register_buffer("mean", torch.tensor([103.939, 116.779, 123.68])[:, None, None])

    def forward(self, images):
        x = images.flip(1).to(torch.float32, memory_format=torch.channels_last) - self.mean
        return self.net(x).mean((2, 3))


def contrastive(features, same):
    square = (features[0::2] - features[1::2]).square().sum(1)
    distance = square.clamp_min(1e-7).sqrt()
    apart = (protocol.MARGIN - distance).clamp_min(0).square()
    return (same * distance.square() + (1 - same) * apart).mean()


def main():
    torch.manual_seed(0)
    model = ResNet50().to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), eps=1e-7)
    images, same = protocol.large_batch()
    images, same = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(same)

    def step():
        optimizer.zero_grad()
        loss = contrastive(model(images.to(DEVICE)), same.to(DEVICE))
        loss.backward()
        optimizer.step()
        return loss.item()

    serve.serve_steps(step, peer="torch", versions={"torch": torch.__version__})


if __name__ == "__main__":
    main()
