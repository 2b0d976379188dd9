create or replace function authz.noted_location(parts text[])
returns text[]
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    perform set_config('aspen.answer_location',
        coalesce(array_to_string(parts, '&'), ''), true);
    return parts;
end
$$;

comment on function authz.noted_location(text[]) is
'The filter of Location, noted so that authz.current_setting can keep it';

revoke all on function authz.noted_location(text[]) from public;
grant execute on function authz.noted_location(text[]) to member;
