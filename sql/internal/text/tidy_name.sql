-- Without a `set` clause, so that it is inlined. Controls and line ends stay, to be refused.
create or replace function internal.tidy_name(name text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        normalize(
            btrim(
                regexp_replace(
                    tidy_name.name, '[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+', ' ', 'g'
                )
            )
        );
end;

comment on function internal.tidy_name(text) is $$A name without the differences that nobody sees

No blanks around it, one between its words, and accented letters as one character each (NFC).$$;

revoke all on function internal.tidy_name(text) from public;
grant execute on function internal.tidy_name(text) to api_writer;
