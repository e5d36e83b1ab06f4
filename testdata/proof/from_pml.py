"""A triplet network with pytorch-metric-learning on the classes of a folder: semihard triplets of a batch.

docs/from-pytorch-metric-learning.md shows it beside tfpair. Usage: from_pml.py PICTURES SEED VECTORS.csv
"""

import glob
import sys

import numpy as np
import torch
from PIL import Image
from pytorch_metric_learning import distances, losses, miners, reducers, samplers, testers, trainers
from torch import nn
from torch.utils.data import TensorDataset

data, seed, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.manual_seed(seed)
np.random.seed(seed)  # the sampler draws from NumPy


def read(part):
    paths = sorted(glob.glob(f"{data}/{part}/*/*.png"))
    images = np.stack([np.asarray(Image.open(p).convert("RGB")) for p in paths])
    classes = np.unique([p.split("/")[-2] for p in paths], return_inverse=True)[1]
    return paths, torch.from_numpy(images).permute(0, 3, 1, 2) / 255, torch.from_numpy(classes)


_, images, classes = read("train")
kept = torch.arange(len(images)) % 10 != 0  # a tenth chooses the threshold in tfpair
train = TensorDataset(images[kept], classes[kept])

trunk = nn.Sequential(
    *(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(64 * 14 * 14, 128)),
)
embedder = nn.Linear(128, 64)
for layer in [*trunk, embedder]:
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)

cosine = distances.CosineSimilarity()
trainers.MetricLossOnly(
    models={"trunk": trunk, "embedder": embedder},
    optimizers={
        "trunk_optimizer": torch.optim.Adam(trunk.parameters(), lr=0.001),
        "embedder_optimizer": torch.optim.Adam(embedder.parameters(), lr=0.001),
    },
    batch_size=60,
    loss_funcs={
        "metric_loss": losses.TripletMarginLoss(margin=0.2, distance=cosine, reducer=reducers.AvgNonZeroReducer())
    },
    mining_funcs={"tuple_miner": miners.TripletMarginMiner(margin=0.2, distance=cosine, type_of_triplets="semihard")},
    sampler=samplers.MPerClassSampler(classes[kept], m=6, batch_size=60, length_before_new_iter=200 * 60),
    dataset=train,
    dataloader_num_workers=0,
).train(num_epochs=1)

paths, images, classes = read("test")
tester = testers.GlobalEmbeddingSpaceTester(dataloader_num_workers=0)
vectors, _ = tester.get_all_embeddings(TensorDataset(images, classes), trunk.eval(), embedder.eval())
with open(out, "w", encoding="utf-8") as f:
    for path, e in zip(paths, vectors.tolist()):
        f.write(",".join([path, *map(repr, e)]) + "\n")
