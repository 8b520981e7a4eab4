"""A virtual environment for each peer: made once, then found again by what is in it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from store.assets import default_cache_root

_FINISHED = ".finished"


@dataclass(frozen=True)
class PeerEnvironment:
    """What a peer needs.

    Attributes:
        name: of the folder, before the hash.
        packages: pinned requirements, installed together.
        alone: requirements installed without what they declare, because that could not be installed.
    """

    name: str
    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Its place in the cache; other packages or another Python give another one."""
        told = "\n".join((sys.version, *self.packages, "--", *self.alone))
        return default_cache_root() / "peers" / f"{self.name}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def is_built(self) -> bool:
        return (self.folder / _FINISHED).exists()

    def build(self) -> None:
        """Make it, unless it is there. What an interrupted build left is made anew.

        Raises:
            CalledProcessError: a package cannot be installed.
        """
        if self.is_built:
            return
        print(f"making {self.folder} ...", file=sys.stderr, flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", self.folder], check=True, stdout=sys.stderr)
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for requirements in (self.packages, ("--no-deps", *self.alone) if self.alone else ()):
            if requirements:
                subprocess.run([*pip, *requirements], check=True, stdout=sys.stderr)
        (self.folder / _FINISHED).touch()


# RecBole declares ray, which only its hyper-parameter search imports. torch beyond 2.5 is a problem for its
# check-points only, so it gets ours. It needs a method that later scipy took away, and types that numpy 2 did.
RECBOLE = PeerEnvironment(
    "recbole",
    (
        "torch==2.13.0",
        "numpy==1.26.4",
        "scipy==1.11.4",
        "pandas==2.2.3",
        "colorlog==4.7.2",
        "colorama==0.4.4",
        "scikit-learn==1.5.2",
        "tensorboard==2.21.0",
        "pyyaml",
        "tqdm",
        "thop",
        "tabulate",
        "plotly",
        "texttable",
        "psutil",
    ),
    alone=("recbole==1.2.1",),
)
RECTOOLS = PeerEnvironment("rectools", ("torch==2.13.0", "rectools[torch]==0.19.0"))
IMPLICIT = PeerEnvironment("implicit", ("implicit==0.7.3", "numpy==2.4.6", "scipy==1.17.1"))
RANX = PeerEnvironment("ranx", ("ranx==0.3.21",))
