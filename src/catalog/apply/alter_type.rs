//! ALTER COLUMN TYPE.

use pg_query::protobuf::ColumnDef;

use super::object::Object;
use super::{Outcome, Replay, refuse};
use crate::catalog::{Oid, RelationKind, Type};

impl Replay<'_> {
    /// `ATExecAlterColumnType`: every child follows.
    pub(super) fn alter_column_type(
        &mut self,
        table: Oid,
        column: &str,
        def: &ColumnDef,
        only: bool,
    ) -> Outcome {
        let new = self.bare_column(def);
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        let relation = self.get(table)?;
        let existing = relation.column(column);
        if existing.is_some_and(|column| column.inherited > 0) && relation.complete {
            return refuse(
                "42P16",
                format!("cannot alter inherited column \"{column}\""),
            );
        }
        if only && !self.child_oids(table).is_empty() {
            return refuse(
                "42P16",
                format!(
                    "type of inherited column \"{column}\" must be changed in child tables too"
                ),
            );
        }
        let key_of_child = (self.catalog.family(table).into_iter())
            .filter_map(|member| self.catalog.relation(member))
            .any(|member| self.is_partition_key(member, column));
        if key_of_child {
            return refuse(
                "42P16",
                format!(
                    "cannot alter column \"{column}\" because it is part of the partition key of relation \"{}\"",
                    relation.name.name
                ),
            );
        }
        for member in self.catalog.family(table) {
            self.refuse_type_change_of_used(member, column)?;
            self.note_type(&new.ty, member);
            let (ty, collation) = (new.ty.clone(), new.collation.clone());
            self.edit_column(member, column, |column| {
                column.ty = ty;
                column.collation = collation;
            });
        }
        self.type_of_identity_sequence(table, column, &new.ty);
        self.rebuild_not_null(table, column);
        Ok(())
    }

    /// 18: a change of type makes the NOT NULL constraint anew, and what children inherit takes its name.
    fn rebuild_not_null(&mut self, table: Oid, column: &str) {
        let top = self.catalog.relation(table);
        let constraint = top.and_then(|relation| relation.not_null_constraint(column));
        let Some(name) = constraint.map(|constraint| constraint.name.clone()) else {
            return;
        };
        for member in self.catalog.family(table) {
            let taken = self.has_constraint(member, &name);
            self.catalog.edit(member, |relation| {
                if let Some(constraint) = relation.not_null_constraint_mut(column)
                    && !constraint.local
                    && !taken
                {
                    constraint.name.clone_from(&name);
                }
            });
        }
    }

    /// An identity column's sequence takes the column's type; a serial's keeps its own.
    fn type_of_identity_sequence(&mut self, table: Oid, column: &str, ty: &Type) {
        for sequence in self.identity_sequences(table, column) {
            let ty = Some(ty.clone());
            self.catalog
                .edit(sequence, |sequence| sequence.sequence_type = ty);
        }
    }

    /// `RememberAllDependentForRebuilding`: what cannot be rebuilt forbids a change of type.
    fn refuse_type_change_of_used(&self, table: Oid, column: &str) -> Outcome {
        let object = Object::Column(table, column.to_owned());
        for (dependent, _) in self.catalog.dependents(&object, self.session.version) {
            let what = match &dependent {
                Object::Relation(_) | Object::Rule(..) => "used by a view or rule",
                Object::Policy(..) => "used in a policy definition",
                Object::Trigger(..) => "used in a trigger definition",
                Object::Function(_) => "used by a function or procedure",
                Object::PublishedTable(..) => "used by a publication WHERE clause",
                Object::Column(relation, _) if *relation == table => {
                    let sqlstate = if self.since(15) { "0A000" } else { "42601" };
                    return refuse(
                        sqlstate,
                        "cannot alter type of a column used by a generated column",
                    );
                }
                _ => continue,
            };
            // A sequence that the column owns is no reader of it.
            if let Object::Relation(oid) = dependent
                && self
                    .catalog
                    .relation(oid)
                    .is_none_or(|relation| relation.kind == RelationKind::Sequence)
            {
                continue;
            }
            return refuse("0A000", format!("cannot alter type of a column {what}"));
        }
        Ok(())
    }
}
