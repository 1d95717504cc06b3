//! CREATE VIEW, CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW and REFRESH.

use std::sync::Arc;

use pg_query::protobuf::{
    CreateTableAsStmt, ExplainStmt, IntoClause, ObjectType, OnCommitAction, RefreshMatViewStmt,
    SelectStmt, ViewStmt,
};
use pg_query::{Node, NodeEnum};

use super::create_table::{persistence, refuse_duplicate_columns};
use super::spec::{given, name_list, option_bool, options};
use super::{Outcome, Replay, refuse};
use crate::catalog::query::{OutputColumn, Reader, Reading};
use crate::catalog::resolve::range_var_name;
use crate::catalog::{
    Birth, Column, Dependency, Oid, PG_TEMP, Persistence, QualifiedName, Relation, RelationKind,
};

impl Replay<'_> {
    pub(super) fn create_view(&mut self, stmt: &ViewStmt) -> Outcome {
        let (Some(range_var), Some(query)) = (&stmt.view, stmt.query.as_deref()) else {
            return Ok(());
        };
        let mut name = self.new_relation_name(range_var)?;
        let reading = self.read_query(query)?;
        let mut persistence = persistence(range_var, &name);
        // A view that reads something temporary is temporary itself.
        if range_var.schemaname.is_empty() && self.reads_temporary(&reading.reads) {
            name = QualifiedName::new(PG_TEMP, name.name);
            persistence = Persistence::Temporary;
        }
        let columns = view_columns(&reading, &name_list(&stmt.aliases));
        refuse_duplicate_columns(&columns)?;
        let existing = self.catalog.relation_oid(&name).filter(|_| stmt.replace);
        let oid = match existing {
            Some(oid) => {
                self.refuse_other_columns(oid, &columns, reading.complete)?;
                oid
            }
            None => {
                self.make_room(&name)?;
                self.refuse_type_of_same_name(&name)?;
                let oid = self.catalog.new_oid();
                let view = Relation::new(oid, name, RelationKind::View, self.birth());
                self.insert_table(view, Vec::new());
                oid
            }
        };
        let columns = self.stored_columns(columns, oid);
        let query_node = query.node.clone().map(Arc::new);
        self.catalog.edit(oid, |view| {
            view.persistence = persistence;
            view.columns = columns.into_iter().collect();
            view.complete = reading.complete;
            view.reads = reading.reads;
            view.query = query_node;
            view.options = options(&stmt.options);
        });
        self.note_uses(query, oid);
        Ok(())
    }

    /// CREATE OR REPLACE VIEW may only add columns at the end (`checkViewColumns` in
    /// src/backend/commands/view.c).
    fn refuse_other_columns(&self, view: Oid, new: &[Column], complete: bool) -> Outcome {
        let Some(relation) = self.catalog.relation(view) else {
            return refuse("42809", format!("\"{}\" is not a view", self.name(view)));
        };
        if relation.kind != RelationKind::View {
            if !relation.complete {
                return Ok(());
            }
            return refuse("42809", format!("\"{}\" is not a view", relation.name.name));
        }
        if !relation.complete || !complete {
            return Ok(());
        }
        if new.len() < relation.columns.len() {
            return refuse("42P16", "cannot drop columns from view");
        }
        for (old, new) in relation.columns.iter().zip(new) {
            if old.name != new.name {
                return refuse(
                    "42P16",
                    format!(
                        "cannot change name of view column \"{}\" to \"{}\"",
                        old.name, new.name
                    ),
                );
            }
        }
        Ok(())
    }

    /// Reads a query; relations that nobody created are refused or become stubs.
    pub(super) fn read_query(&mut self, query: &Node) -> Outcome<Reading> {
        let reading = self.reading(query);
        if reading.missing.is_empty() {
            return Ok(reading);
        }
        for (schema, name) in &reading.missing {
            let known = self
                .catalog
                .lookup(schema.as_deref(), name, self.search_path())
                .is_some();
            if !known {
                self.missing_relation(schema.as_deref(), name, RelationKind::Table)?;
            }
        }
        Ok(self.reading(query))
    }

    fn reading(&self, query: &Node) -> Reading {
        let mut reader = Reader::new(self.catalog, &self.session.settings);
        reader.statement(query, &[]);
        reader.finish()
    }

    fn reads_temporary(&self, reads: &[Dependency]) -> bool {
        reads.iter().any(|read| {
            self.catalog
                .relation(read.relation)
                .is_some_and(|relation| relation.persistence == Persistence::Temporary)
        })
    }

    fn stored_columns(&mut self, columns: Vec<Column>, relation: Oid) -> Vec<Column> {
        columns
            .into_iter()
            .map(|column| self.stored_column(column, relation))
            .collect()
    }

    pub(super) fn create_table_as(&mut self, stmt: &CreateTableAsStmt) -> Outcome {
        let (Some(into), Some(query)) = (&stmt.into, stmt.query.as_deref()) else {
            return Ok(());
        };
        let kind = match stmt.objtype() {
            ObjectType::ObjectMatview => RelationKind::MaterializedView,
            _ => RelationKind::Table,
        };
        self.create_from_query(into, query, kind, stmt.if_not_exists)
    }

    /// SELECT ... INTO; the clause stands in the first arm of a UNION.
    pub(super) fn select(&mut self, select: &SelectStmt) -> Outcome {
        let mut first = select;
        while let Some(left) = &first.larg {
            first = left;
        }
        let whole = Node {
            node: Some(NodeEnum::SelectStmt(Box::new(select.clone()))),
        };
        match &first.into_clause {
            Some(into) => self.create_from_query(into, &whole, RelationKind::Table, false),
            None => {
                self.read_query(&whole)?;
                self.written_by_ctes(Some(&whole))
            }
        }
    }

    pub(super) fn explain(&mut self, stmt: &ExplainStmt) -> Outcome {
        let analyzes = stmt.options.iter().any(|option| {
            matches!(&option.node, Some(NodeEnum::DefElem(option))
                if option.defname == "analyze" && option_bool(option))
        });
        match stmt.query.as_ref().and_then(|query| query.node.as_ref()) {
            Some(query) if analyzes => self.statement(query),
            _ => Ok(()),
        }
    }

    fn create_from_query(
        &mut self,
        into: &IntoClause,
        query: &Node,
        kind: RelationKind,
        if_not_exists: bool,
    ) -> Outcome {
        let Some(range_var) = &into.rel else {
            return Ok(());
        };
        let name = self.new_relation_name(range_var)?;
        if if_not_exists && self.catalog.relation_oid(&name).is_some() {
            return Ok(());
        }
        self.make_room(&name)?;
        self.refuse_type_of_same_name(&name)?;
        let reading = self.read_query(query)?;
        let columns = view_columns(&reading, &name_list(&into.col_names));
        refuse_duplicate_columns(&columns)?;
        let oid = self.catalog.new_oid();
        let birth = self.birth_of_new(if_not_exists);
        let mut relation = Relation::new(oid, name.clone(), kind, birth);
        relation.persistence = persistence(range_var, &name);
        relation.drop_on_commit = into.on_commit() == OnCommitAction::OncommitDrop;
        relation.options = options(&into.options);
        relation.tablespace = given(&into.table_space_name);
        relation.access_method = given(&into.access_method);
        relation.filled = !into.skip_data || birth == Birth::BEFORE;
        relation.complete = reading.complete && birth != Birth::BEFORE;
        if kind == RelationKind::MaterializedView {
            relation.populated = !into.skip_data;
            relation.query = query.node.clone().map(Arc::new);
            relation.reads = reading.reads;
        }
        self.insert_table(relation, columns);
        if kind == RelationKind::MaterializedView {
            self.note_uses(query, oid);
        }
        Ok(())
    }

    pub(super) fn refresh(&mut self, stmt: &RefreshMatViewStmt) -> Outcome {
        let Some(range_var) = &stmt.relation else {
            return Ok(());
        };
        let (schema, name) = range_var_name(range_var);
        let view = self.relation(range_var, RelationKind::MaterializedView)?;
        let relation = self.get(view)?;
        if relation.kind != RelationKind::MaterializedView && relation.complete {
            let full = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
            // `RangeVarCallbackMaintainsTable` lets tables through, `ExecRefreshMatView` does not.
            return match relation.kind {
                RelationKind::Table | RelationKind::PartitionedTable => {
                    refuse("0A000", format!("\"{full}\" is not a materialized view"))
                }
                _ => refuse(
                    "42809",
                    format!("\"{full}\" is not a table or materialized view"),
                ),
            };
        }
        let populated = !stmt.skip_data;
        self.catalog.edit(view, |relation| {
            relation.populated = populated;
            relation.filled |= populated;
        });
        Ok(())
    }
}

/// The columns of a query under the names that were given for them.
fn view_columns(reading: &Reading, names: &[String]) -> Vec<Column> {
    let given = names.iter().map(Some).chain(std::iter::repeat(None));
    let mut columns: Vec<Column> = reading
        .columns
        .iter()
        .zip(given)
        .map(|(column, name)| output_column(column, name))
        .collect();
    for name in names.iter().skip(columns.len()) {
        let unknown = OutputColumn {
            name: name.clone(),
            ty: crate::catalog::Type::unknown(""),
        };
        columns.push(output_column(&unknown, None));
    }
    columns
}

fn output_column(column: &OutputColumn, name: Option<&String>) -> Column {
    Column::plain(name.unwrap_or(&column.name).clone(), column.ty.clone())
}
