-- NOTE: nothing is granted: migrations write these rows, and only a foreign key reads them.

alter table aspen.job_output_kinds enable row level security;

alter table aspen.job_output_kinds force row level security;
