//! CREATE STATISTICS and what becomes of it.

use std::sync::Arc;

use pg_query::protobuf::CreateStatsStmt;
use pg_query::{Node, NodeEnum};

use super::{Outcome, Replay, refuse};
use crate::catalog::expression::reads_column;
use crate::catalog::query::{Reader, ReaderScope};
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
        let elements = || {
            stmt.exprs.iter().filter_map(|node| match &node.node {
                Some(NodeEnum::StatsElem(element)) => Some(element),
                _ => None,
            })
        };
        // `transformStatsStmt` comes before `CreateStatistics`.
        let mut expressions = Vec::new();
        for expression in elements().filter_map(|element| element.expr.as_deref()) {
            self.known_columns(expression, table)?;
            expressions.push(self.stored(expression, table));
        }
        self.can_have_statistics(table)?;
        let columns: Vec<String> = elements()
            .filter(|element| element.expr.is_none())
            .map(|element| element.name.clone())
            .collect();
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
        for column in &columns {
            self.require_column(table, column)?;
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

    fn known_columns(&self, expression: &Node, table: Oid) -> Outcome {
        let mut reader = Reader::new(self.catalog, &self.session.settings);
        reader.expression(expression, &[ReaderScope::of_relation(self.catalog, table)]);
        match reader.finish().unknown_columns.first() {
            Some(name) if self.get(table)?.complete => {
                refuse("42703", format!("column \"{name}\" does not exist"))
            }
            _ => Ok(()),
        }
    }

    fn can_have_statistics(&self, table: Oid) -> Outcome {
        let relation = self.get(table)?;
        match relation.kind {
            RelationKind::View | RelationKind::Sequence | RelationKind::CompositeType => {
                let name = &relation.name.name;
                refuse(
                    "42809",
                    format!("cannot define statistics for relation \"{name}\""),
                )
            }
            RelationKind::Table
            | RelationKind::PartitionedTable
            | RelationKind::MaterializedView
            | RelationKind::ForeignTable => Ok(()),
        }
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

    /// Refuses the name of statistics that are not there.
    pub(super) fn require_statistics(&self, parts: &[&str]) -> Outcome {
        let Some((schema, name)) = split_name(parts) else {
            return Ok(());
        };
        match self.find_statistics(schema, name) {
            Some(_) => Ok(()),
            None => self.missing(schema, || {
                (
                    "42704",
                    format!("statistics object \"{name}\" does not exist"),
                )
            }),
        }
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
