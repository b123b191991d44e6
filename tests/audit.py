"""What is known against the packages that the locks name: withdrawn by their authors, or with a weakness.

    python -m tests.audit [--advisories FOLDER]

Whether a version was withdrawn pip itself is told by the registry. Weaknesses are PyPI's to know, by pip-audit; where
that service is not to be had, FOLDER (or ADVISORIES in the environment) is a copy of PyPA's advisory database, or of
any folder of OSV files. Exit code 1 when something is known, 3 when nobody could be asked about weaknesses.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

HOUSE = Path(__file__).parent.parent
LOCK = HOUSE / "requirements-dev.txt"
"""It names all that requirements.txt does, in the same versions."""
TOOLS = Path(sys.prefix) / "audit" / "bin"
"""pip-audit, and a pip that tells what was withdrawn (requirements-audit.txt)."""
KNOWN, NOBODY_ASKED = 1, 3


class Unreachable(Exception):
    """Nobody could be asked; one sentence."""


def pinned(lock: str) -> dict[str, set[str]]:
    """The versions that a lock names, by package; more than one where they differ by Python's."""
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", lock, re.MULTILINE)
    out = defaultdict[str, set[str]](set)
    for name, version in found:
        out[canonicalize_name(name)].add(version)
    return out


# ---------------------------------------------------------------- withdrawn


def withdrawn(report: Mapping[str, Any]) -> list[str]:
    """Those that pip's report calls yanked."""
    packages = [each["metadata"] for each in report["install"] if each["is_yanked"]]
    return [f"{each['name']} {each['version']} was withdrawn by its authors" for each in packages]


def what_pip_is_told() -> Mapping[str, Any]:
    """pip's report on installing the whole lock, which it does not do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        words = ["install", "--dry-run", "--quiet", "--ignore-installed", "--no-deps", "--require-hashes"]
        subprocess.run([TOOLS / "pip", *words, "-r", LOCK, "--report", path], check=True)
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found


# ---------------------------------------------------------------- weaknesses


def affects(advisory: Mapping[str, Any], name: str, version: str) -> bool:
    """Whether an OSV entry speaks of this version of a package of PyPI's."""
    if advisory.get("withdrawn"):
        return False
    for each in advisory.get("affected", []):
        package = each.get("package", {})
        if package.get("ecosystem") != "PyPI" or canonicalize_name(package.get("name", "")) != name:
            continue
        if version in map(str, each.get("versions", [])):
            return True
        if any(r["type"] == "ECOSYSTEM" and _within(r["events"], Version(version)) for r in each.get("ranges", [])):
            return True
    return False


def _within(events: Sequence[Mapping[str, Any]], version: Version) -> bool:
    """As OSV has it: the last event at or below the version decides."""
    inside = False
    for event in sorted(events, key=_moment):
        (what,), at = event, _moment(event)
        if what == "introduced" and version >= at:
            inside = True
        if (what == "fixed" and version >= at) or (what == "last_affected" and version > at):
            inside = False
    return inside


def _moment(event: Mapping[str, Any]) -> Version:
    return Version(str(next(iter(event.values()))))


def in_folder(folder: Path, packages: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What a folder of OSV files, a folder for each package, has against these. Raises Unreachable."""
    names = {path.name: path for path in (folder / "vulns" if (folder / "vulns").is_dir() else folder).iterdir()}
    if not any(canonicalize_name(name) in packages for name in names):
        raise Unreachable(f"{folder} has a folder for none of the packages")
    for name, path in sorted(names.items()):
        versions = sorted(packages.get(canonicalize_name(name), []))
        for file in sorted([*path.glob("*.yaml"), *path.glob("*.json")]) if versions else []:
            advisory = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
            for version in versions:
                if affects(advisory, canonicalize_name(name), version):
                    yield f"{name} {version}: {advisory['id']} ({', '.join(advisory.get('aliases', []))})"


def by_service(answer: str) -> list[str]:
    """What pip-audit's answer in JSON says. Raises Unreachable when its service knew none of the packages."""
    try:
        packages = json.loads(answer)["dependencies"]
    except ValueError:
        raise Unreachable("PyPI's advisory service was not reached") from None
    if all("skip_reason" in each for each in packages):
        raise Unreachable("PyPI's advisory service knows none of the packages: it is not reached from here")
    return [
        f"{each['name']} {each['version']}: {weak['id']} ({', '.join(weak['aliases'])})"
        for each in packages
        for weak in each.get("vulns", [])
    ] + [f"{each['name']} was not looked at: {each['skip_reason']}" for each in packages if "skip_reason" in each]


def what_pip_audit_says() -> str:
    """As it writes it."""
    words = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json", "-r", str(LOCK)]
    done = subprocess.run([TOOLS / "pip-audit", *words], capture_output=True, text=True, check=False)
    if not done.stdout.strip() and (said := done.stderr.strip()):
        # Where the service is not reached it ends with the whole way there; the last line says why.
        print(said.splitlines()[-1], file=sys.stderr)
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--advisories", type=Path, default=os.environ.get("ADVISORIES") or None)
    given = parser.parse_args()
    packages = pinned(LOCK.read_text(encoding="utf-8"))
    code, known = 0, withdrawn(what_pip_is_told())
    try:
        folder = given.advisories and Path(given.advisories)
        known += in_folder(folder, packages) if folder else by_service(what_pip_audit_says())
    except Unreachable as why:
        print(f"! nobody was asked about known weaknesses: {why}")
        code = NOBODY_ASKED
    print("\n".join(known) or f"nothing {'else ' * bool(code)}is known against {len(packages)} packages")
    return KNOWN if known else code


if __name__ == "__main__":
    sys.exit(main())
