-- An answer that embeds lists is made of several aggregates; the outermost ends last.
create or replace function authz.noted_answer(answer json[])
returns json
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    noted json := coalesce(array_to_json(answer), '[]');
begin
    perform set_config('aspen.answer', noted::text, true);
    return noted;
end
$$;

comment on function authz.noted_answer(json[]) is
'An answer, noted so that authz.current_setting can keep it';

revoke all on function authz.noted_answer(json[]) from public;
grant execute on function authz.noted_answer(json[]) to member;
