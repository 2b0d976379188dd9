-- Reads a cell like the functions authz.written_… read those of api.samples, but without noting
-- problems: internal.cell_problem returns them. It has no `set` clause, and is stable like
-- to_jsonb, so that it is inlined: it runs for every cell of a batch.
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

comment on function internal.cell_value(json, text) is
$$The value of a cell of a batch; null if blank or unreadable

cell_type: as named by internal.sample_cell_types. A cell of type text that holds another type is
returned as text; a blank list is an empty list.$$;

revoke all on function internal.cell_value(json, text) from public;
grant execute on function internal.cell_value(json, text) to api_writer;
