-- Fires only for rows that need it (see the trigger).
-- definer because the prefix of the group and internal.fail are out of reach of API roles.
create or replace function internal.complete_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if new.collection_date > current_date + 1 then
        perform internal.fail(400, 'invalid_sample', 'A sample is invalid', (
            select json_agg(json_build_object(
                'field', problem.field, 'value', problem.value, 'reason', problem.reason
            ))
            from internal.sample_problems(new) as problem
            where problem.field = 'collection_date'
        )::text);
    end if;
    if coalesce(new.public_identifier, '') = '' then
        new.public_identifier := internal.generated_public_identifier(
            new.id, new.group_id, new.pathogen_id, new.location_id);
    end if;
    return new;
end
$$;

comment on function internal.complete_sample() is $$Trigger: completes a sample

Generates an empty public identifier and refuses a collection date in the future.$$;

revoke all on function internal.complete_sample() from public;

grant create on schema internal to api_writer;
alter function internal.complete_sample() owner to api_writer;
revoke create on schema internal from api_writer;
