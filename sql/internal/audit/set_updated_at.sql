create or replace function internal.set_updated_at()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    new.updated_at := now();
    return new;
end
$$;

comment on function internal.set_updated_at() is
'Trigger: set updated_at to the time of the change';

revoke all on function internal.set_updated_at() from public;
