-- The rule of samples_authors_form_check, which cannot call code: keep both in step. All names are
-- checked together, one on each line: a null or a line break makes the number of lines wrong. The
-- length of the longest is measured only if one may be too long, because measuring takes time.
create or replace function internal.are_names(names text[])
returns boolean
language plpgsql
stable
strict
security invoker
set search_path = ''
as $$
declare
    lines text := array_to_string(names, E'\n');
begin
    return cardinality(names) = 0
        or array_ndims(names) = 1
        and cardinality(names) <= 1000
        and length(lines) <= 20000
        and length(lines) - length(replace(lines, E'\n', '')) = cardinality(names) - 1
        and lines !~ (
            '(?n)^$|^[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000=+@\uff0b\uff0d\uff1d\uff20-]'
            '|[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
            '|[\u0001-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f'
            '\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\U000e0000-\U000e007f]'
        )
        and (length(lines) <= 250 or lines !~ '(?n)^.{251}');
end
$$;

comment on function internal.are_names(text[]) is
'Whether a list is one of valid names, at most 1000 of 250 characters';

revoke all on function internal.are_names(text[]) from public;
grant execute on function internal.are_names(text[]) to api_writer;
