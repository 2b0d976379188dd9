create or replace view api.import_problems
with (security_invoker = true)
as
select
    problems.id,
    problems.group_id,
    problems.job_id,
    problems.file_name,
    problems.line,
    problems.strain,
    problems.field,
    problems.value,
    problems.reason
from aspen.import_problems as problems;

comment on view api.import_problems is $$Why rows of an import were rejected

One row for each problem of the last attempt of an import (see create_import), for members and admins
of the group, directly or by a grant. With one problem nothing of the import is stored.$$;

comment on column api.import_problems.id is 'Identifier of the row';
comment on column api.import_problems.group_id is 'Group that owns the import; see groups in me';
comment on column api.import_problems.job_id is 'Import; see jobs';
comment on column api.import_problems.file_name is 'Name of the file, as in uploads';
comment on column api.import_problems.line is 'Line of the file, from 1; in FASTA that of the header';
comment on column api.import_problems.strain is
'Name of the sample in the file; empty if the line has none';
comment on column api.import_problems.field is 'Column of the file; empty for the whole row';
comment on column api.import_problems.value is
'What is there, cut after 200 characters; � stands for a control character';
comment on column api.import_problems.reason is 'What is wrong with it';

grant select on api.import_problems to member;
