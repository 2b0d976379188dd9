-- Moved to another sample, a row would be a new one there, and creating takes a direct role.
create or replace function internal.refuse_move()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    perform authz.fail(400, 'read_only_column', 'group_id and sample_id cannot be changed',
        json_build_object('id', old.id)::text,
        'Delete the row and create one for the other sample.');
    return null;
end
$$;

comment on function internal.refuse_move() is $$Trigger: a row stays with its sample

Errors: 400 read_only_column.$$;

revoke all on function internal.refuse_move() from public;
