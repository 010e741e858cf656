"""Large files: read in parts they give the same rows as read whole, and a broken part refuses the file."""

import mmap
from importlib import import_module

import pytest
from bank_files import Line, bank_residuals, camt, camt_of, entry, mt940_of

from pipelines.bank import parallel, parts
from pipelines.bank.reading import UnreadableFile
from pipelines.bank.recognise import format_of, reader
from pipelines.config import SourceInstance
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file

# The package's `read` is the function of the same name.
whole = import_module("pipelines.bank.read")
INSTANCE = SourceInstance(name="bank_de", kind="bank", entity_id="DE01", path="*")
SIZE = 1_500


def lines(count, equal=3):
    """Lines of which groups of `equal` are the same, so that their numbers run across the cuts."""
    from decimal import Decimal

    return [Line(Decimal(n // equal + 1), text=f"Invoice {n // equal}") for n in range(count)]


def tables_of(batches):
    tables = {name: [] for name in kind_spec("bank").all_tables}
    for batch in batches:
        tables[batch.table] += batch.rows.to_pylist()
    return tables


def both_ways(tmp_path, content):
    path = (tmp_path / "file").resolve()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    file = landing_file(path.parent, path, INSTANCE)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        name = format_of(mapped[:65536])
        cut = parts.parts_of(mapped, name, SIZE)
    assert cut is not None and len(cut) > 3
    return tables_of(whole.read(file, INSTANCE)), tables_of(
        parallel.batches(path, cut, reader(name), file, INSTANCE)
    )


def two_statements(text):
    """The second of them with another number, in one file."""
    return text + text.replace(":28C:00012/001", ":28C:00013/001").replace(":20:STM26001", ":20:STM26002")


FILES = {
    "MT940": mt940_of(lines(60)),
    "MT940 with other line ends": mt940_of(lines(60)).replace("\r\n", "\n"),
    "MT940 of two statements": two_statements(mt940_of(lines(40))),
    "MT940 in CP1252": mt940_of(lines(60)).replace("Invoice 7", "Gebühr 7").encode("cp1252"),
    "MT940 with lines that are none": mt940_of(lines(60)).replace("C7,00", "C?7,00"),
    "camt": camt_of(lines(60)),
    "camt of three statements": camt(*(entry(f"{n}.00") for n in range(1, 40)), statements=3),
    "camt with a prefix": camt_of(lines(60)).replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?").replace("xmlns=", "xmlns:c="),
    "camt with entries that are none": camt_of(lines(60)).replace(">7<", ">seven<"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_parts_give_the_rows_of_the_whole(tmp_path, name):
    one, many = both_ways(tmp_path, FILES[name])
    assert len(one["transactions"]) >= 50
    for table in one:
        assert many[table] == one[table], table
    assert bank_residuals(many) == {}


def test_without_a_currency_in_the_header_only_whole_statements_are_cut_off():
    content = (two_statements(mt940_of(lines(40))).replace(":60F:", ":99X:")).encode()
    cut = list(parts._mt940(content, SIZE))
    assert [part.is_continued for part in cut] == [False] * len(cut)
    assert all(content[part.start : part.end].lstrip().startswith(b":20:") for part in cut)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(camt_of(lines(60)).replace("Invoice 9<", "Invoice 9<b><"), id="not well-formed inside"),
        pytest.param(camt_of(lines(60))[:-300], id="cut off"),
    ],
)
def test_a_broken_part_refuses_the_file_and_says_where(tmp_path, content):
    path = (tmp_path / "file").resolve()
    path.write_text(content)
    file = landing_file(path.parent, path, INSTANCE)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        cut = parts.parts_of(mapped, "camt", SIZE)
    with pytest.raises(UnreadableFile, match=r"not well-formed XML.*counted from byte"):
        list(parallel.batches(path, cut, reader("camt"), file, INSTANCE))


def test_a_large_file_is_read_in_parts_and_a_comment_in_the_way_makes_it_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(whole, "PART", SIZE)
    monkeypatch.setattr(parts.parts_of, "__defaults__", (SIZE,))
    used = []
    monkeypatch.setattr(parallel, "batches", lambda *a, _real=parallel.batches: used.append(1) or _real(*a))
    path = (tmp_path / "file").resolve()
    path.write_text(camt_of(lines(60)).replace("<Sts>", "<!-- </Ntry> --><Sts>"))
    tables = tables_of(whole.read(landing_file(path.parent, path, INSTANCE), INSTANCE))
    assert used and len(tables["transactions"]) == 60 and tables["rejects"] == []
