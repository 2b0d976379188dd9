create or replace function internal.file_name(repository text, ending text)
returns text
language sql
stable
security invoker
begin atomic
    select
        concat_ws(
            '_',
            to_char(now() at time zone 'UTC', 'YYYYMMDD'),
            regexp_replace(file_name.repository, '[^A-Za-z0-9.-]', '_', 'g'),
            file_name.ending
        );
end;

comment on function internal.file_name(text, text) is
$$The name of a downloaded file

The day in UTC, the repository if there is one, and ending.$$;

revoke all on function internal.file_name(text, text) from public;
grant execute on function internal.file_name(text, text) to api_writer;
