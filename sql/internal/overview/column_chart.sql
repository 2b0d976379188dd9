-- The plot is 732 wide and 240 high, and begins at (60, 12). Bars have titles, which browsers show
-- below the pointer; for everybody else the numbers are in the table.
create or replace function internal.column_chart(
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
    with cells as materialized (
        select
            cells.label_number,
            cells.series_number,
            cells.amount,
            cells.top
        from internal.chart_cells(
            cardinality(column_chart.labels),
            cardinality(column_chart.series),
            column_chart.amounts,
            1
        ) as cells
    ),

    axis as materialized (
        select
            steps.step,
            ceil(highest.top / steps.step) * steps.step as most,
            732.0 / cardinality(column_chart.labels) as width,
            ceil(cardinality(column_chart.labels) / 9.0) as labels_apart
        from (select max(cells.top) as top from cells) as highest
        cross join lateral internal.chart_step(highest.top, true) as steps (step)
    ),

    grid as (
        select
            string_agg(
                format(
                    '<line class="grid" x1="60" x2="792" y1="%1$s" y2="%1$s"/>'
                    '<text x="54" y="%2$s" text-anchor="end">%3$s</text>',
                    round(252 - 240 * lines.amount / axis.most, 1),
                    round(256 - 240 * lines.amount / axis.most, 1),
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
                    '<rect class="%s" x="%s" y="%s" width="%s" height="%s"><title>%s</title>'
                    '</rect>',
                    column_chart.colors[cells.series_number],
                    round(60 + axis.width * (cells.label_number - 0.95), 1),
                    round(252 - 240 * cells.top / axis.most, 1),
                    round(axis.width * 0.9, 1),
                    round(240 * cells.amount / axis.most, 1),
                    internal.html_text(
                        column_chart.labels[cells.label_number] || ', '
                        || column_chart.series[cells.series_number] || ': '
                        || internal.chart_number(cells.amount)
                    )
                ),
                ''
                order by cells.label_number, cells.series_number
            ) as svg
        from cells
        cross join axis
        where cells.amount > 0
    ),

    names as (
        select
            string_agg(
                format(
                    '<text x="%s" y="272" text-anchor="middle">%s</text>',
                    round(60 + axis.width * (labels.number - 0.5), 1),
                    internal.html_text(labels.name)
                ),
                ''
                order by labels.number
            ) as svg
        from axis
        cross join unnest(column_chart.labels) with ordinality as labels (name, number)
        where (labels.number - 1) % axis.labels_apart = 0
    )

    select
        format(
            '<svg viewBox="0 0 800 300" role="img" aria-labelledby="%1$s-title"'
            ' aria-describedby="%1$s-desc">'
            '<title id="%1$s-title">%2$s</title><desc id="%1$s-desc">%3$s</desc>%4$s%5$s%6$s'
            '<text x="426" y="294" text-anchor="middle">week that begins on</text></svg>',
            column_chart.id,
            internal.html_text(column_chart.title),
            internal.html_text(
                'Stacked columns; the highest has '
                || (select internal.chart_number(max(cells.top)) from cells) || ' '
                || column_chart.measure || '. The table below has all numbers.'
            ),
            grid.svg,
            bars.svg,
            names.svg
        )
    from grid
    cross join bars
    cross join names;
end;

comment on function internal.column_chart(text, text, text[], text[], text[], numeric[], text) is
$$Stacked columns, one for each label, as SVG

For what is counted by week. id: of the chart on the page. colors: a class of the page's style for each of series.
amounts: see internal.chart_cells.$$;

revoke all on function internal.column_chart(
    text, text, text[], text[], text[], numeric[], text
) from public;
grant execute on function internal.column_chart(
    text, text, text[], text[], text[], numeric[], text
) to member;
