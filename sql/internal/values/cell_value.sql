-- Reads a cell as the functions authz.written_… read those of api.samples, without noting what is
-- wrong: internal.cell_problem tells. Without a `set` clause, so that it is inlined: it runs for
-- every cell of a batch. stable, as to_jsonb is, for the same reason.
create or replace function internal.cell_value(cell json, cell_type text)
returns jsonb
language sql
stable
security invoker
begin atomic
    select
        case cell_value.cell_type
            when 'text' then to_jsonb(internal.cell_text(cell_value.cell))
            when
                'aspen.day' then to_jsonb(internal.parse_date(internal.cell_text(cell_value.cell)))
            when
                'aspen.key'
                then to_jsonb(internal.parse_integer(internal.cell_text(cell_value.cell)))
            when
                'aspen.flag'
                then to_jsonb(internal.parse_boolean(internal.cell_text(cell_value.cell)))
            when
                'aspen.amount'
                then to_jsonb(internal.parse_number(internal.cell_text(cell_value.cell)))
            when 'text[]'
                then
                    case
                        when internal.cell_text(cell_value.cell) is null then '[]'
                        else to_jsonb(internal.parse_words_list(cell_value.cell))
                    end
        end;
end;

comment on function internal.cell_value(json, text) is $$The value of a cell of a batch, null if it has none or cannot be read

cell_type: as internal.sample_cell_types names it. A text that is not written as one is returned all
the same; an empty list is one without names.$$;

revoke all on function internal.cell_value(json, text) from public;
grant execute on function internal.cell_value(json, text) to api_writer;
