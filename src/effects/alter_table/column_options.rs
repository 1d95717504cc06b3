//! ALTER COLUMN ... SET STATISTICS, SET STORAGE, SET COMPRESSION: no work, but not every type takes them
//! (`ATExecSetStatistics`, `ATExecSetStorage`, `ATExecSetCompression` in src/backend/commands/tablecmds.c).

use pg_query::NodeEnum;
use pg_query::protobuf::AlterTableType;

use super::{Alteration, Command};
use crate::catalog::Column;
use crate::catalog::builtin::ReloptionKind;
use crate::effects::column_definition::{is_toastable, refused_compression, refused_storage};
use crate::effects::node;
use crate::effects::options::reloption_refusal;

impl<'a> Alteration<'_, 'a> {
    pub fn set_statistics(&mut self, command: &Command<'a>) {
        self.family(&command.span);
        let Some(target) = command.node.def.as_ref().and_then(|def| def.node.as_ref()) else {
            return;
        };
        if let NodeEnum::Integer(target) = target
            && target.ival < -1
        {
            let message = format!("statistics target {} is too low", target.ival);
            self.c.error("22023", message, command.span.clone());
        }
        if self
            .named_column(command)
            .is_some_and(|column| column.generated.as_ref().is_some_and(|it| !it.stored))
        {
            let message = format!(
                "cannot alter statistics on virtual generated column \"{}\"",
                command.node.name
            );
            self.c.error("0A000", message, command.span.clone());
        }
    }

    /// `attribute_reloptions`: two options of columns there are.
    pub fn set_options(&mut self, command: &Command<'a>) {
        let unknown = super::options::names(command.node)
            .map(|(_, name)| name)
            .find(|name| !matches!(name.as_str(), "n_distinct" | "n_distinct_inherited"));
        if let Some(name) = unknown {
            let message = format!("unrecognized parameter \"{name}\"");
            self.c.error("22023", message, command.span.clone());
            return;
        }
        let version = self.c.input.version();
        let refusal = super::options::definitions(command.node)
            .find_map(|it| reloption_refusal(ReloptionKind::Column, it, version));
        let sets = command.node.subtype() == AlterTableType::AtSetOptions;
        if let Some((sqlstate, message)) = refusal.filter(|_| sets) {
            self.c.error(sqlstate, message, command.span.clone());
        }
    }

    pub fn set_storage(&mut self, command: &Command<'a>) {
        self.family(&command.span);
        let Some(storage) = self.word(command) else {
            return;
        };
        let untoastable = self.untoastable(command, "can only have storage PLAIN");
        if let Some((sqlstate, message)) = refused_storage(storage, untoastable) {
            self.c.error(sqlstate, message, command.span.clone());
        }
    }

    pub fn set_compression(&mut self, command: &Command<'a>) {
        let Some(method) = self.word(command) else {
            return;
        };
        let untoastable = self.untoastable(command, "does not support compression");
        if let Some((sqlstate, message)) = refused_compression(method, untoastable) {
            self.c.error(sqlstate, message, command.span.clone());
        }
    }

    fn untoastable(&self, command: &Command<'a>, what: &str) -> Option<(&'static str, String)> {
        let column = self.named_column(command)?;
        let scope = self.scope(self.relation(self.root)?);
        let message = format!(
            "column data type {} {what}",
            scope.types().display(&column.ty)
        );
        (is_toastable(&column.ty, &scope) == Some(false)).then_some(("0A000", message))
    }

    fn named_column(&self, command: &Command<'a>) -> Option<&'a Column> {
        self.relation(self.root)?.column(&command.node.name)
    }

    fn word(&self, command: &Command<'a>) -> Option<&'a str> {
        command.node.def.as_deref().and_then(node::string)
    }
}
