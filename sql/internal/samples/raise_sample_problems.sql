-- definer because API roles may not name aspen.samples and internal.fail.
create or replace function internal.raise_sample_problems()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    has_rows boolean := coalesce(current_setting('aspen.sample_rows', true), '') <> '';
    noted jsonb
        := ('[' || nullif(current_setting('aspen.sample_problems', true), '') || ']')::jsonb;
    problems json;
    problem_count bigint;
    is_conflict boolean
        := coalesce(current_setting('aspen.has_taken_identifiers', true), '') = 'true';
begin
    if noted is not null then
        with notes as materialized (
            select notes.*
            from jsonb_to_recordset(noted) as notes(
                row integer, private_identifier text, public_identifier text, field text,
                value text, reason text, taken_in_group bigint
            )
        )

        select
            json_agg(
                json_build_object(
                    'row', problem.row,
                    'private_identifier', problem.private_identifier,
                    'field', problem.field,
                    'value', left(problem.value, 200),
                    'reason', problem.reason
                )
                order by problem.place
            ) filter (where problem.place <= 200),
            -- A row that was only counted has at least one identifier that exists.
            current_setting('aspen.sample_problem_count')::bigint
            - jsonb_array_length(noted) + count(*)
        into problems, problem_count
        from (
            select named.*, row_number() over (order by named.row, named.field) as place
            from (
                select notes.row, notes.private_identifier, notes.field, notes.value, notes.reason
                from notes
                where notes.taken_in_group is null
                union all
                select notes.row, notes.private_identifier, taken.field, taken.value,
                    'already exists in this group'
                from notes
                left join aspen.samples as by_private
                    on notes.taken_in_group = by_private.group_id
                    and notes.private_identifier = by_private.private_identifier
                left join aspen.samples as by_public
                    on notes.taken_in_group = by_public.group_id
                    and notes.public_identifier = by_public.public_identifier
                -- If neither row exists any more, another request inserted one and rolled back.
                cross join lateral (values
                    ('private_identifier', notes.private_identifier,
                        by_private.id is not null or by_public.id is null),
                    ('public_identifier', notes.public_identifier, by_public.id is not null)
                ) as taken(field, value, is_taken)
                where notes.taken_in_group is not null and taken.is_taken
            ) as named
        ) as problem;
        perform internal.fail_samples(problems, problem_count, is_conflict);
    end if;
    if not has_rows then
        perform internal.fail(400, 'empty_batch', 'The batch has no samples', null,
            'Send at least one sample.');
    end if;
    perform set_config('aspen.sample_rows', '', true);
    return null;
end
$$;

comment on function internal.raise_sample_problems() is
$$Trigger: reject a batch of samples, naming every problem

Errors: 400 invalid_sample, empty_batch, 409 sample_exists.$$;

revoke all on function internal.raise_sample_problems() from public;
