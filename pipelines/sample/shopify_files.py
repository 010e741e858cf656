"""Orders as Shopify's Admin REST API gives them, one file per store and day.

Belongs here: the shape of an order object and of its versions. The JSON is made by DuckDB from columns
and goes to disk as one buffer per file; no order is touched by Python.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.sample.catalog import STORES, Store
from pipelines.sample.files import Writer, by_day, stretches, write_records
from pipelines.sample.json_sql import without_structs
from pipelines.sample.store import Special
from pipelines.sample.timeline import Timeline

VERSIONS_AT_ONCE = 20_000  # about 80 MB of JSON in memory

PREPARE = f"""
create or replace macro money(cents) as cast(cast(cents as decimal(16, 0)) * 0.01 as varchar);
create or replace macro stamp(date, utc_offset, second) as
    strftime(date, '%Y-%m-%d') || 'T' || lpad((second // 3600)::varchar, 2, '0') || ':'
    || lpad((second // 60 % 60)::varchar, 2, '0') || ':' || lpad((second % 60)::varchar, 2, '0') || utc_offset;
-- Children travel as JSON text: DuckDB groups and joins lists of wide structs many times slower.
create or replace table visible_orders as
select * from orders where special <> {Special.GHOST};
create or replace table versions as
with events as (
    select store, n, day as event_day, least(second + 40, 86399) as event_second, day from visible_orders
    union all
    select store, n, day, least(second + 5400, 86390), day from visible_orders where is_cancelled
    union all
    select store, n, fulfil_day, case when fulfil_day = day then least(second + 9000, 86380) else 54000 + n % 9000 end, day
    from visible_orders where fulfil_day <= getvariable('last_day')
    union all
    select store, n, edit_day, 35990 + n % 7000, day from visible_orders where edit_day <= getvariable('last_day')
    union all
    select refunds.store, refunds.n, refunds.day, least(refunds.second + 60, 86399), o.day
    from refunds join visible_orders o on o.store = refunds.store and o.n = refunds.n
)
select store, n, event_day as version_day, max(event_second) as updated_second, any_value(day) as order_day
from events group by store, n, event_day
order by store, event_day, n;
create or replace table order_refunds as
select r.*, r.amount - r.tax as net,
    sum(r.amount) over (partition by r.store, r.n order by r.day, r.k) as refunded_so_far
from refunds r order by r.store, r.n, r.k;
"""

# One select per store and day. Children are gathered first, each for the orders of the day only.
_ORDERS = """
with today as (
    select v.version_day, v.updated_second, o.*,
        o.edit_day <= v.version_day as is_edited,
        o.fulfil_day <= v.version_day as is_fulfilled
    from versions v join visible_orders o on o.store = v.store and o.n = v.n
    where v.store = $store and v.version_day between $first and $last
),
amounts as (
    select today.*,
        total + case when is_edited then add_total else 0 end as now_total,
        tax + case when is_edited then add_tax else 0 end as now_tax,
        subtotal - discount + case when is_edited then add_gross else 0 end as now_subtotal,
        '{order_base}'::bigint + n * 7 as order_id
    from today
),
given_back as (
    select t.version_day, r.n, sum(r.amount)::bigint as refunded, sum(r.tax)::bigint as refunded_tax
    from order_refunds r join today t on t.n = r.n and r.day <= t.version_day
    where r.store = $store
    group by t.version_day, r.n
),
returned as (
    select t.version_day, l.n, l.line, sum(l.quantity)::bigint as quantity
    from refund_lines l join order_refunds r on r.store = l.store and r.n = l.n and r.k = l.k
    join today t on t.n = l.n and r.day <= t.version_day
    where l.store = $store
    group by t.version_day, l.n, l.line
),
items as (
    select t.version_day, l.n, string_agg(to_json(struct_pack(
        id := 13000000000000 + (l.n * 8 + l.line) * 2 + $store,
        admin_graphql_api_id := 'gid://shopify/LineItem/' || (13000000000000 + (l.n * 8 + l.line) * 2 + $store),
        current_quantity := l.quantity - coalesce(b.quantity, 0),
        fulfillable_quantity := case when t.is_fulfilled then 0 else l.quantity end,
        fulfillment_service := 'manual',
        fulfillment_status := case when t.is_fulfilled then 'fulfilled' end,
        gift_card := false,
        grams := 350,
        name := p.title,
        price := money(l.price),
        price_set := struct_pack(shop_money := struct_pack(amount := money(l.price), currency_code := '{currency}'),
            presentment_money := struct_pack(amount := money(l.price), currency_code := '{currency}')),
        product_exists := true,
        product_id := 8800000000 + l.product,
        properties := []::varchar[],
        quantity := l.quantity,
        requires_shipping := true,
        sku := '{sku}-' || lpad((l.product + 1)::varchar, 4, '0'),
        taxable := true,
        title := p.title,
        total_discount := '0.00',
        variant_id := 44100000000 + l.product,
        variant_inventory_management := 'shopify',
        variant_title := null::varchar,
        vendor := '{name}',
        tax_lines := case when l.rate = 0 then [] else [struct_pack(
            channel_liable := false, price := money(l.tax),
            rate := {line_rate}, title := {tax_title})] end,
        duties := []::varchar[],
        discount_allocations := case when l.discount = 0 then [] else [struct_pack(
            amount := money(l.discount),
            discount_application_index := 0)] end
    ))::varchar, ',' order by l.line) as line_items
    from lines l
    join today t on t.n = l.n
    join products p on p.product = l.product
    left join places pl on pl.store = $store and pl.place = t.place
    left join returned b on b.version_day = t.version_day and b.n = l.n and b.line = l.line
    where l.store = $store and l.added_day <= t.version_day
    group by t.version_day, l.n
),
taxed as (
    select version_day, n, string_agg(to_json(struct_pack(price := money(tax), rate := {order_rate}, title := {tax_title},
        channel_liable := false))::varchar, ',' order by rate desc) as tax_lines
    from (
        select x.version_day, x.n, x.rate, any_value(x.state) as state, sum(x.tax)::bigint as tax
        from (
            select t.version_day, l.n, l.rate, l.tax, pl.state
            from lines l join today t on t.n = l.n left join places pl on pl.store = $store and pl.place = t.place
            where l.store = $store and l.added_day <= t.version_day
            union all
            select version_day, n, shipping_rate, shipping_tax, null from today where shipping_tax > 0
        ) x
        where x.tax > 0 group by x.version_day, x.n, x.rate
    ) pl
    group by version_day, n
),
returned_items as (
    select l.n, l.k, string_agg(to_json(struct_pack(
        id := 720000000000 + (l.n * 8 + l.line) * 4 + l.k * 2 + $store,
        line_item_id := 13000000000000 + (l.n * 8 + l.line) * 2 + $store,
        location_id := 66100000000,
        quantity := l.quantity,
        restock_type := 'return',
        subtotal := l.subtotal / 100.0::decimal(4, 1),
        total_tax := l.tax / 100.0::decimal(4, 1)
    ))::varchar, ',' order by l.line) as refund_line_items
    from refund_lines l
    where l.store = $store and l.n in (select n from today)
    group by l.n, l.k
),
refund_list as (
    select t.version_day, r.n, string_agg(to_json(struct_pack(
        refund_line_items := as_list(i.refund_line_items),
        id := 900000000000 + (r.n * 4 + r.k) * 2 + $store,
        admin_graphql_api_id := 'gid://shopify/Refund/' || (900000000000 + (r.n * 4 + r.k) * 2 + $store),
        created_at := stamp(c.date, c.utc_offset, r.second),
        note := case r.mode when 0 then 'Item returned' when 1 then 'Order returned' else 'Goodwill, late delivery' end,
        order_id := '{order_base}'::bigint + r.n * 7,
        processed_at := stamp(c.date, c.utc_offset, r.second),
        restock := r.mode <> 2,
        user_id := 799000001,
        duties := []::varchar[],
        order_adjustments := list_concat(
            case when r.mode = 1 and r.ship_amount > 0 then [struct_pack(
                id := 510000000000 + (r.n * 4 + r.k) * 4 + $store, amount := money(-(r.ship_amount - {ship_tax_inside})),
                kind := 'shipping_refund', order_id := '{order_base}'::bigint + r.n * 7, reason := 'Shipping refund',
                refund_id := 900000000000 + (r.n * 4 + r.k) * 2 + $store, tax_amount := money(-r.ship_tax))] else [] end,
            case when r.mode = 2 then [struct_pack(
                id := 510000000000 + (r.n * 4 + r.k) * 4 + 2 + $store, amount := money(-r.amount),
                kind := 'refund_discrepancy', order_id := '{order_base}'::bigint + r.n * 7, reason := 'Refund discrepancy',
                refund_id := 900000000000 + (r.n * 4 + r.k) * 2 + $store, tax_amount := '0.00')] else [] end),
        transactions := [struct_pack(
            id := 6600000000000 + (r.n * 8 + 4 + r.k) * 2 + $store,
            admin_graphql_api_id := 'gid://shopify/OrderTransaction/' || (6600000000000 + (r.n * 8 + 4 + r.k) * 2 + $store),
            amount := money(r.amount),
            "authorization" := p.refund_id,
            created_at := stamp(c.date, c.utc_offset, r.second),
            currency := '{currency}',
            device_id := null::bigint,
            error_code := null::varchar,
            gateway := 'stripe',
            kind := 'refund',
            location_id := null::bigint,
            message := 'Refund succeeded',
            order_id := '{order_base}'::bigint + r.n * 7,
            parent_id := 6600000000000 + r.n * 16 + $store,
            processed_at := stamp(c.date, c.utc_offset, r.second),
            receipt := struct_pack(id := p.refund_id),
            source_name := 'web',
            status := 'success',
            test := false,
            user_id := null::bigint)]
    ))::varchar, ',' order by r.k) as refunds
    from order_refunds r
    join today t on t.n = r.n and r.day <= t.version_day
    join clocks c on c.store = r.store and c.day = r.day
    left join returned_items i on i.n = r.n and i.k = r.k
    left join psp_refunds p on p.store = r.store and p.n = r.n and p.k = r.k
    where r.store = $store
    group by t.version_day, r.n
),
people_of as (
    select a.*,
        coalesce(s.first_name, p.first_name) as first_name,
        coalesce(s.last_name, p.last_name) as last_name,
        coalesce(s.email, p.mail || '.' || a.customer || '@mail.example') as email,
        coalesce(s.customer_id, 7300000000000 + (a.person * 1000000 + a.customer) * 2 + $store) as customer_id
    from amounts a
    join people p on p.store = $store and p.person = a.person
    left join shop_parties s on s.store = $store and s.ordinal = a.shop_customer
),
final as (
    select to_json(struct_pack(
        tax_lines := as_list(x.tax_lines),
        line_items := as_list(i.line_items),
        refunds := as_list(r.refunds),
        id := a.order_id,
        admin_graphql_api_id := 'gid://shopify/Order/' || a.order_id,
        app_id := 580111,
        browser_ip := '198.51.100.' || (a.n % 254 + 1),
        buyer_accepts_marketing := a.n % 3 = 0,
        cancel_reason := case when a.is_cancelled then 'customer' end,
        cancelled_at := case when a.is_cancelled then stamp(c.date, c.utc_offset, least(a.second + 5400, 86390)) end,
        cart_token := null::varchar,
        checkout_id := 36000000000000 + a.n,
        checkout_token := md5('checkout' || a.n || '{prefix}'),
        closed_at := null::varchar,
        confirmed := true,
        contact_email := a.email,
        created_at := stamp(c.date, c.utc_offset, a.second),
        currency := '{currency}',
        current_subtotal_price := money(a.now_subtotal - case when coalesce(g.refunded, 0) = a.now_total then a.now_subtotal else least(coalesce(g.refunded, 0) - {refund_tax_on_top}, a.now_subtotal) end),
        current_total_discounts := money(a.discount + a.shipping_discount),
        current_total_price := money(a.now_total - coalesce(g.refunded, 0)),
        current_total_tax := money(a.now_tax - coalesce(g.refunded_tax, 0)),
        customer_locale := '{locale}',
        device_id := null::bigint,
        discount_codes := case when a.discount_kind = 1 then [struct_pack(code := 'HELLO10', amount := money(a.discount), type := 'percentage')]
            when a.discount > 0 then [struct_pack(code := 'FIVE', amount := money(a.discount), type := 'fixed_amount')]
            when a.shipping_discount > 0 then [struct_pack(code := 'FREESHIP', amount := money(a.shipping_discount), type := 'shipping')]
            else [] end,
        email := a.email,
        estimated_taxes := false,
        financial_status := case when a.is_cancelled then 'voided'
            when coalesce(g.refunded, 0) = 0 then 'paid'
            when g.refunded >= a.now_total then 'refunded' else 'partially_refunded' end,
        fulfillment_status := case when a.is_fulfilled then 'fulfilled' end,
        gateway := 'stripe',
        landing_site := '/',
        location_id := null::bigint,
        name := '{prefix}' || a.n,
        note := null::varchar,
        note_attributes := []::varchar[],
        number := a.n - 1000,
        order_number := a.n,
        order_status_url := 'https://{domain}/orders/' || md5('status' || a.n || '{prefix}'),
        original_total_duties_set := null::varchar,
        payment_gateway_names := ['stripe'],
        phone := null::varchar,
        presentment_currency := '{currency}',
        processed_at := stamp(c.date, c.utc_offset, a.second),
        reference := null::varchar,
        referring_site := '',
        source_identifier := null::varchar,
        source_name := 'web',
        source_url := null::varchar,
        subtotal_price := money(a.now_subtotal),
        tags := case when a.is_edited then 'edited' else '' end,
        taxes_included := {taxes_included},
        test := a.special = 9,
        token := md5('token' || a.n || '{prefix}'),
        total_discounts := money(a.discount + a.shipping_discount),
        total_line_items_price := money(a.now_subtotal + a.discount),
        total_outstanding := '0.00',
        total_price := money(a.now_total),
        total_price_set := struct_pack(shop_money := struct_pack(amount := money(a.now_total), currency_code := '{currency}'),
            presentment_money := struct_pack(amount := money(a.now_total), currency_code := '{currency}')),
        total_shipping_price_set := struct_pack(shop_money := struct_pack(amount := money(a.shipping), currency_code := '{currency}'),
            presentment_money := struct_pack(amount := money(a.shipping), currency_code := '{currency}')),
        total_tax := money(a.now_tax),
        total_tip_received := '0.00',
        total_weight := 900,
        updated_at := stamp(u.date, u.utc_offset, a.updated_second),
        user_id := null::bigint,
        customer := struct_pack(
            id := a.customer_id, email := a.email, accepts_marketing := a.n % 3 = 0,
            first_name := a.first_name, last_name := a.last_name, state := 'disabled', note := null::varchar,
            verified_email := true, tax_exempt := false, tags := '', currency := '{currency}',
            admin_graphql_api_id := 'gid://shopify/Customer/' || a.customer_id),
        billing_address := struct_pack(
            first_name := a.first_name, last_name := a.last_name, name := trim(a.first_name || ' ' || a.last_name),
            address1 := (a.n % 90 + 1) || ' {street}', address2 := null::varchar, city := pl.city, zip := pl.zip,
            province := nullif(pl.state, ''), province_code := nullif(pl.state, ''), country := pl.country,
            country_code := pl.country_code, company := null::varchar, phone := null::varchar),
        discount_applications := case when a.discount_kind = 1 then [struct_pack(target_type := 'line_item', type := 'discount_code', value := '10.0', value_type := 'percentage', allocation_method := 'across', target_selection := 'all', code := 'HELLO10')]
            when a.discount > 0 then [struct_pack(target_type := 'line_item', type := 'discount_code', value := '5.0', value_type := 'fixed_amount', allocation_method := 'across', target_selection := 'all', code := 'FIVE')]
            when a.shipping_discount > 0 then [struct_pack(target_type := 'shipping_line', type := 'discount_code', value := '100.0', value_type := 'percentage', allocation_method := 'each', target_selection := 'all', code := 'FREESHIP')]
            else [] end,
        fulfillments := case when a.is_fulfilled then [struct_pack(
            id := 5100000000000 + a.n * 2 + $store, order_id := a.order_id, status := 'success',
            created_at := stamp(f.date, f.utc_offset, case when a.fulfil_day = a.day then least(a.second + 9000, 86380) else 54000 + a.n % 9000 end),
            tracking_company := '{carrier}', tracking_number := '00340' || (434100000000 + a.n))] else [] end,
        payment_terms := null::varchar,
        shipping_lines := [struct_pack(
            id := 4500000000000 + a.n * 2 + $store, carrier_identifier := null::varchar, code := 'Standard',
            delivery_category := null::varchar,
            discounted_price := money(a.shipping - a.shipping_discount),
            phone := null::varchar,
            price := money(a.shipping),
            price_set := struct_pack(shop_money := struct_pack(amount := money(a.shipping), currency_code := '{currency}'),
                presentment_money := struct_pack(amount := money(a.shipping), currency_code := '{currency}')),
            requested_fulfillment_service_id := null::varchar, source := 'shopify', title := 'Standard',
            tax_lines := case when a.shipping_tax = 0 then [] else [struct_pack(channel_liable := false, price := money(a.shipping_tax),
                rate := 0.19::decimal(5, 4), title := 'MwSt')] end,
            discount_allocations := case when a.shipping_discount = 0 then [] else [struct_pack(
                amount := money(a.shipping_discount),
                discount_application_index := 0)] end)]
    ))::varchar as json, a.n, a.version_day
    from people_of a
    join clocks c on c.store = $store and c.day = a.day
    join clocks u on u.store = $store and u.day = a.version_day
    join clocks f on f.store = $store and f.day = least(a.fulfil_day, getvariable('last_day'))
    join places pl on pl.store = $store and pl.place = a.place
    join items i on i.version_day = a.version_day and i.n = a.n
    left join taxed x on x.version_day = a.version_day and x.n = a.n
    left join refund_list r on r.version_day = a.version_day and r.n = a.n
    left join given_back g on g.version_day = a.version_day and g.n = a.n
)
select {drift} || '{separator}' as record, version_day as day from final order by version_day, n
"""


def _statement(store: Store, drift_from: int | None) -> str:
    included = store.tax_included
    sql = (
        _ORDERS.replace("{order_base}", str(store.order_id_base))
        .replace(
            "{line_rate}",
            "(l.rate / 10000.0)::decimal(5, 4)" if included else "(l.rate / 100000.0)::decimal(6, 5)",
        )
        .replace("{tax_title}", "'MwSt'" if included else "pl.state || ' State Tax'")
        .replace(
            "{order_rate}",
            "(rate / 10000.0)::decimal(5, 4)" if included else "(rate / 100000.0)::decimal(6, 5)",
        )
        .replace("{ship_tax_inside}", "r.ship_tax" if included else "0")
        .replace("{refund_tax_on_top}", "0" if included else "coalesce(g.refunded_tax, 0)")
        .replace("{taxes_included}", "true" if included else "false")
        .replace("{currency}", store.currency)
        .replace("{prefix}", store.prefix)
        .replace("{name}", store.name)
        .replace("{domain}", store.domain)
        .replace("{sku}", "NL" if store.number == 0 else "PG")
        .replace("{locale}", "de-DE" if store.number == 0 else "en-US")
        .replace("{street}", "Am Hafen" if store.number == 0 else "Main Street")
        .replace("{carrier}", "DHL" if store.number == 0 else "USPS")
        .replace(
            "{drift}", "json" if drift_from is None else _WITH_NEW_FIELD.replace("{from}", str(drift_from))
        )
        .replace("{separator}", ",\n" if store.number == 0 else "\n")
    )
    return without_structs(sql)


# The field that Shopify's sample release adds from one day on: nobody announced it.
NEW_FIELD = "loyalty_points_awarded"
_WITH_NEW_FIELD = f"case when version_day < {{from}} then json else json[:-2] || ',\"{NEW_FIELD}\":' || (n % 40) || '}}' end"


def write_orders(
    con: duckdb.DuckDBPyConnection,
    out: Path,
    time: Timeline,
    drift_from: int | None,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Write shopify_*/orders: a list object a day for the German store, JSON lines for the US store."""
    con.execute(PREPARE)
    for store in STORES:
        statement = _statement(store, drift_from if store.number == 0 else None)
        sizes = con.execute(
            "select version_day, count(*) from versions where store = ? group by all order by all",
            [store.number],
        ).fetchall()
        with Writer() as writer:
            for first, last in stretches(sizes, VERSIONS_AT_ONCE):
                parameters = {"store": store.number, "first": first, "last": last}
                rows = con.execute(statement, parameters).arrow().read_all()
                writer.submit(_write_days, rows, store, out / store.source_name / "orders", time)
        progress(store.source_name)


def _write_days(rows: pa.Table, store: Store, folder: Path, time: Timeline) -> None:
    for day, records in by_day(rows):
        stem = f"orders_{time.date(day).isoformat()}"
        gzipped = day % 7 == 6
        if store.number == 0:
            write_records(
                folder / f"{stem}.json", records, b'{"orders":[\n', b"]}\n", trim=2, gzipped=gzipped
            )
        else:
            write_records(folder / f"{stem}.jsonl", records, gzipped=gzipped)
