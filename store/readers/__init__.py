"""Readers of data sets, a small file per format. ``folder.open_dataset`` finds the right ones for a path.

A reader is a function from a ``SourceFile`` to pairs of line number and record: a validated ``Item``, ``User`` or
``Event``, or a ``Rejected`` that says why the row is not one. Readers stream: no file is ever held in memory.
"""
