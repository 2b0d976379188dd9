-- A trigger for each row sees values but not which columns were named; a trigger for each statement
-- fires by the columns named, even if their values stay the same.
create or replace function internal.note_named_column()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    perform set_config('aspen.named_columns', case tg_when
        when 'BEFORE' then concat_ws(',',
            nullif(current_setting('aspen.named_columns', true), ''), tg_argv[0])
        else ''
    end, true);
    return null;
end
$$;

comment on function internal.note_named_column() is $$Trigger: note a column that an update names

Its argument, for the triggers of each row; all notes are removed after the statement.$$;

revoke all on function internal.note_named_column() from public;
