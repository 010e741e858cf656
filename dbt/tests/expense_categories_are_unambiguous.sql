-- Categories are compared without case and blanks: two rows for one category would double each of its
-- expenses, and the company would reimburse twice what was spent.
select
    lower(trim(category)) as category,
    count(*) as row_count
from {{ ref('expense_categories') }}
group by lower(trim(category))
having count(*) > 1
