-- Fires only for rows that need it (see the trigger): the first day is a check of the table too,
-- today is not, and a check lets NaN pass as the largest number.
-- definer because internal.fail is out of reach of API roles by name.
create or replace function internal.refuse_sequencing()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    perform internal.fail(400, 'invalid_sequence', 'A sequence is not usable', (
        select json_agg(json_build_object(
            'sample_id', new.sample_id, 'field', problem.field,
            'value', problem.value, 'reason', problem.reason
        ))
        from (values
            ('sequencing_date', new.sequencing_date::text,
                'must be between 1970-01-01 and today',
                new.sequencing_date between '1970-01-01' and current_date + 1),
            ('sequencing_depth', new.sequencing_depth::text,
                'must be a number, not negative',
                new.sequencing_depth >= 0 and new.sequencing_depth < 'Infinity')
        ) as problem(field, value, reason, is_usable)
        where not problem.is_usable
    )::text);
    return null;
end
$$;

comment on function internal.refuse_sequencing() is
$$Trigger: refuses a sequencing date or depth that cannot be

Errors: 400 invalid_sequence.$$;

revoke all on function internal.refuse_sequencing() from public;

grant create on schema internal to api_writer;
alter function internal.refuse_sequencing() owner to api_writer;
revoke create on schema internal from api_writer;
