-- Without a `set` clause, so that it is inlined: it runs for every row of a batch. PostgreSQL sorts
-- NaN as the largest number, hence the upper bound of the depth.
create or replace function internal.sequencing_problems(
    sequencing_date date,
    sequencing_depth double precision
)
returns table (field text, value text, reason text)
language sql
stable
security invoker
begin atomic
    select
        'sequencing_date' as field,
        sequencing_problems.sequencing_date::text as value,
        'must be between 1970-01-01 and today' as reason
    where sequencing_problems.sequencing_date not between '1970-01-01' and current_date + 1
    union all
    select
        'sequencing_depth' as field,
        sequencing_problems.sequencing_depth::text as value,
        'must be a number, not negative' as reason
    where
        not (
            sequencing_problems.sequencing_depth >= 0
            and sequencing_problems.sequencing_depth < 'Infinity'
        );
end;

comment on function internal.sequencing_problems(date, double precision) is
'What is wrong with the date and depth of a sequencing, one row per field';

revoke all on function internal.sequencing_problems(date, double precision) from public;
grant execute on function internal.sequencing_problems(date, double precision) to api_writer;
