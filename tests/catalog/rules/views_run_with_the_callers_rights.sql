-- Every view is security_invoker: through any other one, its owner's rights decide.
select views.oid::regclass::text as offender
from pg_catalog.pg_class as views
where
    views.relnamespace::regnamespace::text in ('aspen', 'authz', 'internal', 'api')
    and views.relkind = 'v'
    and not exists (
        select from pg_options_to_table(views.reloptions) as options
        where options.option_name = 'security_invoker' and options.option_value::boolean
    )
