drop table aspen.audit_log;
