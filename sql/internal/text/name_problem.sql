-- Says in words what internal.is_name checks. Without a `set` clause, so that it is inlined: it
-- runs for every row of a batch. One expression comes first, because most names are valid.
create or replace function internal.name_problem(name text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        case
            when
                length(name_problem.name) between 1 and 128 and internal.is_name(name_problem.name)
                then null
            when
                length(name_problem.name) not between 1 and 128
                or name_problem.name ~ '[\n\r]'
                or name_problem.name ~ (
                    '^[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]'
                    || '|[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
                )
                then 'must be 1 to 128 characters on one line, without spaces around it'
            when name_problem.name ~ '^[=+@\uff0b\uff0d\uff1d\uff20-]'
                then 'must not begin with =, +, - or @'
            -- Four digits or more.
            when name_problem.name is not null
                then 'must not hold the invisible character U+' || regexp_replace(
                    lpad(
                        upper(
                            to_hex(
                                ascii(
                                    substring(
                                        name_problem.name from (
                                            '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e'
                                            || '\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff'
                                            || '\ufff9-\uffff\U000e0000-\U000e007f]'
                                        )
                                    )
                                )
                            )
                        ), 6, '0'
                    ), '^00?', ''
                )
        end;
end;

comment on function internal.name_problem(text) is
$$What is wrong with a name or an identifier, in words, or null

Null for null too.$$;

revoke all on function internal.name_problem(text) from public;
grant execute on function internal.name_problem(text) to api_writer;
