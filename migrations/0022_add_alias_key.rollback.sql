set local role none;

delete from aspen.job_outputs
where kind = 'alias_key';

delete from aspen.job_output_kinds
where name = 'alias_key';

set local role aspen_owner;
