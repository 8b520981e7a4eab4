"""The installed versions are not below those that have known holes; pip-audit needs a network, this does not."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from packaging.version import Version

FLOORS = {
    "gradio": "6.20",
    "torch": "2.10",
    "transformers": "5.3",
    "sentence-transformers": "6.0",
    "pillow": "12.2",
}


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_installed_version_is_not_below_its_floor(package: str, floor: str) -> None:
    assert Version(version(package)) >= Version(floor)
