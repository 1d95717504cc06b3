//! Subcommands that what is known would refuse, where that may have changed since: the worst that each of them does.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, ColumnDef, ConstrType, Constraint};

use super::{Alteration, Command};
use crate::effects::{ConstraintNoun, Reason};

impl<'a> Alteration<'_, 'a> {
    pub fn guess(&mut self, command: &Command<'a>) {
        use AlterTableType as T;
        let definition = command.node.def.as_ref().and_then(|def| def.node.as_ref());
        match (command.node.subtype(), definition) {
            (T::AtAddColumn, Some(NodeEnum::ColumnDef(column))) => {
                self.guess_column(column, command);
            }
            (T::AtAddConstraint | T::AtAddIndexConstraint, Some(NodeEnum::Constraint(added))) => {
                self.guess_constraint(added, command);
            }
            (T::AtAlterColumnType | T::AtSetExpression, _) => {
                let reason = Reason::TypeChange {
                    column: command.node.name.clone(),
                    from: "an unknown type".to_owned(),
                    to: self.new_type_text(self.root, command),
                };
                self.phase3.rewrite(self.root, reason, &command.span);
            }
            (T::AtValidateConstraint, _) => {
                let reason = Reason::ValidateConstraint {
                    name: command.node.name.clone(),
                };
                self.phase3.scan(self.root, reason, &command.span);
            }
            _ => {}
        }
    }

    /// A default may be volatile, a generated column is computed for every row.
    fn guess_column(&mut self, column: &ColumnDef, command: &Command<'a>) {
        let computed = column.constraints.iter().any(|node| match &node.node {
            Some(NodeEnum::Constraint(constraint)) => matches!(
                constraint.contype(),
                ConstrType::ConstrDefault
                    | ConstrType::ConstrGenerated
                    | ConstrType::ConstrIdentity
            ),
            _ => false,
        });
        if computed {
            let reason = Reason::VolatileDefault {
                column: column.colname.clone(),
                expression: "the expression".to_owned(),
            };
            self.phase3.rewrite(self.root, reason, &command.span);
        }
    }

    fn guess_constraint(&mut self, added: &Constraint, command: &Command<'a>) {
        let noun = match added.contype() {
            ConstrType::ConstrPrimary => ConstraintNoun::PrimaryKey,
            ConstrType::ConstrUnique => ConstraintNoun::Unique,
            ConstrType::ConstrExclusion => ConstraintNoun::Exclusion,
            _ => return,
        };
        let name = match added.conname.as_str() {
            "" => "(unnamed)".to_owned(),
            name => name.to_owned(),
        };
        let reason = Reason::AddConstraint {
            constraint: noun,
            name: name.clone(),
            column: None,
        };
        let builds = added.indexname.is_empty();
        // The columns of a primary key may be nullable.
        if builds || noun == ConstraintNoun::PrimaryKey {
            self.phase3.scan(self.root, reason.clone(), &command.span);
        }
        if builds {
            self.c
                .index_build_named(self.root, name, reason, command.span.clone());
        }
    }
}
