-- Declared immutable, though it reads a setting, so that the planner replaces it by its value. Who
-- uses it compares that with the setting when the plan runs. The planner does not even look at
-- authz.planned_groups where this is null.
create or replace function authz.planned_setting(setting text)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    value text := current_setting(setting, true);
begin
    return case when length(value) > 100 then value end;
end
$$;

comment on function authz.planned_setting(text) is
$$The text of a setting as it was when the plan was made

Null if it has at most 100 characters: it is parsed for each row then, which costs less than this.$$;

revoke all on function authz.planned_setting(text) from public;
grant execute on function authz.planned_setting(text)
to member, api_writer, claims_reader, registrar;
