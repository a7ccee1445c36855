"""How things are shown."""

import json

import pytest

from interlock.cli import show


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Zürich, 東京, العربية", "Zürich, 東京, العربية"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("a\x9bb", r"a\x9bb"),
        ("del\x7f", r"del\x7f"),
        ("pay \u202eevil\u2069", r"pay \u{202e}evil\u{2069}"),
        ("soft\u00adhyphen\ufeff", r"soft\xadhyphen\u{feff}"),
        ("tag\U000e0041", r"tag\u{e0041}"),
        ("lone\ud800", r"lone\u{d800}"),
        ("line\nfeed\r\ttab\u2028", r"line\nfeed\r\ttab\u{2028}"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_text_is_shown_and_does_nothing_else(text, shown):
    """Whatever steers a terminal, hides or turns text round is shown as an escape."""
    assert show.neutral(text) == shown


def test_lines_stay_where_they_are_wanted():
    """A text of several lines keeps its line ends, and nothing else."""
    assert show.neutral("a\n\tb\r\x1b", lines=True) == "a\n\tb\\r\\x1b"


def test_json_is_ascii(capsys):
    """No escape reaches a terminal through JSON either."""
    show.as_json({"text": "\x1b[31m\u202e\x7fü"})

    written = capsys.readouterr().out

    assert written.isascii()
    assert not {"\x1b", "\x7f"} & set(written)
    assert json.loads(written) == {"text": "\x1b[31m\u202e\x7fü"}


def test_markup_is_text(capsys):
    """Markup of rich in foreign text is shown as it is."""
    show.line("see [bold red]this[/] [link=http://x]y[/link]")

    assert capsys.readouterr().out == "see [bold red]this[/] [link=http://x]y[/link]\n"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0"),
        ("0.000000", "$0"),
        ("12.5", "$12.50"),
        ("0.25", "$0.25"),
        ("0.000824297", "$0.00082"),
        ("0.0000052", "$0.0000052"),
    ],
)
def test_dollars_are_short_and_never_rounded_to_nothing(amount, shown):
    """Two digits that mean something, however small the amount."""
    assert show.dollars(amount) == shown


@pytest.mark.parametrize(
    ("length", "shown"),
    [(None, ""), (0.0421, "42 ms"), (2.34, "2.3 s"), (61, "1 min 01 s"), (7384, "2 h 03 min")],
)
def test_times_are_as_people_say_them(length, shown):
    """From milliseconds to hours."""
    assert show.seconds(length) == shown


COLUMNS = [show.Column("run"), show.Column("reason", 3), show.Column("status", 8)]
ROW = [["r" * 20, "x" * 30, "FAILED"]]


def test_a_narrow_terminal_loses_the_least_important_column(capsys, monkeypatch):
    """What identifies a row stays."""
    monkeypatch.setattr(show, "_width", lambda: 40)

    show.table(COLUMNS, ROW)

    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "status"]
    assert row.split() == ["r" * 20, "FAILED"]


def test_an_empty_column_goes_first(capsys, monkeypatch):
    """What says nothing makes room for what says something."""
    monkeypatch.setattr(show, "_width", lambda: 40)
    columns = [show.Column("run"), show.Column("reason", 8), show.Column("started", 3)]

    show.table(columns, [["r" * 20, "", "2026-11-22"]])

    assert capsys.readouterr().out.split() == ["run", "started", "r" * 20, "2026-11-22"]


def test_a_wide_one_shows_all(capsys, monkeypatch):
    """Nothing is left out where there is room."""
    monkeypatch.setattr(show, "_width", lambda: 80)

    show.table(COLUMNS, ROW)

    assert capsys.readouterr().out.splitlines()[0].split() == ["run", "reason", "status"]


def test_no_spinner_is_piped(capsys):
    """Where nobody watches, work is silent."""
    with show.working("working") as say:
        say("half")

    assert capsys.readouterr() == ("", "")
