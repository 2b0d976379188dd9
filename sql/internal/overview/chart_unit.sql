create or replace function internal.chart_unit(measure text, most numeric)
returns table (unit text, divisor numeric)
language sql
immutable
security invoker
rows 1
begin atomic
    select
        known.unit,
        known.divisor
    from (
        values
        ('bytes', 'bytes', 1),
        ('bytes', 'kB', 1000),
        ('bytes', 'MB', 1000000),
        ('bytes', 'GB', 1000000000),
        ('bytes', 'TB', 1000000000000),
        ('seconds', 'seconds', 1),
        ('seconds', 'minutes', 60),
        ('seconds', 'hours', 3600),
        ('seconds', 'days', 86400),
        (chart_unit.measure, chart_unit.measure, 1)
    ) as known (measure, unit, divisor)
    where
        known.measure = chart_unit.measure
        and (known.divisor = 1 or known.divisor <= chart_unit.most)
    order by known.divisor desc
    limit 1;
end;

comment on function internal.chart_unit(text, numeric) is
$$In which unit a chart is drawn whose largest amount is given

measure: bytes or seconds, which have larger units, or another word, which is the unit itself.$$;

revoke all on function internal.chart_unit(text, numeric) from public;
grant execute on function internal.chart_unit(text, numeric) to member;
