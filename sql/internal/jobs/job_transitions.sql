create or replace function internal.job_transitions()
returns table (action text, from_status text, to_status text)
language sql
immutable
security invoker
set search_path = ''
as $$
    values
        ('queue', null, 'queued'),
        ('start', 'queued', 'running'),
        ('succeed', 'queued', 'succeeded'),
        ('succeed', 'running', 'succeeded'),
        ('fail', 'queued', 'failed'),
        ('fail', 'running', 'failed'),
        ('cancel', 'queued', 'cancelled'),
        ('cancel', 'running', 'cancelled'),
        ('time_out', 'running', 'timed_out'),
        ('return', 'running', 'queued'),
        ('hand_back', 'running', 'queued'),
        ('retry', 'failed', 'queued'),
        ('retry', 'cancelled', 'queued'),
        ('retry', 'timed_out', 'queued');
$$;

comment on function internal.job_transitions() is $$List the steps of a job's life, and what each makes of its status

A new job has no status before. Each action leads to one status. A status that no action but retry
leads away from is an end. An attempt without a result returns to the queue as the next one, and so
does one that its worker hands back. docs/jobs.md draws these steps and lists the functions that take
them.$$;

revoke all on function internal.job_transitions() from public;
grant execute on function internal.job_transitions() to api_writer, results_keeper;
