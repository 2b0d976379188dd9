-- Without a `set` clause, so that it is inlined. Control characters and line ends stay and are
-- rejected later. Plain names, which most are, take a third of the time of others: ASCII knows one
-- space and no second form of a letter.
create or replace function internal.tidy_name(name text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        case
            when
                octet_length(tidy_name.name) = length(tidy_name.name)
                and strpos(tidy_name.name, '  ') = 0
                then btrim(tidy_name.name)
            else
                normalize(
                    btrim(
                        regexp_replace(
                            tidy_name.name,
                            '[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+', ' ', 'g'
                        )
                    )
                )
        end;
end;

comment on function internal.tidy_name(text) is $$A name without invisible differences

Removes white space around it, keeps one space between words, and composes accented letters (NFC).$$;

revoke all on function internal.tidy_name(text) from public;
grant execute on function internal.tidy_name(text) to api_writer;
