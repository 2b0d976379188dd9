-- A policy is called <table>_<command>_<who>, a restrictive one <table>_fence[_<who>].
-- Fix: alter policy … rename to this form, in sql/policies/<table>.sql.
select format('%s on %s', policies.polname, tables.oid::regclass) as object
from pg_catalog.pg_policy as policies
inner join pg_catalog.pg_class as tables
    on policies.polrelid = tables.oid
where
    case
        when policies.polpermissive
            then policies.polname !~ format(
                '^%s_%s_[a-z_]+$',
                tables.relname,
                case policies.polcmd
                    when 'r' then 'select'
                    when 'a' then 'insert'
                    when 'w' then 'update'
                    when 'd' then 'delete'
                end
            )
        else policies.polname !~ format('^%s_fence(_[a-z]+)?$', tables.relname)
    end
