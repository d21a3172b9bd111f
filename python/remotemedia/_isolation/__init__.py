"""Users' nodes in processes of their own: see ``docs/isolation.md``.

``executor`` and ``process`` are the side of the pipeline, ``worker`` and ``bootstrap`` that of the
worker, ``channel`` and ``failures`` what both share.
"""

from __future__ import annotations
