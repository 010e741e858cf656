select
    lines.refund_id || ':' || lines.line_type || ':' || lines.native_id as refund_line_id,
    lines.refund_id,
    lines.order_id,
    lines.order_line_id,
    lines.line_type,
    lines.quantity,
    {{ money('lines.total_amount - lines.tax_amount') }} as net_amount,
    lines.tax_amount,
    lines.total_amount,
    lines.currency,
    refunds.refund_date as business_date,
    refunds.entity_id,
    refunds.source_name,
    'refund_lines' as source_object,
    lines.native_id as source_id,
    refunds.source_updated_at,
    refunds.source_file,
    refunds.source_position,
    refunds.load_id,
    refunds.record_hash
from {{ ref('int_shop_refund_lines') }} as lines
inner join {{ ref('int_shop_refunds') }} as refunds on lines.refund_id = refunds.refund_id
