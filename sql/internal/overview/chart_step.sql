create or replace function internal.chart_step(most numeric, is_whole boolean)
returns numeric
language sql
immutable
security invoker
begin atomic
    select min(powers.power * steps.step)
    from (
        values (
            case
                when chart_step.most > 0 then 10 ^ floor(log(chart_step.most / 5)) else 1
            end
        )
    ) as powers (power)
    cross join (values (1), (2), (5), (10), (100)) as steps (step)
    where
        powers.power * steps.step * 5 >= chart_step.most
        and (powers.power * steps.step >= 1 or not chart_step.is_whole);
end;

comment on function internal.chart_step(numeric, boolean) is
$$The distance of the lines of an axis, of which there are at most five

1, 2 or 5 times a power of ten. is_whole: at least 1, for what is counted.$$;

revoke all on function internal.chart_step(numeric, boolean) from public;
grant execute on function internal.chart_step(numeric, boolean) to member;
