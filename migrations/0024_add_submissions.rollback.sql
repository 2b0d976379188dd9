drop table aspen.submission_samples;

drop table aspen.submission_files;

drop table aspen.submissions;
