create or replace function internal.chart_cells(
    label_count integer,
    series_count integer,
    amounts numeric[],
    divisor numeric
)
returns table (label_number integer, series_number integer, amount numeric, top numeric)
language sql
immutable
security invoker
begin atomic
    select
        labels.number as label_number,
        series.number as series_number,
        cells.amount,
        sum(cells.amount) over (
            partition by labels.number
            order by series.number
        ) as top
    from generate_series(1, chart_cells.label_count) as labels (number)
    cross join generate_series(1, chart_cells.series_count) as series (number)
    cross join
        lateral (
            values (
                coalesce(
                    chart_cells.amounts[
                        (labels.number - 1) * chart_cells.series_count + series.number
                    ], 0
                ) / chart_cells.divisor
            )
        ) as cells (amount)
    order by labels.number, series.number;
end;

comment on function internal.chart_cells(integer, integer, numeric[], numeric) is
$$The parts of stacked bars: each with its amount and where it ends

amounts: those of the first bar, in the order of the series, then those of the second.$$;

revoke all on function internal.chart_cells(integer, integer, numeric[], numeric) from public;
grant execute on function internal.chart_cells(integer, integer, numeric[], numeric) to member;
