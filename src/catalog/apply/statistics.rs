//! CREATE STATISTICS and what becomes of it.

use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::CreateStatsStmt;

use super::{Outcome, Replay, refuse};
use crate::catalog::expression::reads_column;
use crate::catalog::resolve::{split_name, strings};
use crate::catalog::{Catalog, Oid, QualifiedName, RelationKind, Statistics};

impl Replay<'_> {
    pub(super) fn create_statistics(&mut self, stmt: &CreateStatsStmt) -> Outcome {
        let Some(NodeEnum::RangeVar(range_var)) =
            stmt.relations.first().and_then(|node| node.node.as_ref())
        else {
            return Ok(());
        };
        let table = self.relation(range_var, RelationKind::Table)?;
        let mut columns = Vec::new();
        let mut expressions = Vec::new();
        for element in &stmt.exprs {
            let Some(NodeEnum::StatsElem(element)) = &element.node else {
                continue;
            };
            match &element.expr {
                Some(expression) => expressions.push(self.stored(expression, table)),
                None => {
                    self.require_column(table, &element.name)?;
                    columns.push(element.name.clone());
                }
            }
        }
        let parts = strings(&stmt.defnames);
        let name = match split_name(&parts) {
            Some((schema, name)) => self.new_name(schema, name)?,
            None => self.statistics_name(table, &columns, expressions.len())?,
        };
        if self.catalog.statistics.contains_key(&name) {
            if stmt.if_not_exists {
                return Ok(());
            }
            return refuse(
                "42710",
                format!("statistics object \"{}\" already exists", name.name),
            );
        }
        self.catalog.statistics.insert(
            Arc::new(name),
            Statistics {
                table,
                columns,
                expressions,
            },
        );
        Ok(())
    }

    /// `ChooseExtendedStatisticName` in src/backend/commands/statscmds.c.
    fn statistics_name(
        &self,
        table: Oid,
        columns: &[String],
        expressions: usize,
    ) -> Outcome<QualifiedName> {
        let table = &self.get(table)?.name;
        let names: Vec<String> = columns
            .iter()
            .cloned()
            .chain(std::iter::repeat_n("expr".to_owned(), expressions))
            .collect();
        let addition = crate::catalog::choose_name::index_name_addition(&names);
        let mut number = 0;
        loop {
            let label = if number == 0 {
                "stat".to_owned()
            } else {
                format!("stat{number}")
            };
            let name =
                crate::catalog::choose_name::make_object_name(&table.name, Some(&addition), &label);
            let name = QualifiedName::new(table.schema.clone(), name);
            if !self.catalog.statistics.contains_key(&name) {
                return Ok(name);
            }
            number += 1;
        }
    }

    pub(super) fn find_statistics(
        &self,
        schema: Option<&str>,
        name: &str,
    ) -> Option<QualifiedName> {
        self.catalog.search(schema, self.search_path(), |schema| {
            let name = QualifiedName::new(schema, name);
            self.catalog.statistics.contains_key(&name).then_some(name)
        })
    }

    /// LIKE ... INCLUDING STATISTICS.
    pub(super) fn copy_statistics(&mut self, from: Oid, to: Oid) {
        let copies: Vec<Statistics> = self
            .catalog
            .statistics
            .values()
            .filter(|statistics| statistics.table == from)
            .cloned()
            .collect();
        for copy in copies {
            let name = self.statistics_name(to, &copy.columns, copy.expressions.len());
            if let Ok(name) = name {
                self.catalog
                    .statistics
                    .insert(Arc::new(name), Statistics { table: to, ..copy });
            }
        }
    }
}

impl Catalog {
    pub(super) fn rename_statistics(&mut self, old: &QualifiedName, new: QualifiedName) {
        if let Some(statistics) = self.statistics.remove(old) {
            self.statistics.insert(Arc::new(new), statistics);
        }
    }

    pub(super) fn rename_statistics_column(&mut self, table: Oid, old: &str, new: &str) {
        let concerned: Vec<Arc<QualifiedName>> = self
            .statistics
            .iter()
            .filter(|(_, statistics)| statistics.table == table && statistics.reads(old))
            .map(|(name, _)| name.clone())
            .collect();
        for name in concerned {
            let Some(statistics) = self.statistics.get_mut(&name) else {
                continue;
            };
            for column in statistics
                .columns
                .iter_mut()
                .filter(|column| *column == old)
            {
                new.clone_into(column);
            }
            for expression in &mut statistics.expressions {
                crate::catalog::expression::rename_column(expression, old, new);
            }
        }
    }
}

impl Statistics {
    /// Whether it covers this column, by itself or in an expression.
    pub fn reads(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
            || self
                .expressions
                .iter()
                .any(|expression| reads_column(expression, column))
    }
}
