create or replace function internal.merged_problems(noted jsonb, found jsonb)
returns jsonb
language sql
immutable
security invoker
begin atomic
    select
        merged_problems.noted || coalesce(
            jsonb_agg(problems.problem order by problems.place), '[]'
        )
    from jsonb_array_elements(merged_problems.found) with ordinality as problems (problem, place)
    where
        not merged_problems.noted
        @> jsonb_build_array(jsonb_build_object('field', problems.problem -> 'field'));
end;

comment on function internal.merged_problems(jsonb, jsonb) is
'The problems of a row: those noted, and those found in other fields';

revoke all on function internal.merged_problems(jsonb, jsonb) from public;
grant execute on function internal.merged_problems(jsonb, jsonb) to api_writer;
