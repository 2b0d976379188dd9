create or replace function internal.chart_section(
    id text,
    heading text,
    note text,
    head text,
    labels text[],
    series text[],
    colors text[],
    amounts numeric[],
    measure text,
    table_series text[] default null,
    table_amounts numeric[] default null
)
returns text
language sql
immutable
security invoker
begin atomic
    select
        format(
            '<section aria-labelledby="%1$s"><h2 id="%1$s">%2$s</h2><p>%3$s</p>%4$s</section>',
            chart_section.id,
            internal.html_text(chart_section.heading),
            internal.html_text(chart_section.note),
            case
                when
                    coalesce(
                        (
                            select max(amounts.amount)
                            from unnest(chart_section.amounts) as amounts (amount)
                        ), 0
                    ) <= 0
                    then '<p class="empty">There is nothing to show.</p>'
                else
                    internal.chart_legend(chart_section.series, chart_section.colors)
                    || case
                        when chart_section.head = 'week'
                            then
                                internal.column_chart(
                                    chart_section.id || '-chart',
                                    chart_section.heading,
                                    chart_section.labels,
                                    chart_section.series,
                                    chart_section.colors,
                                    chart_section.amounts,
                                    chart_section.measure
                                )
                        else
                            internal.bar_chart(
                                chart_section.id || '-chart',
                                chart_section.heading,
                                chart_section.labels,
                                chart_section.series,
                                chart_section.colors,
                                chart_section.amounts,
                                chart_section.measure
                            )
                    end
                    || internal.chart_table(
                        chart_section.heading,
                        chart_section.head,
                        chart_section.labels,
                        coalesce(chart_section.table_series, chart_section.series),
                        coalesce(chart_section.table_amounts, chart_section.amounts),
                        chart_section.measure
                    )
            end
        );
end;

comment on function internal.chart_section(
    text, text, text, text, text[], text[], text[], numeric[], text, text[], numeric[]
) is
$$A chart with its heading, its legend and its table, as HTML

head: what the labels are; weeks become columns, everything else bars. table_series and table_amounts: what
the table shows, if it is not what is drawn.$$;

revoke all on function internal.chart_section(
    text, text, text, text, text[], text[], text[], numeric[], text, text[], numeric[]
) from public;
grant execute on function internal.chart_section(
    text, text, text, text, text[], text[], text[], numeric[], text, text[], numeric[]
) to member;
