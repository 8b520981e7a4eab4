"""Settings of a whole training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from encoders.projector import ProjectorSettings
from graph.lightgcn import LightGCNSettings
from graph.spectral import SpectralSettings
from pipeline.ranking import RankingSettings
from rankers.blend import BlendSettings
from rankers.sasrec import SASRecSettings


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a whole training run; each part documents its own.

    Attributes:
        seed: of everything random.
        epochs: limit for each model that is trained by epochs.
        patience: epochs without a better validation before a model stops.
        minimum_interactions: users with fewer keep all of them in training and take no part in validation.
        tolerated_loss: share of validation ndcg@10 that the diversity step may cost.
        precision: of the models that are trained by epochs, as in ``TrainerSettings``.
        compile: the same.
        log_dir: TensorBoard curves go here; None writes none.
    """

    seed: int = 0
    epochs: int = 60
    patience: int = 8
    minimum_interactions: int = 3
    tolerated_loss: float = 0.005
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False
    log_dir: Path | None = None
    lightgcn: LightGCNSettings = field(default_factory=LightGCNSettings)
    spectral: SpectralSettings = field(default_factory=SpectralSettings)
    sasrec: SASRecSettings = field(default_factory=SASRecSettings)
    projector: ProjectorSettings = field(default_factory=ProjectorSettings)
    blend: BlendSettings = field(default_factory=BlendSettings)
    ranking: RankingSettings = field(default_factory=RankingSettings)


def configuration(settings: TrainingSettings) -> dict[str, object]:
    """Settings as JSON."""
    config = asdict(settings)
    config["log_dir"] = None if settings.log_dir is None else str(settings.log_dir)
    return config
