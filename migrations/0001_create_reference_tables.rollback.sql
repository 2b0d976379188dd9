drop table aspen.public_sequences;

drop table aspen.reference_datasets;

drop table aspen.usher_options;

drop table aspen.lineages;

drop table aspen.pathogen_repositories;

drop table aspen.pathogens;

drop table aspen.public_repositories;

drop table aspen.locations;
