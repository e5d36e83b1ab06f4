"""Program 1 in PyTorch, channels_last, with Keras' initialisers.

See serve.py for the command line. Both sides of the pairs go through the tower as one batch, which
is faster than one after the other.
"""

import numpy as np
import protocol
import serve
import torch
from torch import nn

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Siamese(nn.Module):
    """Images uint8 [M,3,H,W] on either side -> log-odds of same [M]."""

    def __init__(self):
        super().__init__()
        side = ((protocol.SIZE - 2) // 2 - 2) // 2
        self.tower = nn.Sequential(
            nn.Conv2d(3, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * side * side, 128),
        )
        self.probability = nn.Linear(1, 1)
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def embed(self, images):
        return self.tower(images.to(torch.float32, memory_format=torch.channels_last) / 255)

    def forward(self, left, right):
        a, b = self.embed(torch.cat([left, right])).chunk(2)
        distance = (a - b).square().sum(1, keepdim=True).clamp_min(1e-7).sqrt()
        return self.probability(distance).squeeze(1)


class Trainer:
    def __init__(self):
        self.model = Siamese().to(DEVICE, memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), eps=1e-7)
        self.loss = nn.BCEWithLogitsLoss()

    def step(self, left, right, same):
        self.optimizer.zero_grad()
        loss = self.loss(self.model(left.to(DEVICE), right.to(DEVICE)), same.to(DEVICE))
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.inference_mode()
    def score(self, images, pairs):
        parts = [self.model.embed(part.to(DEVICE)).cpu() for part in images.split(protocol.BATCH)]
        distance = protocol.distances(torch.cat(parts).numpy(), pairs[0], pairs[1])
        return (
            self.model.probability.weight.item() * distance + self.model.probability.bias.item()
        )


def channels_last(images):
    """[N,H,W,3] in NumPy -> the same memory as [N,3,H,W], channels_last."""
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def train(args):
    seconds = {"imports": protocol.since_start()}
    torch.manual_seed(args.seed)
    training, val = protocol.read_train(args.data, args.seed)
    test_images, test = protocol.read_test(args.data, args.pairs)
    seconds["data"] = protocol.since_start()
    trainer = Trainer()
    initial = trainer.model.probability.weight.item()
    pairs, best, weights = protocol.val_pairs(val, args.seed), -1.0, None
    images, val_images = channels_last(training.images), channels_last(val.images)
    left, right, same = protocol.draw_pairs(
        training, args.steps, protocol.BATCH, np.random.default_rng([args.seed, 2])
    )
    for i in range(args.steps):
        rows = slice(i * protocol.BATCH, (i + 1) * protocol.BATCH)
        trainer.step(images[left[rows]], images[right[rows]], torch.from_numpy(same[rows]))
        if i == 0:
            seconds["first_step"] = protocol.since_start()
        if (i + 1) % args.eval_every == 0 or i + 1 == args.steps:
            auc = protocol.auc(trainer.score(val_images, pairs), pairs[2])
            if auc > best:
                best = auc
                weights = {k: v.clone() for k, v in trainer.model.state_dict().items()}
    trainer.model.load_state_dict(weights)
    threshold, _ = protocol.best_threshold(trainer.score(val_images, pairs), pairs[2])
    scores = trainer.score(channels_last(test_images), test)
    seconds["total"] = protocol.since_start()
    serve.say(
        event="summary",
        peer="torch",
        versions={"torch": torch.__version__},
        seed=args.seed,
        steps=args.steps,
        accuracy=protocol.accuracy(scores, test[2], threshold),
        auc=protocol.auc(scores, test[2]),
        val_auc=best,
        initial_weight=initial,
        seconds=seconds,
    )


def step(args):
    torch.manual_seed(0)
    trainer = Trainer()
    left, right, same = protocol.step_batch()
    left, right, same = channels_last(left), channels_last(right), torch.from_numpy(same)
    serve.serve_steps(
        lambda: trainer.step(left, right, same), peer="torch", versions={"torch": torch.__version__}
    )


def main():
    args = serve.arguments(__doc__)
    if args.threads:
        torch.set_num_threads(args.threads)
    {"train": train, "step": step}[args.command](args)


if __name__ == "__main__":
    main()
