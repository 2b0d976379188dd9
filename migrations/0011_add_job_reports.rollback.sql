drop table aspen.job_reports;
