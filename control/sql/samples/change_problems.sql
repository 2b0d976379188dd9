-- Return what is wrong with a batch of changes, by position, as api.update_samples finds it.
select
    problems.row_number - 1 as position,
    problems.field,
    problems.reason
from
    internal.sample_change_problems(
        internal.sample_changes(%(group_id)s, %(samples)s::json)
    ) as problems
order by problems.row_number, problems.field;
