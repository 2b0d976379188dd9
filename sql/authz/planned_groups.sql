-- Declared immutable for the reason authz.planned_setting gives.
create or replace function authz.planned_groups(setting text)
returns bigint[]
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    return nullif(current_setting(setting, true), '')::bigint[];
end
$$;

comment on function authz.planned_groups(text) is
'The groups of a setting as they were when the plan was made';

revoke all on function authz.planned_groups(text) from public;
grant execute on function authz.planned_groups(text)
to member, api_writer, claims_reader, registrar;
