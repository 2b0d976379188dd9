drop table aspen.sample_mutations;

drop table aspen.sample_qc_metrics;

drop table aspen.sample_lineages;

drop table aspen.accessions;

drop table aspen.aligned_sequences;

drop table aspen.sequences;

drop table aspen.samples;
