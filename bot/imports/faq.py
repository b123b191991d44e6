"""A folder of questions and answers takes the place of the union's own (`[faq] folder`); the one before is kept beside
it as `….bak`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bot import articles
from bot.imports import Unusable, printable
from bot.settings import Settings


def checked(folder: Path, settings: Settings) -> list[str]:
    """What is worth saying about the articles there. Raises Unusable with every mistake for which one would not be
    shown.
    """
    found, problems = articles.look_at(folder, settings)
    serious = [str(problem) for problem in problems if problem.serious]
    if not found and not serious:
        serious = [f"{folder} holds no article; write one as heating.en.md"]
    if serious:
        raise Unusable(serious)
    return [str(problem) for problem in problems]


def difference(folder: Path, target: Path) -> list[str]:
    """Which articles come, change and go, a line each."""
    new, old = _articles(folder), _articles(target)
    lines = [f"+ {name}{_title(new[name])}" for name in new if name not in old]
    lines += [f"~ {n}{_title(new[n])}" for n in new if n in old and new[n].read_bytes() != old[n].read_bytes()]
    return lines + [f"- {name}{_title(old[name])}" for name in old if name not in new]


def replace(folder: Path, target: Path) -> Path | None:
    """Put the articles there in place of the target's, all or none; what else stands in the target stays. Returns where
    the folder before is now. Raises OSError.
    """
    part, backup = (target.with_name(f"{target.name}.{end}") for end in ("part", "bak"))
    shutil.rmtree(part, ignore_errors=True)
    try:
        if target.is_dir():
            shutil.copytree(target, part)
            for path in _articles(part).values():
                path.unlink()
        else:
            part.mkdir(parents=True)
        for name, path in _articles(folder).items():
            shutil.copyfile(path, part / name)
        if target.is_dir():
            shutil.rmtree(backup, ignore_errors=True)
            target.rename(backup)
            part.rename(target)
            return backup
        part.rename(target)
        return None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _articles(folder: Path) -> dict[str, Path]:
    """The files that `articles.read` reads."""
    return {p.name: p for p in sorted(folder.glob("*.md")) if not p.name.lower().startswith("readme")}


def _title(path: Path) -> str:
    found, _ = articles.read_one(path)
    return f" ({printable(found.title)})" if found is not None else ""
