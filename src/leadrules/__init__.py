"""LeadRules: lead rules as text in git, checked by a compiler, dry-run on an export, run in batch.

The path of the data, each arrow one function:

    text            core/source       SourceFile, Span
      | parse       syntax/           frozen nodes with spans
    syntax tree
      | compile     compile/          names bound, every expression typed against the schemas
    Ruleset         ruleset/          frozen, serialisable; runs without a parser
      |  + leads, events              data/      readers that reject and count, never drop
      | evaluate    engine/           facts: scores, bands, segments, stages, what each rule gave
    Facts
      | run         lifecycle/        decisions, files, manifest
      | measure     measure/, calibrate/   what came of it, what would fit better
      | show        review/, show/    plan, test, explain, diff, report, findings

Arrows point downward: cli, lsp, review, (lifecycle, measure, calibrate), (compile, analyse, data, engine), (syntax, project, ruleset, show), core.
"""

__version__ = "0.1.0"
