"""A night's news for a company that has run: a share of new and of changed records in every stream.

Belongs here: files that follow those of the sample company, written after them. New records are copies under
new ids; changed ones keep their id and come with a later version, whenever they were made; new payouts come with
balance transactions that were in none; bank files follow the last balance. Nothing but the files of the landing
folder is read, so a night can follow another.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

Record = dict[str, Any]
# The last day of the sample company: a later one would begin a month in which nothing is matched yet.
LAST_DAY = date(2026, 6, 30)
_NUMBER = re.compile(r"(?<![\d.])\d{9,}(?![\d.])")
_DAY = re.compile(r"20\d\d-\d\d-\d\d")
_ENCODING = {"erp_de": "cp1252"}
# Of the CSV exports: the columns that hold the id; what is new gets a suffix there.
_EXPORTS = {"invoices": (0, 1), "bills": (0, 1), "gl_entries": (0,), "card": (0,), "expenses": (0,)}
_STYLES = {"erp_de": "%d.%m.%Y", "erp_uk": "%d/%m/%Y", "erp_us": "%m/%d/%Y"} | {
    f"{stream}_{country}": "%Y-%m-%d" for stream in ("card", "expenses") for country in ("de", "uk", "us")
}
_CHANGED_AT = ("Geändert am", "Last Modified", "ModifiedAt", "Updated At")


def _sample(path: Path, read: Callable[[Path], list[Any]], share: float, random: Random) -> list[Any]:
    # A file that cannot be read is one of the sample's faults.
    try:
        records = read(path)
    except ValueError:
        return []
    count = len(records) * share
    return random.sample(records, min(len(records), int(count) + (random.random() < count % 1)))


def _some(
    paths: Iterable[Path], read: Callable[[Path], list[Any]], share: float, random: Random
) -> list[Any]:
    """A share of the records of all files, at least one. A file of many is read whole, of few rarely."""
    paths = sorted(paths)
    found = [record for path in paths for record in _sample(path, read, share, random)]
    while not found:
        found = _sample(random.choice(paths), read, 1.0, random)[:1]
    return found


def _open(path: Path, encoding: str) -> str:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return content.decode(encoding)


def _objects(path: Path) -> list[Record]:
    """Records of a page (`{"orders": []}`, `{"data": []}`) or of a file of lines."""
    text = _open(path, "utf-8")
    documents = (
        [json.loads(line) for line in text.splitlines()] if ".jsonl" in path.name else [json.loads(text)]
    )
    found: list[Record] = []
    for document in documents:
        listed = document.get("orders") or document.get("data")
        found += listed if isinstance(listed, list) else [document]
    return found


def _orders(landing: Path, store: str, day: date, share: float, number: int, random: Random) -> None:
    folder = landing / store / "orders"
    suffix = ".json" if list(folder.glob("*.json")) else ".jsonl"
    picked = _some(folder.glob(f"*{suffix}"), _objects, share, random)
    new, changed = picked[::2], picked[1::2] or picked
    later = f"{day}T20:00:00+00:00"
    written = []
    for order in new:
        text = _NUMBER.sub(lambda found: str(int(found[0]) + 10**15 * number), json.dumps(order))
        copy = json.loads(_DAY.sub(str(day), text))
        written.append(copy | {"name": f"{order['name']}-{number}", "updated_at": later})
    for order in changed:
        edit = random.choice(({"cancelled_at": later}, {"note": later}, {"financial_status": "refunded"}))
        written.append(order | edit | {"updated_at": later})
    target = folder / f"orders_{day}_{number:03}{suffix}"
    text = json.dumps({"orders": written}) if suffix == ".json" else "\n".join(map(json.dumps, written))
    target.write_text(text + "\n", encoding="utf-8")


def _stripe(landing: Path, account: str, day: date, share: float, number: int, random: Random) -> None:
    moment = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
    renamed = lambda text: re.sub(r'"((?:ch|txn|re|du|po|in|il|pi)_\w+)"', rf'"\1n{number}"', text)  # noqa: E731
    pages: list[tuple[str, str, list[Record]]] = []
    for stream in ("charges", "refunds", "disputes", "invoices", "payouts"):
        folder = landing / account / stream
        if not folder.is_dir():
            continue
        picked = _some(folder.iterdir(), _objects, share, random)
        new = [json.loads(renamed(json.dumps(record))) | {"created": moment} for record in picked[::2]]
        changed = picked[1::2] or picked
        for record in changed if stream != "invoices" else []:
            record |= (
                {"description": f"changed {number}"}
                if "description" in record
                else {"metadata": {"n": number}}
            )
        pages.append((stream, f"/v1/{stream}", new + (changed if stream != "invoices" else [])))
        if stream == "payouts":
            folder = landing / account / "balance_transactions"
            for payout in new:
                members = _some(folder.iterdir(), _objects, share / 4, random)
                copies = [json.loads(renamed(json.dumps(record))) for record in members]
                own = {
                    "id": payout["balance_transaction"],
                    "object": "balance_transaction",
                    "amount": -payout["amount"],
                }
                own |= {"available_on": moment, "created": moment, "currency": payout["currency"], "fee": 0}
                own |= {"fee_details": [], "net": -payout["amount"], "reporting_category": "payout"}
                own |= {
                    "description": "PAYOUT",
                    "exchange_rate": None,
                    "status": "available",
                    "type": "payout",
                }
                copies = [record for record in copies if record["type"] != "payout"]
                url = f"/v1/balance_transactions?payout={payout['id']}"
                pages.append(("balance_transactions", url, [*copies, own | {"source": payout["id"]}]))
    late = _some((landing / account / "balance_transactions").iterdir(), _objects, share / 2, random)
    pages.append(("balance_transactions", "/v1/balance_transactions", late))
    for stream, url, records in pages:
        unique = list({record["id"]: record for record in records}.values())
        page = {"object": "list", "url": url, "has_more": False, "data": unique}
        with (landing / account / stream / f"{stream}_{day}_{number:03}.jsonl").open(
            "a", encoding="utf-8"
        ) as file:
            file.write(json.dumps(page) + "\n")


def _table(path: Path) -> tuple[list[str], str, list[list[str]]]:
    text = _open(path, _encoding(path))
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    header, *rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    # A line that was cut off is one of the sample's faults.
    return header, delimiter, [row for row in rows if len(row) == len(header)]


def _encoding(path: Path) -> str:
    return next((code for name, code in _ENCODING.items() if name in path.parts), "utf-8")


def _write_table(path: Path, header: list[str], delimiter: str, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    path.write_text(text.getvalue(), encoding=_encoding(path))


def _written(day: date, like: str, style: str) -> str:
    """A day as the export writes days; the hour stays."""
    return f"{day:{style}}" + like[10:] if like else like


def _export(folder: Path, stream: str, day: date, share: float, number: int, random: Random) -> None:
    paths = sorted(folder.glob("*.csv"))
    header, delimiter, _ = _table(paths[-1])
    style = _STYLES[folder.parent.name if folder.parent.name in _STYLES else folder.name]
    picked = _some(
        paths, lambda path: [row for row in _table(path)[2] if len(row) == len(header)], share, random
    )
    changed_at = [place for place, name in enumerate(header) if name in _CHANGED_AT]
    rows = []
    for row in picked[::2]:
        copy = list(row)
        for place in _EXPORTS[stream]:
            copy[place] = f"{row[place]}-{number}"
        rows.append(copy)
    new = {row[0]: f"{row[0]}-{number}" for row in picked[::2]}
    for row in picked[1::2] or picked:
        edited = list(row)
        if stream in ("card", "expenses"):
            # The last digit of the amount is turned.
            place = next(place for place, name in enumerate(header) if name in ("Amount", "Billing Amount"))
            edited[place] = edited[place][:-1] + str((int(edited[place][-1]) + 1) % 10)
        elif stream == "gl_entries":
            edited[12] += f" ({number})"
        else:
            edited[4] = _written(day + timedelta(days=30), edited[4], style)
        for place in changed_at:
            edited[place] = _written(day, edited[place], style)
        rows.append(edited)
    name = paths[-1].name.partition("_20")[0]
    _write_table(folder / f"{name}_{day}_{number:03}.csv", header, delimiter, rows)
    lines = folder.with_name(f"{stream.removesuffix('s')}_lines")
    if lines.is_dir():
        tables = [_table(path) for path in sorted(lines.glob("*.csv"))]
        copies = [[new[row[0]], *row[1:]] for _, _, rows in tables for row in rows if row[0] in new]
        _write_table(lines / f"{lines.name}_{day}_{number:03}.csv", tables[0][0], delimiter, copies)


def _bank_csv(folder: Path, day: date, share: float, number: int, random: Random) -> None:
    paths = sorted(folder.glob("*.csv"), key=lambda path: path.name)
    header, delimiter, last = _table(paths[-1])
    rows = []
    balance = Decimal(last[-1][7].replace(",", ""))
    for place, row in enumerate(_some(paths, lambda path: _table(path)[2], share, random)):
        copy = list(row)
        amount = Decimal((row[6] or "0").replace(",", "")) - Decimal((row[5] or "0").replace(",", ""))
        balance += amount
        copy[1] = copy[2] = f"{day:%m/%d/%Y}"
        copy[7], copy[8] = f"{balance:,.2f}", f"NW{day:%y%m%d}{number:03}{place:03}"
        rows.append(copy)
    account = paths[-1].name.partition("_20")[0]
    _write_table(folder / f"{account}_{day}_{number:03}.csv", header, delimiter, rows)


def _bank_mt940(folder: Path, day: date, share: float, number: int, random: Random) -> None:
    account = "UK01-GBP-MAIN"
    paths = sorted(folder.glob(f"{account}_*.sta"))
    last = paths[-1].read_text(encoding="utf-8")
    closing = re.findall(r":62F:C\d{6}GBP([\d,]+)", last)[-1]
    sequence = int(re.findall(r":28C:(\d+)", last)[-1]) + 1
    read = lambda path: re.findall(r"(:61:.*?)(?=:61:|:62F:)", path.read_text(encoding="utf-8"), re.DOTALL)  # noqa: E731
    balance, lines = Decimal(closing.replace(",", ".")), []
    for place, line in enumerate(_some(paths, read, share, random)):
        found = re.match(r":61:\d{10}(R?[CD])(\d+,\d*)", line)
        assert found is not None, line
        amount = Decimal(found[2].replace(",", ".") + "0" * (2 - len(found[2].partition(",")[2])))
        balance += amount if found[1] in ("C", "RD") else -amount
        line = re.sub(r":61:\d{10}", f":61:{day:%y%m%d}{day:%m%d}", line)
        lines.append(re.sub(r"//\w+", f"//NW{day:%y%m%d}{number:03}{place:03}", line))
    iban = re.findall(r":25:(\w+)", last)[-1]
    text = (
        f":20:NW{day:%y%m%d}{number:04}\n:25:{iban}\n:28C:{sequence:05}/001\n:60F:C{day:%y%m%d}GBP{closing}\n"
    )
    amount_text = f"{balance:.2f}".replace(".", ",")
    text += "".join(lines) + f":62F:C{day:%y%m%d}GBP{amount_text}\n-\n"
    (folder / f"{account}_{day}_{number:03}.sta").write_text(text, encoding="utf-8")


def _bank_camt(folder: Path, day: date, share: float, number: int, random: Random) -> None:
    account = "DE01-EUR-MAIN"
    paths = sorted(folder.glob(f"{account}_*.xml"))
    last = paths[-1].read_text(encoding="utf-8")
    closing = Decimal(re.findall(r"<Cd>CLBD</Cd>.*?<Amt Ccy=\"EUR\">([\d.]+)", last, re.DOTALL)[-1])
    sequence = int(re.findall(r"<ElctrncSeqNb>(\d+)", last)[-1]) + 1
    read = lambda path: re.findall(r"<Ntry>.*?</Ntry>", path.read_text(encoding="utf-8"), re.DOTALL)  # noqa: E731
    entries, balance = [], closing
    for place, entry in enumerate(_some(paths, read, share, random)):
        amount = Decimal(re.findall(r'<Amt Ccy="EUR">([\d.]+)', entry)[0])
        balance += (
            amount if "<CdtDbtInd>CRDT" in entry.partition("</CdtDbtInd>")[0] + "</CdtDbtInd>" else -amount
        )
        entry = _DAY.sub(str(day), entry)
        reference = f"NW{day:%y%m%d}{number:03}{place:03}"
        entries.append(re.sub(r"<AcctSvcrRef>[^<]*", f"<AcctSvcrRef>{reference}", entry))
    head = _DAY.sub(str(day), last.partition("<Bal>")[0])
    head = re.sub(r"SeqNb>\d+", f"SeqNb>{sequence}", head)
    head = re.sub(r"(<MsgId>|<Stmt><Id>)[^<]*", rf"\g<1>NW{day:%y%m%d}{number:04}", head)
    told = lambda code, amount: (  # noqa: E731
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{abs(amount):.2f}</Amt>'
        f"<CdtDbtInd>{'CRDT' if amount >= 0 else 'DBIT'}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )
    text = head + told("OPBD", closing) + told("CLBD", balance) + "\n".join(entries)
    (folder / f"{account}_{day}_{number:03}.xml").write_text(
        text + "\n</Stmt></BkToCstmrStmt></Document>\n", encoding="utf-8"
    )


def streams(landing: Path) -> dict[str, Callable[[date, float, int, Random], None]]:
    """Every stream of the sample company by name: what writes its news."""
    found: dict[str, Callable[[date, float, int, Random], None]] = {}
    for store in ("shopify_de", "shopify_us"):
        found[store] = lambda *given, store=store: _orders(landing, store, *given)
    for account in ("stripe_de", "stripe_us"):
        found[account] = lambda *given, account=account: _stripe(landing, account, *given)
    for country in ("de", "uk", "us"):
        for stream in ("invoices", "bills", "gl_entries"):
            folder = landing / f"erp_{country}" / stream
            found[f"erp_{country} {stream}"] = lambda *given, at=(folder, stream): _export(*at, *given)
        for stream in ("card", "expenses"):
            folder = landing / f"{stream}_{country}"
            found[folder.name] = lambda *given, at=(folder, stream): _export(*at, *given)
    for name, write in (("bank_us", _bank_csv), ("bank_uk", _bank_mt940), ("bank_de", _bank_camt)):
        found[name] = lambda *given, at=(landing / name,), write=write: write(*at, *given)
    return found


def write_news(
    landing: Path, share: float, number: int = 1, only: Iterable[str] | None = None, day: date = LAST_DAY
) -> list[str]:
    """Write the files of one night after all others; returns the streams that got some.

    number: of the night, from 1: part of the new ids and the seed of what is picked. only: these streams."""
    random = Random(number)
    writers = streams(landing)
    chosen = [name for name in writers if only is None or name in set(only)]
    for name in chosen:
        writers[name](day, share, number, random)
    return chosen
