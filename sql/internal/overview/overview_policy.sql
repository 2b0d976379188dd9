-- Without the hash, browsers ignore the style; nothing else may be loaded or run.
create or replace function internal.overview_policy()
returns text
language sql
immutable
security invoker
begin atomic
    select
        'default-src ''none''; style-src ''sha256-'
        || encode(sha256(convert_to(internal.overview_style(), 'UTF8')), 'base64')
        || '''; base-uri ''none''; form-action ''none''; frame-ancestors ''none''';
end;

comment on function internal.overview_policy() is
'Content-Security-Policy of the overview: its own style, nothing else';

revoke all on function internal.overview_policy() from public;
grant execute on function internal.overview_policy() to member;
