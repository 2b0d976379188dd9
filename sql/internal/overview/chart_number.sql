create or replace function internal.chart_number(amount numeric)
returns text
language sql
immutable
security invoker
begin atomic
    select
        rtrim(
            to_char(
                case
                    when chart_number.amount = 0 then 0
                    else
                        round(
                            chart_number.amount,
                            greatest(2 - floor(log(abs(chart_number.amount)))::integer, 0)
                        )
                end,
                'FM999,999,999,999,990.999999999999'
            ),
            '.'
        );
end;

comment on function internal.chart_number(numeric) is
'An amount with three digits as people read it: 1,234 or 0.0256';

revoke all on function internal.chart_number(numeric) from public;
grant execute on function internal.chart_number(numeric) to member;
