create or replace function internal.refuse_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    raise sqlstate '55000' using
        message = 'These rows cannot be changed', detail = tg_table_schema || '.' || tg_table_name;
end
$$;

comment on function internal.refuse_change() is
'Trigger: reject every change of rows that are never changed';

revoke all on function internal.refuse_change() from public;
