//! Syntax that the newest grammar has and the target version does not: SQLSTATE 42601 there.
//!
//! Each entry names the release that brought the grammar (the "Migration to Version" and feature lists of the
//! release notes, src/backend/parser/gram.y of the release before). Options that the grammar takes as plain
//! words (storage parameters, VACUUM options) are judged by their own families.

use pg_query::protobuf::{
    AlterTableCmd, AlterTableType, ColumnDef, ConstrType, Constraint, CreateFunctionStmt,
    CreateStmt, DefElem, PublicationObjSpec, PublicationObjSpecType,
};
use pg_query::{Node, NodeEnum, NodeRef};

use super::Collector;
use crate::sql::walk;

/// What is newer, and since when.
struct Newer {
    what: &'static str,
    since: u8,
}

const fn newer(what: &'static str, since: u8) -> Option<Newer> {
    Some(Newer { what, since })
}

/// Reports 42601 when the statement uses grammar that is newer than the session's version.
pub fn check(c: &mut Collector<'_>) {
    if c.input.since(18) {
        return;
    }
    let found = walk::descendants(c.input.node)
        .filter_map(of_node)
        .chain(of_statement(c.input.node))
        .filter(|newer| !c.input.since(newer.since))
        .max_by_key(|newer| newer.since);
    if let Some(newer) = found {
        let message = format!(
            "syntax error: {} exists only from PostgreSQL {} on",
            newer.what, newer.since
        );
        c.error("42601", message, c.input.span());
    }
}

fn of_statement(statement: &NodeEnum) -> Option<Newer> {
    match statement {
        NodeEnum::AlterTableStmt(alter) => alter
            .cmds
            .iter()
            .filter_map(|command| match &command.node {
                Some(NodeEnum::AlterTableCmd(command)) => of_subcommand(command),
                _ => None,
            })
            .max_by_key(|newer| newer.since),
        NodeEnum::CreateTrigStmt(trigger) if trigger.replace => {
            newer("CREATE OR REPLACE TRIGGER", 14)
        }
        NodeEnum::CreateFunctionStmt(function) => of_function(function),
        NodeEnum::ReindexStmt(reindex) => reindex.params.iter().find_map(|option| {
            // CONCURRENTLY and VERBOSE are as old as 12; a list of options is not.
            match definition(option)?.defname.as_str() {
                "tablespace" => newer("REINDEX (TABLESPACE ...)", 14),
                _ => None,
            }
        }),
        NodeEnum::ClusterStmt(cluster) if !cluster.params.is_empty() => {
            let verbose = cluster
                .params
                .iter()
                .all(|option| definition(option).is_some_and(|option| option.defname == "verbose"));
            (!verbose).then_some(Newer {
                what: "CLUSTER with options",
                since: 14,
            })
        }
        NodeEnum::VacuumStmt(vacuum) => vacuum.rels.iter().find_map(|relation| {
            match &relation.node {
                Some(NodeEnum::VacuumRelation(relation))
                    if relation.relation.as_ref().is_some_and(|name| !name.inh) =>
                {
                    newer("VACUUM or ANALYZE ONLY", 18)
                }
                _ => None,
            }
        }),
        NodeEnum::AlterStatsStmt(alter) => match &alter.stxstattarget {
            None => newer("ALTER STATISTICS ... SET STATISTICS DEFAULT", 17),
            Some(_) => newer("ALTER STATISTICS ... SET STATISTICS", 13),
        },
        NodeEnum::CreateStatsStmt(statistics) if statistics.defnames.is_empty() => {
            newer("CREATE STATISTICS without a name", 16)
        }
        NodeEnum::CreateStatsStmt(statistics)
            if statistics.exprs.iter().any(|element| {
                matches!(&element.node, Some(NodeEnum::StatsElem(element)) if element.expr.is_some())
            }) =>
        {
            newer("CREATE STATISTICS on an expression", 14)
        }
        NodeEnum::DropdbStmt(drop) if !drop.options.is_empty() => {
            newer("DROP DATABASE (FORCE)", 13)
        }
        NodeEnum::AlterDatabaseRefreshCollStmt(_) => {
            newer("ALTER DATABASE ... REFRESH COLLATION VERSION", 15)
        }
        NodeEnum::MergeStmt(_) => newer("MERGE", 15),
        _ => None,
    }
}

fn of_subcommand(command: &AlterTableCmd) -> Option<Newer> {
    use AlterTableType as T;
    let definition = command.def.as_ref().and_then(|def| def.node.as_ref());
    match command.subtype() {
        T::AtSetExpression => newer("ALTER COLUMN ... SET EXPRESSION", 17),
        T::AtDropExpression => newer("ALTER COLUMN ... DROP EXPRESSION", 13),
        T::AtSetCompression => newer("ALTER COLUMN ... SET COMPRESSION", 14),
        T::AtSetAccessMethod if command.name.is_empty() => newer("SET ACCESS METHOD DEFAULT", 17),
        T::AtSetAccessMethod => newer("SET ACCESS METHOD", 15),
        T::AtDetachPartitionFinalize => newer("DETACH PARTITION ... FINALIZE", 14),
        T::AtDetachPartition => match definition {
            Some(NodeEnum::PartitionCmd(detach)) if detach.concurrent => {
                newer("DETACH PARTITION ... CONCURRENTLY", 14)
            }
            _ => None,
        },
        T::AtSetStatistics if definition.is_none() => {
            newer("ALTER COLUMN ... SET STATISTICS DEFAULT", 17)
        }
        T::AtSetStorage => match definition {
            Some(NodeEnum::String(name)) if name.sval.eq_ignore_ascii_case("default") => {
                newer("SET STORAGE DEFAULT", 16)
            }
            _ => None,
        },
        T::AtAddConstraint => match definition {
            Some(NodeEnum::Constraint(constraint))
                if constraint.contype() == ConstrType::ConstrNotnull =>
            {
                newer("ADD CONSTRAINT ... NOT NULL", 18)
            }
            _ => None,
        },
        T::AtAlterConstraint => match definition {
            Some(NodeEnum::AtalterConstraint(alter))
                if alter.alter_enforceability || alter.alter_inheritability =>
            {
                newer("ALTER CONSTRAINT ... ENFORCED or INHERIT", 18)
            }
            _ => None,
        },
        _ => None,
    }
}

fn of_node(found: NodeRef<'_>) -> Option<Newer> {
    match found {
        NodeRef::Constraint(constraint) => of_constraint(constraint),
        NodeRef::ColumnDef(column) => of_column(column),
        NodeRef::CreateStmt(create) => of_create(create),
        NodeRef::IndexStmt(index) if index.nulls_not_distinct => newer("NULLS NOT DISTINCT", 15),
        NodeRef::MergeStmt(merge) => match &merge.returning_clause {
            Some(_) => newer("MERGE ... RETURNING", 17),
            None => None,
        },
        NodeRef::ReturningClause(returning) if !returning.options.is_empty() => {
            newer("RETURNING WITH (OLD ..., NEW ...)", 18)
        }
        NodeRef::PublicationObjSpec(object) => of_publication_object(object),
        // The other SQL/JSON forms look like function calls to an older grammar, which then misses the function.
        NodeRef::JsonTable(_) => newer("JSON_TABLE", 17),
        NodeRef::JsonIsPredicate(_) => newer("IS JSON", 16),
        NodeRef::SelectStmt(select) if select.group_distinct => newer("GROUP BY DISTINCT", 14),
        NodeRef::CtesearchClause(_) | NodeRef::CtecycleClause(_) => {
            newer("SEARCH and CYCLE clauses", 14)
        }
        _ => None,
    }
}

fn of_constraint(constraint: &Constraint) -> Option<Newer> {
    match constraint.contype() {
        ConstrType::ConstrAttrEnforced | ConstrType::ConstrAttrNotEnforced => {
            return newer("ENFORCED and NOT ENFORCED", 18);
        }
        ConstrType::ConstrGenerated if constraint.generated_kind == "v" => {
            return newer("VIRTUAL generated columns", 18);
        }
        ConstrType::ConstrCheck | ConstrType::ConstrForeign if !constraint.is_enforced => {
            return newer("NOT ENFORCED", 18);
        }
        _ => {}
    }
    if constraint.without_overlaps || constraint.fk_with_period || constraint.pk_with_period {
        return newer("WITHOUT OVERLAPS and PERIOD", 18);
    }
    if constraint.nulls_not_distinct {
        return newer("NULLS NOT DISTINCT", 15);
    }
    if !constraint.fk_del_set_cols.is_empty() {
        return newer("ON DELETE SET NULL or DEFAULT with columns", 15);
    }
    None
}

fn of_column(column: &ColumnDef) -> Option<Newer> {
    if !column.storage_name.is_empty() {
        return newer("STORAGE in a column definition", 16);
    }
    if !column.compression.is_empty() {
        return newer("COMPRESSION in a column definition", 14);
    }
    None
}

fn of_create(create: &CreateStmt) -> Option<Newer> {
    let not_null = create.table_elts.iter().any(|element| {
        matches!(&element.node, Some(NodeEnum::Constraint(constraint))
            if constraint.contype() == ConstrType::ConstrNotnull)
    });
    if not_null {
        return newer("NOT NULL as a table constraint", 18);
    }
    None
}

fn of_function(function: &CreateFunctionStmt) -> Option<Newer> {
    if function.sql_body.is_some() {
        return newer("a function body of BEGIN ATOMIC or RETURN", 14);
    }
    None
}

fn of_publication_object(object: &PublicationObjSpec) -> Option<Newer> {
    match object.pubobjtype() {
        PublicationObjSpecType::PublicationobjTablesInSchema
        | PublicationObjSpecType::PublicationobjTablesInCurSchema => {
            return newer("publications FOR TABLES IN SCHEMA", 15);
        }
        _ => {}
    }
    let table = object.pubtable.as_ref()?;
    if table.where_clause.is_some() || !table.columns.is_empty() {
        return newer("publications with columns or WHERE", 15);
    }
    None
}

fn definition(node: &Node) -> Option<&DefElem> {
    match &node.node {
        Some(NodeEnum::DefElem(definition)) => Some(definition),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{of_node, of_statement};
    use crate::sql::walk;

    fn since(sql: &str) -> u8 {
        let tree = pg_query::parse(sql, 0).expect(sql);
        let node = tree.protobuf.stmts[0].stmt.as_ref().unwrap();
        let node = node.node.as_ref().unwrap();
        walk::descendants(node)
            .filter_map(of_node)
            .chain(of_statement(node))
            .map(|newer| newer.since)
            .max()
            .unwrap_or(12)
    }

    #[test]
    fn each_grammar_has_its_first_version() {
        for (sql, version) in [
            ("ALTER TABLE t ADD COLUMN x int", 12),
            ("ALTER TABLE t ALTER COLUMN g DROP EXPRESSION", 13),
            ("ALTER STATISTICS s SET STATISTICS 100", 13),
            ("DROP DATABASE d (FORCE)", 13),
            ("ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz", 14),
            ("ALTER TABLE p DETACH PARTITION a CONCURRENTLY", 14),
            ("ALTER TABLE p DETACH PARTITION a FINALIZE", 14),
            (
                "CREATE OR REPLACE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
                14,
            ),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END",
                14,
            ),
            ("REINDEX (TABLESPACE ts) TABLE t", 14),
            ("REINDEX (VERBOSE) TABLE t", 12),
            ("REINDEX TABLE CONCURRENTLY t", 12),
            (
                "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE",
                15,
            ),
            ("ALTER TABLE t SET ACCESS METHOD heap2", 15),
            ("CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT", 15),
            ("CREATE PUBLICATION p FOR TABLES IN SCHEMA public", 15),
            ("CREATE PUBLICATION p FOR TABLE t WHERE (a > 1)", 15),
            ("CREATE PUBLICATION p FOR TABLE t", 12),
            ("ALTER TABLE t ALTER COLUMN b SET STORAGE DEFAULT", 16),
            ("ALTER TABLE t ADD COLUMN b text STORAGE EXTERNAL", 16),
            ("ALTER TABLE t ALTER COLUMN g SET EXPRESSION AS (a)", 17),
            ("ALTER TABLE t SET ACCESS METHOD DEFAULT", 17),
            (
                "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE RETURNING *",
                17,
            ),
            (
                "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (a) VIRTUAL",
                18,
            ),
            (
                "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (a) STORED",
                12,
            ),
            (
                "ALTER TABLE t ADD COLUMN x int CHECK (x > 0) NOT ENFORCED",
                18,
            ),
            (
                "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED",
                18,
            ),
            ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID", 12),
            ("ALTER TABLE t ADD CONSTRAINT n NOT NULL a", 18),
            ("CREATE TABLE t (a int, CONSTRAINT n NOT NULL a)", 18),
            ("CREATE TABLE t (a int CONSTRAINT n NOT NULL)", 12),
            ("ALTER TABLE t ADD UNIQUE (a, r WITHOUT OVERLAPS)", 18),
            ("ANALYZE ONLY t", 18),
            ("ANALYZE t", 12),
            ("VACUUM t", 12),
        ] {
            assert_eq!(since(sql), version, "{sql}");
        }
    }
}
