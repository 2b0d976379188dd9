-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
create or replace function internal.trimmed(value text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        nullif(
            btrim(
                trimmed.value,
                E' \t\n\u000b\f\r\u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003'
                || E'\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
            ),
            ''
        );
end;

comment on function internal.trimmed(text) is
$$A text without white space around it, null if nothing is left

White space as in Unicode and in the strip() of Python.$$;

revoke all on function internal.trimmed(text) from public;
grant execute on function internal.trimmed(text)
to anon, member, operator, job, api_writer, registrar;
