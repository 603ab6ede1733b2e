"""Writes the wheel's SBOM (PEP 770): what the wheel is and what it asks for. It bundles nothing.

A build hook, off unless `HATCH_BUILD_HOOK_ENABLE_CUSTOM` is set, as `.ci/build` does: who installs from source needs
no CycloneDX. Time and serial number follow from the commit and the version: the same source gives the same bits.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packageurl import PackageURL
from packaging.requirements import Requirement


def sbom(name: str, version: str, description: str, licence: str, requirements: list[str]) -> str:
    """Return an SBOM in CycloneDX JSON."""
    identity = PackageURL("pypi", name=name, version=version)
    root = Component(
        name=name,
        version=version,
        description=description,
        type=ComponentType.LIBRARY,
        purl=identity,
        bom_ref=str(identity),
        licenses=[LicenseExpression(licence)],
    )
    asked = [_asked_for(Requirement(line)) for line in requirements]
    committed = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, str(identity)),
        metadata=BomMetaData(component=root, timestamp=committed),
        components=asked,
    )
    bom.register_dependency(root, asked)
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _asked_for(requirement: Requirement) -> Component:
    identity = PackageURL("pypi", name=requirement.name)
    description = f"any version that satisfies {requirement}"
    return Component(name=requirement.name, description=description, purl=identity, bom_ref=str(identity))


class SbomHook(BuildHookInterface[Any]):
    """Adds the SBOM to the wheel that is being built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Write the SBOM to where hatchling takes it from.

        Args:
            version: How the wheel is built, which is not the package's version.
            build_data: What goes into the wheel.
        """
        core = self.metadata.core
        text = sbom(core.name, self.metadata.version, core.description, core.license_expression, core.dependencies)
        self._folder = TemporaryDirectory()
        path = Path(self._folder.name, f"{core.name}.cdx.json")
        path.write_text(text, encoding="utf-8")
        build_data["sbom_files"].append(str(path))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - as above
        """Take the file away, which is in the wheel now."""
        self._folder.cleanup()
