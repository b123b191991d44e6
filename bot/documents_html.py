"""A described document (`documents.py`) as one page that needs nothing else: its style stands in it, its charts are
drawn in it, nothing is loaded and nothing runs.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from bot.documents import Blank, Block, Chart, Document, Ref, Runs, Section, Table, Text
from bot.untrusted import contained

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 18px 80px; max-width: 880px; color: #1f2933; background: #fff;
  font: 16px/1.65 "Helvetica Neue", Arial, "Noto Sans", "Noto Sans CJK SC", sans-serif; overflow-wrap: anywhere; }
:lang(zh-hans) { font-family: "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
:lang(zh-hant) { font-family: "Noto Sans TC", "Noto Sans CJK TC", "PingFang TC", "Microsoft JhengHei", sans-serif; }
header { border-bottom: 3px solid #2f6fb0; margin-bottom: 24px; padding: 32px 0 20px; }
header p { margin: 0; } h1 { font-size: 30px; line-height: 1.25; margin: 8px 0; }
.stamp { display: inline-block; margin-top: 10px; padding: 2px 10px; border-radius: 10px; background: #e8f0f8;
  color: #235a92; font-size: 14px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 16px 0 0; font-size: 14px; }
dt { color: #616e7c; } dd { margin: 0; }
h2 { font-size: 22px; margin: 44px 0 10px; } h3 { font-size: 17px; margin: 28px 0 8px; }
nav ol { columns: 2; font-size: 15px; padding-left: 20px; } a { color: #2f6fb0; text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
.scroll { overflow-x: auto; margin: 10px 0 20px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.45; }
caption { text-align: left; font-weight: 600; padding-bottom: 4px; }
th, td { border: 1px solid #d5dbe1; padding: 5px 8px; vertical-align: top; text-align: left; }
th { background: #eef2f6; } .n { text-align: right; font-variant-numeric: tabular-nums; }
td { overflow-wrap: normal; white-space: pre-line; } td.n { white-space: nowrap; }
th { overflow-wrap: normal; } td:not(.n) { min-width: 5.5em; }
figure { margin: 14px 0 22px; } figure svg { display: block; width: 100%; max-width: 560px; height: auto; }
.small { color: #616e7c; font-size: 14px; }
pre { background: #f5f7f9; padding: 8px 10px; font-size: 12px; line-height: 1.4; white-space: pre-wrap; }
.blank { border: 1px dashed #9aa5b1; border-radius: 6px; padding: 10px 12px; color: #616e7c; font-style: italic; }
.words { border-left: 3px solid #2f6fb0; padding-left: 12px; white-space: pre-line; }
@media print { nav { display: none; } body { max-width: none; } tr, figure { break-inside: avoid; } }
@media (max-width: 600px) { nav ol { columns: 1; } h1 { font-size: 24px; } }
"""


def write(document: Document) -> bytes:
    """The page, in UTF-8."""
    sections = Markup("\n").join(_section(each, number) for number, each in enumerate(document.sections))
    facts = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*map(contained, each)) for each in document.facts)
    contents = Markup("\n").join(
        Markup('<li><a href="#{}">{}</a></li>').format(_anchor(each, number), contained(each.title))
        for number, each in enumerate(document.sections)
        if each.level == 1
    )
    return str(
        Markup(
            '<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            "<title>{title} · {subtitle}</title>\n<style>{style}</style>\n</head>\n<body>\n"
            '<header><p>{union}</p><h1>{title}</h1><p>{subtitle}</p><span class="stamp">{stamp}</span>\n'
            "<dl>{facts}</dl></header>\n<nav><h2>{contents}</h2><ol>{list}</ol></nav>\n<main>\n{sections}\n</main>\n"
            "</body>\n</html>\n"
        ).format(
            language=document.language,
            title=contained(document.title),
            subtitle=contained(document.subtitle),
            style=Markup(STYLE),
            union=contained(document.union),
            stamp=contained(document.stamp),
            facts=facts,
            contents=contained(document.contents),
            list=contents,
            sections=sections,
        )
    ).encode()


def _anchor(section: Section, number: int) -> str:
    return section.anchor or f"s{number}"


def _section(section: Section, number: int) -> Markup:
    tag, anchor = f"h{section.level + 1}", _anchor(section, number)
    heading = Markup(f'<{tag} id="{{}}">{{}}</{tag}>').format(anchor, contained(section.title))
    return Markup("\n").join([heading, *(_block(each) for each in section.blocks)])


def _block(block: Block) -> Markup:
    match block:
        case Text(runs, "code"):
            return Markup("<pre>{}</pre>").format(_runs(runs))
        case Text(runs, style):
            return Markup('<p class="{}">{}</p>').format(style, _runs(runs))
        case Blank(hint, words):
            kind, said = ("blank", hint) if words is None else ("words", words)
            return Markup('<p class="{}">{}</p>').format(kind, contained(said))
        case Table():
            return _table(block)
        case Chart(paper, says):
            drawn = Markup(paper.svg().replace('aria-hidden="true"', "")).strip()
            return Markup('<figure role="img" aria-label="{}">{}</figure>').format(contained(says), drawn)


def _table(table: Table) -> Markup:
    kinds = [Markup(' class="n"') if column.number else Markup("") for column in table.columns]
    cells = zip(kinds, table.columns, strict=True)
    heads = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(kind, contained(column.head)) for kind, column in cells
    )
    rows = Markup("\n").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup("<td{}>{}</td>").format(kind, _runs(runs)) for kind, runs in zip(kinds, row, strict=True)
            )
        )
        for row in table.rows
    )
    title = Markup("<caption>{}</caption>").format(contained(table.title)) if table.title else Markup("")
    return Markup(
        '<div class="scroll"><table>{}<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table></div>'
    ).format(title, heads, rows)


def _runs(runs: Runs) -> Markup:
    return Markup("").join(
        Markup('<a href="#{}">{}</a>').format(each.anchor, contained(each.label))
        if isinstance(each, Ref)
        else escape(contained(each))
        for each in runs
    )
