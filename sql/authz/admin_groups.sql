-- Inlined, see authz.any_groups.
create or replace function authz.admin_groups()
returns bigint[]
language sql
stable
security invoker
begin atomic
    select
        case
            when
                current_setting('aspen.admin_groups', true)
                = authz.planned_setting('aspen.admin_groups')
                then authz.planned_groups('aspen.admin_groups')
            else nullif(current_setting('aspen.admin_groups', true), '')::bigint[]
        end;
end;

comment on function authz.admin_groups() is
'Groups where the caller is directly admin';

revoke all on function authz.admin_groups() from public;
grant execute on function authz.admin_groups() to member, api_writer, claims_reader, registrar;
