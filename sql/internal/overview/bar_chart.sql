-- The plot is 560 wide and begins at (180, 8); each bar has 34.
create or replace function internal.bar_chart(
    id text,
    title text,
    labels text[],
    series text[],
    colors text[],
    amounts numeric[],
    measure text
)
returns text
language sql
immutable
security invoker
begin atomic
    with units as materialized (
        select
            units.unit,
            units.divisor,
            units.unit = any(array['samples', 'jobs', 'bytes']) as is_whole
        from (
            select max(cells.top) as top
            from internal.chart_cells(
                cardinality(bar_chart.labels),
                cardinality(bar_chart.series),
                bar_chart.amounts,
                1
            ) as cells
        ) as highest
        cross join lateral internal.chart_unit(bar_chart.measure, highest.top) as units
    ),

    cells as materialized (
        select
            cells.label_number,
            cells.series_number,
            cells.amount,
            cells.top
        from units
        cross join
            lateral internal.chart_cells(
                cardinality(bar_chart.labels),
                cardinality(bar_chart.series),
                bar_chart.amounts,
                units.divisor
            ) as cells
    ),

    axis as materialized (
        select
            steps.step,
            ceil(highest.top / steps.step) * steps.step as most,
            8 + 34 * cardinality(bar_chart.labels) as bottom
        from (select max(cells.top) as top from cells) as highest
        cross join units
        cross join lateral internal.chart_step(highest.top, units.is_whole) as steps (step)
    ),

    grid as (
        select
            string_agg(
                format(
                    '<line class="grid" x1="%1$s" x2="%1$s" y1="8" y2="%2$s"/>'
                    '<text x="%1$s" y="%3$s" text-anchor="middle">%4$s</text>',
                    round(180 + 560 * lines.amount / axis.most, 1),
                    axis.bottom,
                    axis.bottom + 18,
                    internal.chart_number(lines.amount)
                ),
                ''
                order by lines.amount
            ) as svg
        from axis
        cross join lateral generate_series(0, axis.most, axis.step) as lines (amount)
    ),

    bars as (
        select
            string_agg(
                format(
                    '<rect class="%s" x="%s" y="%s" width="%s" height="24"><title>%s</title>'
                    '</rect>',
                    bar_chart.colors[cells.series_number],
                    round(180 + 560 * (cells.top - cells.amount) / axis.most, 1),
                    34 * cells.label_number - 21,
                    round(560 * cells.amount / axis.most, 1),
                    internal.html_text(
                        bar_chart.labels[cells.label_number] || ', '
                        || bar_chart.series[cells.series_number] || ': '
                        || internal.chart_number(cells.amount) || ' ' || units.unit
                    )
                ),
                ''
                order by cells.label_number, cells.series_number
            ) as svg
        from cells
        cross join axis
        cross join units
        where cells.amount > 0
    ),

    names as (
        select
            string_agg(
                format(
                    '<text x="172" y="%s" text-anchor="end">%s</text>',
                    34 * labels.number - 5,
                    internal.html_text(
                        case
                            when char_length(labels.name) > 24 then left(labels.name, 23) || '…'
                            else labels.name
                        end
                    )
                ),
                ''
                order by labels.number
            ) as svg
        from unnest(bar_chart.labels) with ordinality as labels (name, number)
    )

    select
        format(
            '<svg viewBox="0 0 800 %1$s" role="img" aria-labelledby="%2$s-title"'
            ' aria-describedby="%2$s-desc">'
            '<title id="%2$s-title">%3$s</title><desc id="%2$s-desc">%4$s</desc>%5$s%6$s%7$s'
            '<text x="460" y="%8$s" text-anchor="middle">%9$s</text></svg>',
            axis.bottom + 46,
            bar_chart.id,
            internal.html_text(bar_chart.title),
            internal.html_text(
                'Bars of ' || array_to_string(bar_chart.labels, ', ') || ', in ' || units.unit
                || '. The table below has all numbers.'
            ),
            grid.svg,
            bars.svg,
            names.svg,
            axis.bottom + 40,
            internal.html_text(units.unit)
        )
    from axis
    cross join units
    cross join grid
    cross join bars
    cross join names;
end;

comment on function internal.bar_chart(text, text, text[], text[], text[], numeric[], text) is
$$Stacked bars from left to right, one for each label, as SVG

measure: see internal.chart_unit. The rest is as in internal.column_chart.$$;

revoke all on function internal.bar_chart(
    text, text, text[], text[], text[], numeric[], text
) from public;
grant execute on function internal.bar_chart(
    text, text, text[], text[], text[], numeric[], text
) to member;
