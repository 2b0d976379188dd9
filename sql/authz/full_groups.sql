-- Inlined, see authz.any_groups.
create or replace function authz.full_groups()
returns bigint[]
language sql
stable
security invoker
begin atomic
    select
        case
            when
                current_setting('aspen.full_groups', true)
                = authz.planned_setting('aspen.full_groups')
                then authz.planned_groups('aspen.full_groups')
            else nullif(current_setting('aspen.full_groups', true), '')::bigint[]
        end;
end;

comment on function authz.full_groups() is
'Groups where the caller is member or admin, directly or by grant';

revoke all on function authz.full_groups() from public;
grant execute on function authz.full_groups() to member, api_writer, claims_reader, registrar;
