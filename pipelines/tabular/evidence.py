"""What a file itself says about two readings of it: day or month first, and which amounts are negative.

Belongs here: proof within the file (the order of its records, its punctuation and language, its marks for
debit and credit). Does not belong here: what a mapping says, which always comes first.
"""

from collections.abc import Sequence
from itertools import pairwise

from pipelines.tabular.days import day_of

# Words of a column that says debit or credit, in the languages of the banks that write one.
NEGATIVE_MARKS = (
    "d", "dr", "debit", "dbit", "af", "soll", "s", "belastung", "débit", "debet", "cargo", "dare", "uscita", "uscite",
    "addebito", "out", "outflow", "withdrawal", "paid out", "wn", "winien", "obciążenie", "ausgang", "lastschrift", "-",
    "afschrijving", "debito", "débito", "gasto", "dépense", "avgang",
)  # fmt: skip
POSITIVE_MARKS = (
    "c", "cr", "credit", "crdt", "bij", "haben", "h", "gutschrift", "crédit", "kredit", "abono", "avere", "entrata",
    "entrate", "accredito", "in", "inflow", "deposit", "paid in", "ma", "uznanie", "eingang", "+", "bijschrijving",
    "credito", "crédito", "ingreso", "recette",
)  # fmt: skip
_DAYS_IN_ORDER = 5  # days in a random order are in order once in sixty times
# Words of headers that no English export has; whoever writes them writes the day before the month.
_DAY_FIRST_WORDS = frozenset(
    [
        "datum",
        "buchung",
        "buchungstag",
        "buchungsdatum",
        "wertstellung",
        "valuta",
        "betrag",
        "umsatz",
        "soll",
        "haben",
        "bedrag",
        "omschrijving",
        "rekening",
        "tegenrekening",
        "libelle",
        "libellé",
        "montant",
        "débit",
        "crédit",
        "solde",
        "fecha",
        "importe",
        "concepto",
        "saldo",
        "cargo",
        "abono",
        "operacji",
        "kwota",
        "opis",
        "valore",
        "importo",
        "descrizione",
        "dare",
        "avere",
        "beløb",
        "dato",
        "tekst",
        "belopp",
        "bokföringsdag",
        "datuma",
        "iznos",
        "castka",
        "částka",
        "popis",
        "összeg",
        "tutar",
        "tarih",
        "valor",
        "descrição",
        "lançamento",
        "fornecedor",
        "belegnummer",
        "rechnungsdatum",
        "kunde",
    ]
)


def date_format(
    tied: Sequence[str], columns: Sequence[list[str]], headers: Sequence[str], decimal: str
) -> tuple[str, str] | None:
    """The format that the file itself proves, and how; None when nothing does.

    columns: the dates of each column in file order. Records of one export are in the order of their dates:
    a format in which they are not, while in another they are, is not the one.
    """
    ordered = [format_ for format_ in tied if any(_is_ordered(cells, format_) for cells in columns)]
    if len(ordered) == 1:
        return ordered[0], "the records are in the order of these days"
    left = ordered or list(tied)
    day_first = [format_ for format_ in left if format_.find("%d") < format_.find("%m")]
    if len(day_first) == 1 and len(left) > 1:
        if decimal == ",":
            return day_first[0], "decimal comma"
        words = {word for header in headers for word in header.casefold().replace("/", " ").split()}
        known = sorted(words & _DAY_FIRST_WORDS)
        if known:
            return day_first[0], f"header '{known[0]}'"
    return None


def _is_ordered(cells: Sequence[str], format_: str) -> bool:
    """Oldest first or newest first, over so many days that it is no accident."""
    days = [day for cell in cells if (day := day_of(cell, format_)) is not None]
    if len(set(days)) < _DAYS_IN_ORDER:
        return False
    return all(a <= b for a, b in pairwise(days)) or all(a >= b for a, b in pairwise(days))


def sign_column(
    sample: Sequence[Sequence[str]], at: dict[str, int], headers: Sequence[str], amounts: Sequence[str]
) -> tuple[int, tuple[str, ...]] | None:
    """The column whose cells are all marks of debit and credit, where no amount has a sign of its own.

    Returns its index and the marks in it that mean minus.
    """
    money = [at[name] for name in amounts if name in at]
    if len(money) != 1 or len(amounts) != 1 or not sample:
        return None
    if any(
        cell.strip()[:1] in "-(\u2212" or cell.strip()[-1:] == "-"
        for row in sample
        if (cell := row[money[0]]).strip()
    ):
        return None
    for index in range(len(headers)):
        marks = {row[index].strip().casefold() for row in sample} - {""}
        negative = marks & set(NEGATIVE_MARKS)
        if marks and index != money[0] and marks <= {*NEGATIVE_MARKS, *POSITIVE_MARKS} and negative:
            return index, tuple(sorted(negative))
    return None
