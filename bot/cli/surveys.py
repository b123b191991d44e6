"""`unionbot surveys`: the files of the surveys, when the calendar opens each, and one of them question by question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell import DEFAULT, FAILED, WRONG, Config, put, read, stop

if TYPE_CHECKING:
    from datetime import datetime

    from bot.questionnaires import SurveyFile
    from bot.settings import Settings
    from bot.texts import Texts
    from models.calendar import WorkCalendar
    from models.questionnaires import Group, Question


def surveys(
    where: Annotated[
        Path | None, typer.Argument(help="A file, to see its questions; or a folder. Without it all there are.")
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Put the surveys that come along there, to be edited.")] = False,
    language: Annotated[str, typer.Option(help="zh-hans, zh-hant or en; the union's first one if none is given.")] = "",
    config: Config = DEFAULT,
) -> None:
    """List the surveys and when each opens, or look at one; every mistake is named."""
    from bot import questionnaires
    from bot.fields import LANGUAGES

    if language not in ("", *LANGUAGES):
        stop(WRONG, f"--language {language!r} is none of {', '.join(LANGUAGES)}; write for example --language en")
    # A file can be looked at before there is anything else: then nobody knows the union's buildings and calendar.
    settings = read(config, secrets=False) if config.exists() or config != DEFAULT else None
    if copy:
        if where is None:
            stop(WRONG, "say where to: unionbot surveys my-folder --copy")
        for name in put(questionnaires.SHIPPED, "toml", where):
            typer.echo(f"  {name}")
        typer.echo(f'now write folder = "{where}" under [surveys] in {config}, and delete there what you do not change')
    told = language or (settings.union.languages[0] if settings else LANGUAGES[0])
    if where is not None and not where.is_dir():
        file, problems = questionnaires.read_one(where, settings)
        _told([file] if file is not None else [], problems, settings, told, whole=True)
    elif where is not None or settings is None:
        files, problems = questionnaires.read(where or questionnaires.SHIPPED, settings)
        _told(list(files.values()), problems, settings, told)
    else:
        found, problems = questionnaires.shelf(settings)
        _told(list(found.values()), problems, settings, told)
    if problems:
        raise typer.Exit(FAILED)


def fit(settings: Settings) -> bool:
    """Name what is wrong with the files of the surveys. Returns whether all of them can be used."""
    from bot import questionnaires

    files, problems = questionnaires.shelf(settings)
    for problem in problems:
        typer.echo(f"✗ {problem}")
    for file in files.values():
        for missed in _missed(file, settings.work_calendar()):
            typer.echo(f"! {file.key}: {missed}")
    typer.echo(f"✓ {len(files)} surveys")
    _stay(problems)
    return not problems


def _told(
    files: list[SurveyFile], problems: list[str], settings: Settings | None, language: str, *, whole: bool = False
) -> None:
    from zoneinfo import ZoneInfo

    from bot.texts import Catalogue
    from bot.toolbox import utcnow

    t = Catalogue.load(settings.timezone if settings is not None else ZoneInfo("UTC"))[language]
    for file in files:
        title = t.pick(file.questionnaire.title)
        typer.echo(f"{file.key}: {title}")
        for line in _course(file, settings, utcnow()):
            typer.echo(f"    {line}")
        for line in _whole(file, settings, t) if whole else ():
            typer.echo(line)
    for problem in problems:
        typer.echo(f"✗ {problem}")
    _stay(problems)


def _stay(problems: list[str]) -> None:
    """Say which surveys do not go out because of their mistakes."""
    names = (problem.partition(": ")[0] for problem in problems)
    broken = dict.fromkeys(name.removesuffix(".toml") for name in names if name.endswith(".toml"))
    if broken:
        typer.echo(f"✗ do not go out until they are mended: {', '.join(broken)}")


def _course(file: SurveyFile, settings: Settings | None, now: datetime) -> Iterator[str]:
    """When it opens from now on."""
    if file.by_hand:
        yield f"opens when somebody starts it, for {_count(file.open_for_days, 'day')}"
        return
    if settings is None:
        if file.opens is not None:
            yield f"opens {file.opens:%a %Y-%m-%d %H:%M}"
        else:
            yield f"opens once each {file.each}, in week {file.week}"
        return
    calendar = settings.work_calendar()

    def local(moment: datetime) -> str:
        return f"{moment.astimezone(calendar.timezone):%a %Y-%m-%d %H:%M}"

    coming = [o for o in file.openings(calendar) if file.closing(o.at, calendar) > now]
    for semester, at in coming:
        reminders = ", ".join(local(moment) for moment in file.reminder_moments(at, calendar)) or "none"
        closes = local(file.closing(at, calendar))
        name = semester.name if semester is not None else "outside the semesters"
        yield f"{name}: {local(at)} to {closes}; reminders {reminders}"
    yield from _missed(file, calendar)
    if not coming:
        yield "does not open any more: config.toml has no semester in which it would"


def _missed(file: SurveyFile, calendar: WorkCalendar) -> Iterator[str]:
    """The semesters, or the academic years, in which it should open and cannot."""
    from bot.questionnaires import SPRING_ENDS

    if file.each == "academic year":
        years = {each.ends.year for each in calendar.semesters if each.ends.month in SPRING_ENDS}
        opened = {opening.semester.ends.year for opening in file.openings(calendar) if opening.semester is not None}
        for year in sorted(years - opened):
            where = f"no semester that ends between March and August {year}"
            yield f"{where} has a week {file.week}; write an earlier one, or start it by hand"
    if file.each == "semester":
        for semester in calendar.semesters:
            if file.opening(semester, calendar) is None:
                yield f"{semester.name} has no week {file.week}; write an earlier one, or start it by hand there"


def _whole(file: SurveyFile, settings: Settings | None, t: Texts) -> Iterator[str]:
    asked = file.questionnaire
    if asked.about is not None:
        yield f"    {t.pick(asked.about)}"
    cell = file.cell(settings.surveys.minimum_cell) if settings is not None else file.minimum_cell
    counted = f", counted from {cell} answers on" if cell is not None else ""
    yield f"    {'anonymous' if file.anonymous else 'NOT anonymous'}{counted}; for {_group(file.target)}"
    for number, question in enumerate(asked.questions, 1):
        needed = ", required" if question.required else ""
        yield ""
        yield f"{number}. {t.pick(question.text)}  [{question.key}: {question.kind}{needed}]"
        if question.only != type(question.only)():
            yield f"   only for {_group(question.only)}"
        if question.skip is not None:
            yield f"   passed over after {question.skip.question} = {' or '.join(map(str, question.skip.answers))}"
        for line in _choices(question, t):
            yield f"   · {line}"


def _choices(question: Question, t: Texts) -> Iterator[str]:
    from models.questionnaires import HIGHEST, LOWEST, SCALE_END, Kind

    match question.kind:
        case Kind.AGREEMENT:
            for step in range(HIGHEST, LOWEST - 1, -1):
                yield t.plain(f"survey.{question.labels}.{step}")
        case Kind.SCALE:
            yield f"0 to {SCALE_END}"
        case _:
            yield from (t.pick(option.text) for option in question.options)


def _group(group: Group) -> str:
    return ", ".join([*group.audiences, *group.buildings, *group.levels]) or "everybody"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
