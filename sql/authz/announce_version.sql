-- After authz.identify_caller, which writes the headers of the response again.
create or replace function authz.announce_version()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    named text := current_setting('aspen.version_headers', true);
begin
    if named <> '' then
        perform internal.add_headers(jsonb_agg(jsonb_build_object(headers.name, headers.value)))
        from json_each(named::json) as headers (name, value);
    end if;
end
$$;

comment on function authz.announce_version() is $$Say in the response that its version of the API is deprecated

Deprecation, Sunset and Link of a previous version (authz.note_version).$$;

revoke all on function authz.announce_version() from public;
grant execute on function authz.announce_version() to claims_reader;
