create or replace function internal.nextclade_columns()
returns text[]
language sql
immutable
security invoker
begin atomic
    select
        string_to_array(
            'seqName clade outbreak lineage Nextclade_pango partiallyAliased clade_nextstrain'
            ' clade_who clade_legacy qc.overallScore qc.overallStatus totalSubstitutions'
            ' totalDeletions totalInsertions totalFrameShifts totalAminoacidSubstitutions'
            ' totalAminoacidDeletions totalAminoacidInsertions totalMissing totalNonACGTNs'
            ' totalPcrPrimerChanges substitutions deletions insertions'
            ' privateNucMutations.reversionSubstitutions privateNucMutations.labeledSubstitutions'
            ' privateNucMutations.unlabeledSubstitutions'
            ' privateNucMutations.totalReversionSubstitutions'
            ' privateNucMutations.totalLabeledSubstitutions'
            ' privateNucMutations.totalUnlabeledSubstitutions'
            ' privateNucMutations.totalPrivateSubstitutions frameShifts aaSubstitutions aaDeletions'
            ' aaInsertions missing nonACGTNs pcrPrimerChanges alignmentScore alignmentStart'
            ' alignmentEnd coverage qc.missingData.missingDataThreshold qc.missingData.score'
            ' qc.missingData.status qc.missingData.totalMissing'
            ' qc.mixedSites.mixedSitesThreshold qc.mixedSites.score qc.mixedSites.status'
            ' qc.mixedSites.totalMixedSites qc.privateMutations.cutoff qc.privateMutations.excess'
            ' qc.privateMutations.score qc.privateMutations.status qc.privateMutations.total'
            ' qc.snpClusters.clusteredSNPs qc.snpClusters.score qc.snpClusters.status'
            ' qc.snpClusters.totalSNPs qc.frameShifts.frameShifts qc.frameShifts.totalFrameShifts'
            ' qc.frameShifts.frameShiftsIgnored qc.frameShifts.totalFrameShiftsIgnored'
            ' qc.frameShifts.score qc.frameShifts.status qc.stopCodons.stopCodons'
            ' qc.stopCodons.totalStopCodons qc.stopCodons.score qc.stopCodons.status'
            ' isReverseComplement failedGenes warnings errors',
            ' '
        );
end;

comment on function internal.nextclade_columns() is
$$The columns of Nextclade, in the order of a download

Those of other versions follow by name.$$;

revoke all on function internal.nextclade_columns() from public;
grant execute on function internal.nextclade_columns() to api_writer;
