-- volatile, because it notes what is not usable.
create or replace function authz.written_words_list(cell json)
returns aspen.words_list
language sql
volatile
security invoker
begin atomic
    select
        case
            when internal.cell_text(written_words_list.cell) is not null
                then
                    coalesce(
                        internal.parse_words_list(written_words_list.cell),
                        array[
                            E'\u0001' || internal.note_bad_value(
                                written_words_list.cell, 'must be an array of names'
                            )
                        ]
                    )
        end::aspen.words_list;
end;

comment on function authz.written_words_list(json) is
'The list of texts that a cell of a request holds, null if it is blank';

revoke all on function authz.written_words_list(json) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.written_words_list(json)
to authenticator, anon, member, operator, job;

create cast (json as aspen.words_list) with function authz.written_words_list(json) as implicit;
