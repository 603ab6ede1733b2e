"""Writes the project's URLs into the metadata: those of the repository whose workflow builds it.

A metadata hook. Elsewhere the address of the repository is unknown, and there are none.
"""

import os
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class ProjectUrls(MetadataHookInterface):
    """Adds the URLs."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Change *metadata* in place."""
        repository = os.environ.get("GITHUB_REPOSITORY")
        if not repository:
            metadata["urls"] = {}
            return
        source = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
        metadata["urls"] = {
            "Source": source,
            "Documentation": f"{source}/tree/HEAD/docs",
            "Changelog": f"{source}/blob/HEAD/CHANGELOG.md",
            "Issues": f"{source}/issues",
        }
