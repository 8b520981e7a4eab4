"""DropoutNet and CLCRec, on the vectors of a fitted LightGCN, as their papers train them on a matrix factorisation.

I items of a step, D dimensions of LightGCN, F of the content.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, normalize

from benchmarks.cold_start.baselines import products
from benchmarks.full_ranking import Ranking
from pipeline.contracts import Vectors
from store.interactions import Interactions

_HIDDEN, _PAIRS, _SAMPLES = 200, 1_024, 1_000
STEPS = 3_000
_DROP = 0.5
"""Share of the items whose own vector is hidden from the network (DropoutNet), or replaced by content (CLCRec)."""
_TEMPERATURE, _WEIGHT = 0.2, 0.5
_L2 = 1e-4


def dropoutnet(
    known: Interactions, users: Vectors, items: Vectors, features: Vectors, *, steps: int, seed: int
) -> Ranking:
    """Volkovs et al. 2017, eq. 3: towers that reproduce U V^T from vectors of which items' are dropped at random.

    Args:
        users: float32 [U+1, D], of LightGCN.
        items: float32 [W+1, D].
        features: float32 [N+1, F].
    """
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    scale = float(np.sqrt((items[1:] ** 2).mean()))
    latent, people, content = (torch.from_numpy(part) for part in (items / scale, users, standardised(features)))
    people = people / people[1:].square().mean().sqrt()
    dim = people.shape[1]
    item_tower, user_tower = _tower(dim + content.shape[1], dim), _tower(dim, dim)
    optimizer = torch.optim.Adam([*item_tower.parameters(), *user_tower.parameters()], lr=1e-3, weight_decay=_L2)
    for _ in range(steps):
        chosen = torch.randint(1, len(latent), (_SAMPLES,), generator=generator)
        asked = torch.randint(1, len(people), (_SAMPLES,), generator=generator)
        dropped = torch.rand(_SAMPLES, 1, generator=generator) < _DROP
        inputs = torch.cat((latent[chosen].masked_fill(dropped, 0.0), content[chosen]), dim=1)
        truth = people[asked] @ latent[chosen].T
        loss = mse_loss(user_tower(people[asked]) @ item_tower(inputs).T, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    item_tower.eval()
    user_tower.eval()
    with torch.no_grad():
        whole = torch.zeros(len(content), dim)
        whole[: len(latent)] = latent
        return products(user_tower(people).numpy(), item_tower(torch.cat((whole, content), dim=1)).numpy())


def clcrec(known: Interactions, users: Vectors, items: Vectors, features: Vectors, *, steps: int, seed: int) -> Ranking:
    """Wei et al. 2021, eq. 6-10: content vectors drawn to the item's own (R-E) and to its users' (U-I, own vectors
    replaced by content at random), both contrasted with the other items of the step."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    people, latent = (nn.Parameter(torch.from_numpy(part.copy())) for part in (users, items))
    content = torch.from_numpy(standardised(features))
    encoder = _tower(content.shape[1], latent.shape[1])
    optimizer = torch.optim.Adam(
        [{"params": encoder.parameters(), "lr": 1e-3}, {"params": [people, latent], "lr": 1e-4}], weight_decay=_L2
    )
    pairs = torch.from_numpy(np.stack((known.users, known.items)))
    for _ in range(steps):
        user, item = pairs[:, torch.randint(0, pairs.shape[1], (_PAIRS,), generator=generator)]
        described = normalize(encoder(content[item]), dim=1)
        own = normalize(latent[item], dim=1)
        replaced = torch.rand(len(item), 1, generator=generator) < _DROP
        hybrid = torch.where(replaced, described, own)
        loss = _WEIGHT * _contrast(own, described, item) + (1 - _WEIGHT) * _contrast(
            normalize(people[user], dim=1), hybrid, item
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    encoder.eval()
    with torch.no_grad():
        rows = normalize(encoder(content), dim=1)
        rows[1 : len(latent)] = normalize(latent[1:], dim=1)
        return products(normalize(people, dim=1).numpy(), rows.numpy())


def _contrast(left: Tensor, right: Tensor, items: Tensor) -> Tensor:
    """Each left row should find its own right row; the same item elsewhere in the step is no negative."""
    logits = left @ right.T / _TEMPERATURE
    same = (items[:, None] == items[None, :]) & ~torch.eye(len(items), dtype=torch.bool)
    return cross_entropy(logits.masked_fill(same, -torch.inf), torch.arange(len(items)))


def _tower(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, _HIDDEN), nn.BatchNorm1d(_HIDDEN), nn.Tanh(), nn.Linear(_HIDDEN, outputs))


def standardised(features: Vectors) -> Vectors:
    """Columns with mean 0 and deviation 1, those that never change 0."""
    spread = features[1:].std(axis=0)
    return np.where(spread > 1e-6, (features - features[1:].mean(axis=0)) / np.maximum(spread, 1e-6), 0).astype(
        np.float32
    )
