-- An identifier that is taken ends the statement of many rows; then they are written one by one, to
-- name the first that meets it. Runs as the trigger that calls it, so row-level security holds.
create or replace function internal.change_samples(changes jsonb[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    change jsonb;
begin
    perform internal.write_samples(changes);
exception when unique_violation then
    if cardinality(changes) > 1 then
        foreach change in array changes loop
            perform internal.change_samples(array[change]);
        end loop;
    else
        perform internal.fail(409, 'sample_exists',
            'Nothing was changed: an identifier already exists in this group',
            (
                select json_agg(json_build_object(
                    'id', samples.id,
                    'private_identifier',
                    coalesce(changes[1] ->> 'private_identifier', samples.private_identifier),
                    'public_identifier',
                    coalesce(changes[1] ->> 'public_identifier', samples.public_identifier)
                ))
                from aspen.samples as samples
                where samples.id = (changes[1] ->> 'id')::bigint
            )::text);
    end if;
end
$$;

comment on function internal.change_samples(jsonb[]) is $$Write the changes of a PATCH, naming a sample whose identifier is taken

changes: as for internal.write_samples. Errors: 409 sample_exists.$$;

revoke all on function internal.change_samples(jsonb[]) from public;
grant execute on function internal.change_samples(jsonb[]) to api_writer;
