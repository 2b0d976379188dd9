create or replace function api.manual()
returns api."*/*"
language sql
stable
security invoker
begin atomic
    select internal.add_headers('[{"Content-Type": "text/markdown; charset=utf-8"}]');

    select
        coalesce(
            (select kept.manual from internal.kept_description() as kept),
            internal.manual_text()
        );
end;

comment on function api.manual() is $$The manual of the API on one page

text/markdown, for people and programs that read text: every resource with its columns and every
function that the caller's role may use.$$;

revoke all on function api.manual() from public;
grant execute on function api.manual() to anon, member, operator, job;
