alter table aspen.samples drop constraint if exists samples_texts_length_check;
