create or replace function internal.refuse_bad_sequences(samples json, hint text)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    problems json;
    problem_count bigint;
begin
    select
        json_agg(json_build_object(
            'row', checked.row_number,
            'private_identifier', checked.private_identifier,
            'field', 'sequence',
            'reason', checked.problem
        ) order by checked.row_number) filter (where checked.place <= 200),
        count(*)
    into problems, problem_count
    from (
        select checked.*, row_number() over (order by checked.row_number) as place
        from (
            select
                items.row_number,
                internal.trimmed(items.item ->> 'private_identifier') as private_identifier,
                internal.sequence_problem(items.item ->> 'sequence') as problem
            from json_array_elements(samples) with ordinality as items(item, row_number)
        ) as checked
        where checked.problem is not null
    ) as checked;
    perform internal.fail(400, 'invalid_sequence',
        'Nothing was stored: some sequences are invalid',
        internal.listed_problems(problems, problem_count), hint);
end
$$;

comment on function internal.refuse_bad_sequences(json, text) is
$$Reject a batch of samples, naming every invalid sequence

Errors: 400 invalid_sequence.$$;

revoke all on function internal.refuse_bad_sequences(json, text) from public;
grant execute on function internal.refuse_bad_sequences(json, text) to api_writer;
