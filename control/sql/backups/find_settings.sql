-- List the settings aspen.* that operators chose for roles and for this database.
select
    roles.rolname as role_name,
    settings.setdatabase <> 0 as is_of_database,
    split_part(entries.entry, '=', 1) as setting_name,
    substr(entries.entry, strpos(entries.entry, '=') + 1) as setting_value
from pg_catalog.pg_db_role_setting as settings
left join pg_catalog.pg_roles as roles
    on settings.setrole = roles.oid
cross join lateral unnest(settings.setconfig) as entries (entry)
where
    starts_with(entries.entry, 'aspen.')
    and settings.setdatabase in (
        0,
        (
            select databases.oid
            from pg_catalog.pg_database as databases
            where databases.datname = current_database()
        )
    )
order by roles.rolname, is_of_database, setting_name;
