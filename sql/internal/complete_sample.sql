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
        perform internal.fail(400, 'invalid_sample', 'A sample is not usable',
            json_build_array(json_build_object(
            'field', 'collection_date', 'value', new.collection_date, 'reason',
                'must be between 1900-01-01 and today'
        ))::text);
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
