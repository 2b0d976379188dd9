-- Return what each statement of this database cost since the counters began, with the role that ran
-- it.
select
    roles.rolname::text as role,
    statements.query,
    statements.calls,
    statements.total_exec_time as ms,
    statements.rows,
    statements.shared_blks_hit + statements.shared_blks_read as buffers,
    statements.shared_blks_read as buffers_read
from {schema}.pg_stat_statements as statements
left join pg_catalog.pg_roles as roles on statements.userid = roles.oid
where
    statements.dbid = (
        select databases.oid from pg_catalog.pg_database as databases
        where databases.datname = pg_catalog.current_database()
    )
