//! The rules that humdrum promises: their ids, categories and defaults are in other people's configuration and
//! comments, so none goes or changes by accident.

use std::collections::BTreeMap;

use humdrum::lint::Rule;

/// `default rule rule ...` below the line of their category.
const PROMISED: &str = "
[locking]
error    create-index-blocking reindex-blocking refresh-blocking add-column-volatile-default add-column-serial
error    add-column-generated-stored add-column-constrained-domain add-column-check add-column-unique
error    add-column-foreign-key add-required-column alter-column-type set-not-null-scan add-check-validated
error    add-foreign-key-validated add-unique-constraint add-primary-key add-exclusion-constraint
error    validate-under-lock domain-constraint-scan attach-partition-scan detach-partition-blocking vacuum-full
error    cluster alter-table-rewrite blocking-work lock-held-during-work backfill-with-schema-change
warning  drop-index-blocking work-done-twice missing-lock-timeout lock-timeout-ineffective
warning  statement-timeout-kills-build foreign-key-locks-other-table many-locks-in-one-transaction explicit-lock
warning  index-lock-blocks-reads
note     trigger-lock sequence-change
off      lock-timeout-too-long missing-statement-timeout missing-idle-timeout statement-timeout-too-long
off      repeated-alter-table
[transaction]
error    forbidden-in-transaction unbalanced-transaction enum-value-used-too-early statement-fails
error    unsupported-version
warning  concurrently-not-alone
note     runner-lock-hangs
[data]
error    drop-database truncate narrowing-type-change disable-trigger recreate-table
warning  drop-table drop-column drop-column-dependents drop-cascade drop-schema drop-type drop-object
warning  drop-constraint unlogged-table replica-identity
[compatibility]
error    rename-column rename-table rename-object
warning  drop-not-null identity-change replace-definition contract-too-early volatile-check
note     unique-may-fail
off      new-write-restriction set-default-keeps-old-rows
[backfill]
warning  unbatched-update unbatched-delete batch-loop-in-one-transaction batch-loop-never-ends
note     unbatched-insert
off      sequence-not-advanced
[rollback]
error    out-of-order-migration edited-migration duplicate-version
warning  missing-rollback incomplete-rollback
note     irreversible-migration
[index]
warning  invalid-index-kept redundant-index replace-index-gap foreign-key-without-index
warning  foreign-key-type-mismatch no-primary-key
note     short-integer-primary-key default-partition inheritance-change
off      wide-index concurrent-index-corruption
[security]
warning  rls-without-policy grant-to-public security-definer-search-path system-setting autovacuum-disabled
note     create-extension
off      policy-change
[style]
warning  identifier-too-long if-not-exists-no-op
off      prefer-bigint prefer-identity prefer-text prefer-timestamptz char-type money-type
off      floating-point-column json-column quoted-identifier unqualified-name unnamed-object
off      prefer-idempotent prefer-lookup-table domain-with-constraint
[check]
error    syntax-error unknown-rule
warning  unused-ignore
note     unanalysed-statement
off      ignore-without-reason
";

type Promise = (String, String);

fn promised() -> BTreeMap<String, Promise> {
    let mut promised = BTreeMap::new();
    let mut category = "";
    for line in PROMISED.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            category = name;
            continue;
        }
        let mut words = line.split_whitespace();
        let default = words.next().expect("a severity");
        for rule in words {
            let promise = (category.to_owned(), default.to_owned());
            let twice = promised.insert(rule.to_owned(), promise);
            assert!(twice.is_none(), "{rule} is listed twice");
        }
    }
    promised
}

fn kept(rule: &Rule) -> Promise {
    let page = &rule.page;
    let default = page.severity.map_or("off", |severity| severity.name());
    (page.category.name().to_owned(), default.to_owned())
}

#[test]
fn every_rule_is_there_with_its_category_and_default() {
    let there: BTreeMap<String, Promise> = humdrum::rules::all()
        .iter()
        .map(|rule| (rule.id().to_owned(), kept(rule)))
        .collect();
    let promised = promised();
    for (rule, promise) in &promised {
        assert_eq!(there.get(rule), Some(promise), "{rule}");
    }
    let more: Vec<&String> = there
        .keys()
        .filter(|it| !promised.contains_key(*it))
        .collect();
    assert!(more.is_empty(), "not listed here: {more:?}");
}
