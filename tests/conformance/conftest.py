"""What the conformance tests of databases share."""

from __future__ import annotations

import pytest

from store.database import Store
from store.records import Item


@pytest.fixture
def store(any_store: Store) -> Store:
    """Any database, with three items."""
    any_store.put_items([Item("a", "Alpha"), Item("b", "Beta"), Item("c", "Gamma")])
    return any_store
