-- Every role that serves requests has a statement_timeout; the login plans each tenant's query
-- again.
-- Fix: run sql/roles.sql, which sets it.
select format('%s: %s', wanted.role_name, wanted.setting) as object
from (
    values
    ('authenticator', 'statement_timeout'),
    ('anon', 'statement_timeout'),
    ('member', 'statement_timeout'),
    ('operator', 'statement_timeout'),
    ('job', 'statement_timeout'),
    ('analyst', 'statement_timeout'),
    ('authenticator', 'lock_timeout'), ('authenticator', 'idle_in_transaction_session_timeout'),
    ('authenticator', 'plan_cache_mode=force_custom_plan'),
    ('authenticator', 'random_page_cost=1.1')
) as wanted (role_name, setting)
where not exists (
    select from pg_catalog.pg_db_role_setting as settings
    cross join unnest(settings.setconfig) as entries (entry)
    where
        settings.setrole = wanted.role_name::regrole
        and settings.setdatabase = 0
        and (entries.entry = wanted.setting or entries.entry ~ format('^%s=[1-9]', wanted.setting))
)
