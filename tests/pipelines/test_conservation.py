"""The law of conservation as a property: whatever happens to a payload, every record that it declares
is landed or rejected, with its money, and the reader never raises."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import assert_conserved, read_content
from shopify_payloads import order, refunded_order
from stripe_payloads import balance_transaction, charge, dispute, invoice, page, payout, refund
from test_ecb import CSV, XML

# Values that have broken parsers before: other types, near numbers, near dates, empty and huge ones.
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=8),
    st.sampled_from(
        [
            "", "1e3", "12.345678", "-0", "00012.50", "1.10000000", "99999999999.9999", "100000000000", " 1",
            "NaN", "Infinity", "infinity", "epoch", "2026-05-03T10:00:00Z", "2026-05-03T10:00:00",
            "9999-12-31T23:59:59+14:00", "1900-01-01T00:00:00-14:00", "2026-06-30T24:00:00Z", "eur", "EURO",
            "null", "true", "'", '"', "\\", "\u0000", "\ufffd", "é", "DROP TABLE",
        ]
    ),
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)
_PROPERTY = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _paths(value: Any, prefix: tuple = ()) -> list[tuple]:
    found = [prefix] if prefix else []
    if isinstance(value, dict):
        for key, child in value.items():
            found += _paths(child, (*prefix, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            found += _paths(child, (*prefix, index))
    return found


@st.composite
def _mutated(draw: st.DrawFn, payloads: list[dict]) -> dict:
    """One of the payloads with up to three places changed, removed or added."""
    payload = copy.deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(_paths(payload)))
        target: Any = payload
        for part in parents:
            target = target[part]
        action = draw(st.sampled_from(["set", "remove", "add"]))
        if action == "set":
            target[last] = draw(_VALUES)
        elif action == "remove":
            del target[last]
        elif isinstance(target, dict):
            target[draw(st.text(max_size=6))] = draw(_VALUES)
        else:
            target.append(draw(_VALUES))
        if not _paths(payload):
            break
    return payload


_ORDERS = [order(1), order(2, currency="JPY"), refunded_order(3)]
_OBJECTS = [
    charge(),
    charge("ch_2", 500, "jpy"),
    refund(),
    dispute(),
    balance_transaction(),
    payout(),
    invoice(),
]


def _written(values: list[Any], layout: str, wrap: Any) -> str:
    if layout == "lines":
        return "\n".join(json.dumps(value) for value in values)
    if layout == "page":
        return json.dumps(wrap(values), indent=1)
    if layout == "pages":
        return "\n".join(json.dumps(wrap([value])) for value in values)
    return json.dumps(values)


_LAYOUTS = st.sampled_from(["lines", "page", "pages", "array"])


@_PROPERTY
@given(st.lists(_mutated(_ORDERS), min_size=1, max_size=4), _LAYOUTS)
def test_shopify_conserves_changed_orders(tmp_path, orders, layout):
    content = _written(orders, layout, lambda values: {"orders": values})
    tables = read_content("shopify", tmp_path, content, "a.jsonl" if layout == "lines" else "a.json")
    assert_conserved("shopify", tables)
    assert len(tables["orders"]) + len(tables["rejects"]) == len(orders)


@_PROPERTY
@given(st.lists(_mutated(_OBJECTS), min_size=1, max_size=5), _LAYOUTS)
def test_stripe_conserves_changed_objects(tmp_path, objects, layout):
    content = _written(objects, layout, lambda values: page(*values))
    tables = read_content("stripe", tmp_path, content, "a.jsonl" if layout == "lines" else "a.json")
    assert_conserved("stripe", tables)
    landed = ("charges", "refunds", "disputes", "balance_transactions", "payouts", "invoices", "rejects")
    assert sum(len(tables[name]) for name in landed) == len(objects)


@st.composite
def _damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The text cut off, or with some bytes replaced, removed or inserted anywhere."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        junk = draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"{", b"}", b"\n", b",", b"[", b"0"]))
        )
        data[at : at + draw(st.integers(0, 3))] = junk
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data)


_TEXTS = {
    "shopify": "\n".join(json.dumps(each) for each in _ORDERS).encode(),
    "stripe": "\n".join(json.dumps(page(each)) for each in _OBJECTS).encode(),
}


@pytest.mark.parametrize("kind", ["shopify", "stripe"])
@_PROPERTY
@given(st.data())
def test_json_sources_conserve_damaged_text(tmp_path, kind, data):
    content = data.draw(_damaged(_TEXTS[kind]))
    assert_conserved(kind, read_content(kind, tmp_path, content, "a.jsonl"))


@pytest.mark.parametrize("text", [CSV, XML], ids=["csv", "xml"])
@_PROPERTY
@given(st.data())
def test_ecb_conserves_damaged_text(tmp_path, text, data):
    content = data.draw(_damaged(text.encode()))
    assert_conserved("ecb", read_content("ecb", tmp_path, content, "rates"))
