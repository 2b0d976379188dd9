-- Says in words what internal.is_text checks. Without a `set` clause, so that it is inlined.
create or replace function internal.text_problem(value text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        case
            when
                length(text_problem.value) <= 1000 and internal.is_text(text_problem.value)
                then null
            when length(text_problem.value) > 1000 then 'must have at most 1000 characters'
            when text_problem.value ~ '[\n\r]' then 'must be on one line'
            when text_problem.value ~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
                then 'must not hold the invisible character U+' || lpad(
                    upper(
                        to_hex(
                            ascii(
                                substring(
                                    text_problem.value from
                                    '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
                                )
                            )
                        )
                    ), 4, '0'
                )
            when text_problem.value is not null
                then 'must not begin with = or @, nor with + or - unless it is a number'
        end;
end;

comment on function internal.text_problem(text) is
$$What is wrong with a free text, in words, or null

Null for null too.$$;

revoke all on function internal.text_problem(text) from public;
grant execute on function internal.text_problem(text) to api_writer;
