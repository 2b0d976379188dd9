-- tabindex lets the keyboard scroll a table that is wider than the window.
create or replace function internal.chart_table(
    caption text,
    head text,
    labels text[],
    series text[],
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
            units.divisor
        from internal.chart_unit(
            chart_table.measure,
            (select max(amounts.amount) from unnest(chart_table.amounts) as amounts (amount))
        ) as units
    ),

    lines as (
        select
            string_agg(
                format(
                    '<tr><th scope="row"><bdi>%s</bdi></th>%s</tr>',
                    internal.html_text(chart_table.labels[lines.label_number]),
                    lines.cells
                ),
                ''
                order by lines.label_number
            ) as html
        from (
            select
                cells.label_number,
                string_agg(
                    '<td>' || internal.chart_number(cells.amount) || '</td>',
                    ''
                    order by cells.series_number
                ) as cells
            from units
            cross join
                lateral internal.chart_cells(
                    cardinality(chart_table.labels),
                    cardinality(chart_table.series),
                    chart_table.amounts,
                    units.divisor
                ) as cells
            group by cells.label_number
        ) as lines
    )

    select
        format(
            '<details><summary>%1$s: the numbers</summary>'
            '<div class="scroll" tabindex="0" role="region" aria-label="%1$s: table">'
            '<table><caption>%1$s, in %2$s</caption>'
            '<thead><tr><th scope="col">%3$s</th>%4$s</tr></thead>'
            '<tbody>%5$s</tbody></table></div></details>',
            internal.html_text(chart_table.caption),
            internal.html_text(units.unit),
            internal.html_text(chart_table.head),
            heads.html,
            lines.html
        )
    from units
    cross join lines
    cross join (
        select
            string_agg(
                format(
                    '<th scope="col"><bdi>%s</bdi></th>', internal.html_text(series.name)
                ),
                ''
                order by series.number
            ) as html
        from unnest(chart_table.series) with ordinality as series (name, number)
    ) as heads;
end;

comment on function internal.chart_table(text, text, text[], text[], numeric[], text) is
'The numbers of a chart as a table that opens, in HTML';

revoke all on function internal.chart_table(
    text, text, text[], text[], numeric[], text
) from public;
grant execute on function internal.chart_table(
    text, text, text[], text[], numeric[], text
) to member;
