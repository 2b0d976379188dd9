-- Fires only for rows that need it (see the trigger). The rules of the dates are those of
-- internal.sample_problems; this is their last line of defence, for whatever writes the table
-- without that function: a check of the table cannot know today.
-- definer because API roles may not name internal.fail or the prefix of the group.
create or replace function internal.complete_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if new.collection_date > current_date + 1 or new.restricted_until > current_date + 3653 then
        perform internal.fail(400, 'invalid_sample', 'A sample is invalid', (
            select json_agg(json_build_object(
                'field', problem.field, 'value', problem.value, 'reason', problem.reason
            ))
            from internal.sample_problems(new) as problem
            where problem.field in ('collection_date', 'restricted_until')
        )::text);
    end if;
    if coalesce(new.public_identifier, '') = '' then
        new.public_identifier := internal.generated_public_identifier(
            new.id, new.group_id, new.pathogen_id, new.location_id);
    end if;
    return new;
end
$$;

comment on function internal.complete_sample() is $$Trigger: complete a sample

Generates an empty public identifier. Rejects a collection date in the future and a restriction of
more than ten years.$$;

revoke all on function internal.complete_sample() from public;
