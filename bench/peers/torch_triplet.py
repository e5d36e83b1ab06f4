"""Training steps of program 2 in PyTorch, channels_last, with the tower of program 1.

The three sides of the triplets go through the tower as one batch, which is faster than one after
the other. The protocol is that of command step in serve.py; the loss is told in protocol.py.
"""

import protocol
import serve
import torch
from torch_siamese import DEVICE, Siamese, channels_last


def main():
    torch.manual_seed(0)
    model = Siamese().to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.tower.parameters(), eps=1e-7)
    images = torch.cat([channels_last(side) for side in protocol.triplet_batch()])

    def step():
        optimizer.zero_grad()
        anchor, positive, negative = model.embed(images.to(DEVICE)).chunk(3)
        near = (anchor - positive).square().sum(1)
        far = (anchor - negative).square().sum(1)
        loss = (near - far + protocol.TRIPLET_MARGIN).clamp_min(0).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    serve.serve_steps(step, peer="torch", versions={"torch": torch.__version__})


if __name__ == "__main__":
    main()
