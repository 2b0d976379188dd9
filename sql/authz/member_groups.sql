-- Inlined, see authz.any_groups.
create or replace function authz.member_groups()
returns bigint[]
language sql
stable
security invoker
begin atomic
    select
        case
            when
                current_setting('aspen.member_groups', true)
                = authz.planned_setting('aspen.member_groups')
                then authz.planned_groups('aspen.member_groups')
            else nullif(current_setting('aspen.member_groups', true), '')::bigint[]
        end;
end;

comment on function authz.member_groups() is
'Groups where the caller is directly member or admin';

revoke all on function authz.member_groups() from public;
grant execute on function authz.member_groups() to member, api_writer, claims_reader, registrar;
