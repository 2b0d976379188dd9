create or replace function internal.chart_legend(series text[], colors text[])
returns text
language sql
immutable
security invoker
begin atomic
    select
        '<ul class="legend">'
        || string_agg(
            format(
                '<li><span class="swatch %s"></span><bdi>%s</bdi></li>',
                chart_legend.colors[series.number],
                internal.html_text(series.name)
            ),
            ''
            order by series.number
        )
        || '</ul>'
    from unnest(chart_legend.series) with ordinality as series (name, number);
end;

comment on function internal.chart_legend(text[], text[]) is
'Which colour of a chart means what, as HTML';

revoke all on function internal.chart_legend(text[], text[]) from public;
grant execute on function internal.chart_legend(text[], text[]) to member;
