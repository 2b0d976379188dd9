-- Sum up how many rows of a group all runs erased: one that could not delete objects is run again.
select
    counts.table_name,
    sum(counts.row_count::bigint)::bigint as row_count
from aspen.audit_log as entries
cross join lateral jsonb_each_text(entries.details -> 'erased') as counts (table_name, row_count)
where
    entries.group_id = %(group_id)s
    and entries.table_name = 'groups'
    and entries.details ? 'erased'
group by counts.table_name
order by counts.table_name;
