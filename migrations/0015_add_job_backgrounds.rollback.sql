drop table aspen.job_backgrounds;
